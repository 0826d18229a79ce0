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

    def allows(self, db: Db, contacts: Iterable[UUID], channel: str, purpose: str) -> bool:
        """Whether a person with these ids allows it: granted under one of them and withdrawn under none (C7)."""
        where = "contact_id = ANY(%s) AND channel = %s AND purpose = %s"
        found = self.select(db, where, (list(contacts), channel, purpose))
        return bool(found) and all(each.granted for each in found)


def decide(_: Permission | None, e: Recorded[ConsentGranted | ConsentWithdrawn]) -> Permission:
    f = e.fact
    return Permission(e.stream, f.contact, f.channel, f.purpose, isinstance(f, ConsentGranted), e.occurred_at)
