"""What a person allows under all ids together: the most restrictive word wins (C7)."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from crm.chassis.people.permissions import Permission, verdict_of
from crm.chassis.projection import Db
from crm.contacts.views import permissions


@dataclass(frozen=True)
class Standing:
    """What counts for one channel and purpose. `sources`: the ids under which something was said."""

    channel: str
    purpose: str
    granted: bool
    sources: tuple[UUID, ...]


def standing_of(db: Db, ids: Iterable[UUID]) -> list[Standing]:
    """By channel and purpose, what somebody with these ids will allow once they are one person's."""
    every = list(ids)
    said = permissions.select(db, "contact_id = ANY(%s)", (every,), order_by=("channel", "purpose", "since"))
    asked = dict.fromkeys((each.channel, each.purpose) for each in said if each.objection is None)
    return [_standing(said, every, channel, purpose) for channel, purpose in asked]


def _standing(said: list[Permission], ids: list[UUID], channel: str, purpose: str) -> Standing:
    sources = {each.contact_id for each in said if (each.channel, each.purpose) == (channel, purpose)}
    granted = verdict_of(said, ids, channel, purpose, None).allows
    return Standing(channel, purpose, granted, tuple(sorted(sources)))
