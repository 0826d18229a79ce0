"""How far an erasure has come: what was decided here, and which services have forgotten the person (C13, E15)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.chassis.projection import Db
from crm.contacts.erasure import erasure_stream
from crm.contacts.history import history
from crm.contacts.lookup import find_erased
from crm.events import catalogue
from crm.events.contacts import ContactErased, ErasureRequested
from crm.events.fact import service_of

ACKNOWLEDGED = {service_of(each): each for each in catalogue.BY_TYPE if each.endswith(".erasure-acknowledged.v1")}
"""By service, the type of its fact that says it holds nothing of a person any more."""


@dataclass(frozen=True)
class ErasureReport:
    """Times are UTC; None where it has not happened yet. `acknowledged` tells when each service was done."""

    contact_id: UUID
    requested_at: datetime
    erased_at: datetime
    keys_destroyed_at: datetime | None
    acknowledged: dict[str, datetime]
    waiting_for: tuple[str, ...]
    version: int
    token: str

    @property
    def complete(self) -> bool:
        return self.keys_destroyed_at is not None and not self.waiting_for


def report(log: EventLog, db: Db, contact_id: UUID) -> ErasureReport:
    """The erasure of a person under all of their ids. Raises `Unknown` if nobody asked for it."""
    found = find_erased(log, contact_id)
    if not found.contact.erased:
        raise Unknown("Nobody has asked to erase this contact.")
    at = {type(each.fact): each.recorded_at for each in log.stream(found.contact_id)}
    ids = (found.contact_id, *found.contact.aliases)
    acknowledged = _acknowledged(db, ids)
    return ErasureReport(
        contact_id=found.contact_id,
        requested_at=at[ErasureRequested],
        erased_at=at[ContactErased],
        keys_destroyed_at=_keys_destroyed_at(log, ids),
        acknowledged=acknowledged,
        waiting_for=tuple(each for each in ACKNOWLEDGED if each not in acknowledged),
        version=found.version,
        token=found.token,
    )


def unfinished(log: EventLog, db: Db, contact_id: UUID) -> str | None:
    """What keeps the erasure of a person from being complete, in a sentence; None if nothing does."""
    if not find_erased(log, contact_id).contact.erased:
        return "This person is not erased yet. Erase the contact first."
    found = report(log, db, contact_id)
    if found.complete:
        return None
    missing = ", ".join(found.waiting_for) or "the destruction of keys"
    return f"The erasure is still under way: waiting for {missing}."


def _keys_destroyed_at(log: EventLog, ids: tuple[UUID, ...]) -> datetime | None:
    moments = [each.recorded_at for contact in ids for each in log.stream(erasure_stream(contact))]
    return max(moments) if len(moments) == len(ids) else None


def _acknowledged(db: Db, ids: tuple[UUID, ...]) -> dict[str, datetime]:
    where = "contact_id = ANY(%s) AND type = ANY(%s)"
    rows = history.select(db, where, (list(ids), list(ACKNOWLEDGED.values())), order_by="recorded_at")
    heard = {(each.service, each.contact_id): each.recorded_at for each in rows}
    return {
        service: max(heard[service, contact] for contact in ids)
        for service in ACKNOWLEDGED
        if all((service, contact) in heard for contact in ids)
    }
