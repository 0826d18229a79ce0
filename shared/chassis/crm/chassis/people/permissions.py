"""What contacts allow, as other services need to know it: the last word per channel and purpose."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.projection import View
from crm.chassis.projection.query import Db
from crm.events import Recorded
from crm.events.consents import ConsentGranted, ConsentWithdrawn


@dataclass(frozen=True)
class Permission:
    """What a contact said last about one purpose on one channel."""

    consent: UUID
    contact_id: UUID
    channel: str
    purpose: str
    granted: bool
    since: datetime


class Permissions(View[Permission]):
    """What contacts allow. No row: they were never asked, so they do not."""

    def __init__(self) -> None:
        super().__init__("permissions", Permission, key="consent", indexes=("contact_id, channel, purpose",))
        self.on(ConsentGranted, ConsentWithdrawn)(decide)

    def allows(
        self, db: Db, contacts: Iterable[UUID], channel: str, purpose: str, *, joined_at: datetime | None = None
    ) -> bool:
        """Whether a person with these ids allows it (C7). `joined_at`: since when they are known to be one person."""
        where = "contact_id = ANY(%s) AND channel = %s AND purpose = %s"
        found = self.select(db, where, (list(contacts), channel, purpose))
        return consented_at(found, joined_at) is not None


def consented_at(said: Iterable[Permission], joined_at: datetime | None = None) -> datetime | None:
    """When a person last allowed something, by what they said of it under each id; None if they do not allow it (C7).

    The most restrictive word wins: one withdrawal outweighs what was granted under other ids, except what was granted
    later than it and after the ids were known to be one person's: by then they meant all of them.
    """
    said = list(said)
    granted = max((each.since for each in said if each.granted), default=None)
    withdrawn = max((each.since for each in said if not each.granted), default=None)
    if granted is None or withdrawn is None:
        return granted
    return granted if joined_at is not None and granted > max(withdrawn, joined_at) else None


def decide(_: Permission | None, e: Recorded[ConsentGranted | ConsentWithdrawn]) -> Permission:
    f = e.fact
    return Permission(e.stream, f.contact, f.channel, f.purpose, isinstance(f, ConsentGranted), e.occurred_at)
