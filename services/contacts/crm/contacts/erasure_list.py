"""How far the erasure of every id has come, as the services told: who has forgotten, what is kept. Nothing personal."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.projection import Db, Page, PageRequest, View
from crm.events import Recorded, catalogue
from crm.events.contacts import ContactErased, ErasureRequested, SubjectKeyDestroyed
from crm.events.fact import service_of
from crm.events.holds import ValuesHeld
from crm.events.identifiers import IdentifierTombstoned

ACKNOWLEDGED = {service_of(each): each for each in catalogue.BY_TYPE if each.endswith(".erasure-acknowledged.v1")}
"""By service, the type of its fact that says it holds nothing of a person any more."""


@dataclass(frozen=True)
class ErasureRow:
    """The erasure of one id. Times are UTC; None where it has not happened yet."""

    contact_id: UUID
    requested_at: datetime | None = None
    erased_at: datetime | None = None
    key_destroyed_at: datetime | None = None
    acknowledged: dict[str, datetime] = field(default_factory=dict)
    """When each service had forgotten them."""
    tombstones: dict[str, int] = field(default_factory=dict)
    """How many claims of each kind of identifier are remembered as erased, one per live claim key."""
    held: tuple[UUID, ...] = ()
    """The keys of what legal holds kept."""
    freed: tuple[UUID, ...] = ()
    """Those of them that are destroyed."""
    complete: bool = False

    @property
    def waiting_for(self) -> tuple[str, ...]:
        """The services that have not acknowledged it."""
        return tuple(each for each in ACKNOWLEDGED if each not in self.acknowledged)


erasure_list = View("erasure_list", ErasureRow, key="contact_id", indexes=("complete, erased_at, contact_id",))


def _with(row: ErasureRow | None, contact: UUID, **changes: Any) -> ErasureRow:
    """The row with changes: facts of several streams and services, which come in any order."""
    found = replace(row or ErasureRow(contact), **changes)
    done = found.erased_at is not None and found.key_destroyed_at is not None and not found.waiting_for
    return replace(found, complete=done and set(found.held) <= set(found.freed))


@erasure_list.on(ErasureRequested)
def ask(row: ErasureRow | None, e: Recorded[ErasureRequested]) -> ErasureRow:
    return _with(row, e.stream, requested_at=e.recorded_at)


@erasure_list.on(ContactErased)
def erase(row: ErasureRow | None, e: Recorded[ContactErased]) -> ErasureRow:
    return _with(row, e.stream, erased_at=e.recorded_at)


@erasure_list.on(SubjectKeyDestroyed, keys=lambda e: e.fact.contact)
def destroy(row: ErasureRow | None, e: Recorded[SubjectKeyDestroyed]) -> ErasureRow:
    contact, key = e.fact.contact, e.fact.key_id
    if key == contact:
        return _with(row, contact, key_destroyed_at=e.recorded_at)
    return _with(row, contact, freed=tuple(sorted({*(row.freed if row else ()), key})))


@erasure_list.on(ValuesHeld, keys=lambda e: e.fact.contact)
def hold(row: ErasureRow | None, e: Recorded[ValuesHeld]) -> ErasureRow:
    return _with(row, e.fact.contact, held=tuple(sorted({*(row.held if row else ()), e.stream})))


@erasure_list.on(IdentifierTombstoned, keys=lambda e: e.fact.holder)
def bury(row: ErasureRow | None, e: Recorded[IdentifierTombstoned]) -> ErasureRow:
    buried = dict(row.tombstones) if row else {}
    buried[e.fact.kind] = buried.get(e.fact.kind, 0) + 1
    return _with(row, e.fact.holder, tombstones=dict(sorted(buried.items())))


def acknowledge(row: ErasureRow | None, e: Recorded[Any]) -> ErasureRow:
    """A service has forgotten them."""
    told = {**(row.acknowledged if row else {}), e.service: e.recorded_at}
    return _with(row, e.fact.contact, acknowledged=dict(sorted(told.items())))


def _forgotten(e: Recorded[Any]) -> UUID:
    contact: UUID = e.fact.contact
    return contact


for _each in ACKNOWLEDGED.values():
    erasure_list.on(catalogue.BY_TYPE[_each], keys=_forgotten)(acknowledge)


def find(db: Db, *, incomplete: bool, page: PageRequest) -> Page[ErasureRow]:
    """Erasures, the oldest first; only those that somebody still has to do something for, if `incomplete`."""
    where = "erased_at IS NOT NULL" + (" AND NOT complete" if incomplete else "")
    return erasure_list.page(db, where, order_by="erased_at", page=page)


def waiting_since(db: Db) -> dict[str, datetime]:
    """By service, since when the oldest erasure waits for it (UTC); services that nothing waits for are absent."""
    where = "erased_at IS NOT NULL AND NOT complete AND NOT acknowledged ? %s"
    found: dict[str, datetime] = {}
    for service in ACKNOWLEDGED:
        oldest = erasure_list.select(db, where, (service,), order_by="erased_at", limit=1)
        if oldest and oldest[0].erased_at:
            found[service] = oldest[0].erased_at
    return found
