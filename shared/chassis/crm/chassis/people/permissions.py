"""What contacts allow, as other services need to know it: the last word per channel, purpose and address."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from crm.chassis.people.verdict import Objection, Standing, Verdict, most_restrictive, verdict
from crm.chassis.projection import Subject, View
from crm.chassis.projection.query import Db
from crm.events import Personal, Recorded
from crm.events.consents import (
    CallsAccepted,
    CallsRefused,
    ConsentExpired,
    ConsentGranted,
    ConsentRequested,
    ConsentRequestExpired,
    ConsentWithdrawn,
    ObjectionFact,
    ProcessingRestricted,
    RestrictionLifted,
)


@dataclass(frozen=True)
class Permission:
    """What a contact said last about one purpose on one channel, perhaps for one address; or an objection.

    An objection in force is a withdrawal of everything it is about. Times are UTC.
    """

    consent: UUID
    contact_id: Subject
    channel: str
    purpose: str
    granted: bool
    since: datetime
    standing: Standing = "unknown"
    objection: Objection | None = None
    for_address: bool = False
    address: Personal[str | None] = None
    legal_basis: str = "consent"
    wording_version: str | None = None
    language: str | None = None
    expires_at: datetime | None = None
    pending_until: datetime | None = None


class Permissions(View[Permission]):
    """What contacts allow. No row: they were never asked, so they do not."""

    def __init__(self) -> None:
        indexes = ("contact_id, channel, purpose",)
        super().__init__("permissions", Permission, key="consent", version=2, indexes=indexes)
        self.on(ConsentRequested)(ask)
        self.on(ConsentRequestExpired)(give_up)
        self.on(ConsentGranted)(allow)
        self.on(ConsentWithdrawn)(forbid)
        self.on(ConsentExpired)(run_out)
        self.on(CallsRefused, CallsAccepted, ProcessingRestricted, RestrictionLifted)(object_to)

    def allows(
        self,
        db: Db,
        contacts: Iterable[UUID],
        channel: str,
        purpose: str,
        address: str | None = None,
        *,
        joined_at: datetime | None = None,
        at: datetime | None = None,
    ) -> bool:
        """Whether a person with these ids allows it (C7), for one address or the channel as such; `at` is UTC, or now.

        `joined_at`: since when the ids are known to be one person's. Objections are honoured. What stands for one
        address only does not allow the channel as such.
        """
        ids = list(contacts)
        said = self.said(db, ids, channel, purpose)
        return verdict_of(said, ids, channel, purpose, address, joined_at=joined_at, at=at).allows

    def said(self, db: Db, contacts: Iterable[UUID], channel: str, purpose: str) -> list[Permission]:
        """All that ids said about a channel and purpose, and their objections."""
        where = "contact_id = ANY(%s) AND (objection IS NOT NULL OR channel = %s AND purpose = %s)"
        return self.select(db, where, (list(contacts), channel, purpose))


def verdict_of(
    said: Iterable[Permission],
    contacts: Iterable[UUID],
    channel: str,
    purpose: str,
    address: str | None,
    *,
    joined_at: datetime | None = None,
    at: datetime | None = None,
) -> Verdict:
    """What counts for a person with these ids, by what they said: each id's own verdict, then the most restrictive."""
    said, moment = list(said), at or datetime.now(UTC)
    each_id = ([word for word in said if word.contact_id == contact] for contact in contacts)
    return most_restrictive((verdict(words, channel, purpose, address, moment) for words in each_id), joined_at)


def _opened(
    permission: Permission | None, e: Recorded[ConsentRequested | ConsentGranted | ConsentWithdrawn]
) -> Permission:
    f = e.fact
    if permission is not None:
        return permission
    for_address = f.scope == "address"
    address = f.address if for_address else None
    return Permission(
        e.stream, f.contact, f.channel, f.purpose, False, e.occurred_at, for_address=for_address, address=address
    )


def ask(permission: Permission | None, e: Recorded[ConsentRequested]) -> Permission:
    """What was said before still counts."""
    return replace(_opened(permission, e), pending_until=e.fact.expires_at)


def give_up(permission: Permission, e: Recorded[ConsentRequestExpired]) -> Permission:
    return replace(permission, pending_until=None)


def allow(permission: Permission | None, e: Recorded[ConsentGranted]) -> Permission:
    return replace(
        _opened(permission, e),
        granted=True,
        standing="granted",
        since=e.occurred_at,
        legal_basis=e.fact.legal_basis,
        wording_version=e.fact.wording_version,
        language=e.fact.language,
        expires_at=e.fact.expires_at,
        pending_until=None,
    )


def forbid(permission: Permission | None, e: Recorded[ConsentWithdrawn]) -> Permission:
    return replace(
        _opened(permission, e),
        granted=False,
        standing="withdrawn",
        since=e.occurred_at,
        wording_version=e.fact.wording_version,
        expires_at=None,
        pending_until=None,
    )


def run_out(permission: Permission, e: Recorded[ConsentExpired]) -> Permission:
    return replace(permission, granted=False, standing="expired", since=e.occurred_at, expires_at=None)


def object_to(_: Permission | None, e: Recorded[ObjectionFact]) -> Permission:
    """An objection, or that it was taken back."""
    calls = isinstance(e.fact, CallsRefused | CallsAccepted)
    objection: Objection = "do_not_call" if calls else "do_not_process"
    in_force = isinstance(e.fact, CallsRefused | ProcessingRestricted)
    standing: Standing = "withdrawn" if in_force else "unknown"
    return Permission(e.stream, e.fact.contact, "", "", False, e.occurred_at, standing, objection)
