"""What a person allows under all ids together: the most restrictive word wins (C7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from crm.chassis.people.permissions import Permission, verdict_of
from crm.chassis.projection import Db
from crm.contacts.views import permissions


@dataclass(frozen=True)
class Standing:
    """What counts for a channel and purpose, for one `address` or (null) for the channel as such.

    `sources`: the ids under which something was said of it.
    """

    channel: str
    purpose: str
    address: str | None
    granted: bool
    sources: tuple[UUID, ...]


def standing_of(db: Db, ids: Iterable[UUID]) -> list[Standing]:
    """By channel, purpose and address, what somebody with these ids will allow once they are one person's."""
    every = list(ids)
    said = permissions.select(db, "contact_id = ANY(%s)", (every,), order_by=("channel", "purpose", "since"))
    words = [each for each in said if each.objection is None]
    asked = dict.fromkeys((each.channel, each.purpose, each.address) for each in words)
    return [_standing(said, every, *each) for each in asked]


def _standing(
    said: Sequence[Permission], ids: Sequence[UUID], channel: str, purpose: str, address: str | None
) -> Standing:
    about = (channel, purpose, address)
    sources = {each.contact_id for each in said if (each.channel, each.purpose, each.address) == about}
    granted = verdict_of(said, ids, channel, purpose, address).allows
    return Standing(channel, purpose, address, granted, tuple(sorted(sources)))
