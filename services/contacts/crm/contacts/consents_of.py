"""What a person allows under all ids together: the most restrictive word wins (C7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from crm.chassis.people.permissions import Permission, consented_at
from crm.chassis.projection import Db
from crm.contacts.views import permissions


@dataclass(frozen=True)
class Standing:
    """What counts for one channel and purpose. `sources`: the ids under which something was said."""

    channel: str
    purpose: str
    granted: bool
    sources: tuple[UUID, ...]


def standing_of(db: Db, ids: Iterable[UUID], joined_at: datetime | None = None) -> list[Standing]:
    """By channel and purpose, what a person with these ids allows; `joined_at`: since when they are one person."""
    said = permissions.select(db, "contact_id = ANY(%s)", (list(ids),), order_by=("channel", "purpose", "since"))
    return [
        standing(channel, purpose, list(each), joined_at)
        for (channel, purpose), each in groupby(said, key=lambda one: (one.channel, one.purpose))
    ]


def standing(channel: str, purpose: str, said: list[Permission], joined_at: datetime | None) -> Standing:
    sources = tuple(sorted({each.contact_id for each in said}))
    return Standing(channel, purpose, consented_at(said, joined_at) is not None, sources)
