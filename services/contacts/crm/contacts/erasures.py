"""The report of an erasure: what was decided here, who has forgotten the person, what a law still keeps (C13, E15)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.chassis.projection import Db
from crm.chassis.runtime import Runtime
from crm.chassis.telemetry import metrics
from crm.contacts.erasure import erasure_stream
from crm.contacts.erasure_list import ACKNOWLEDGED, ErasureRow, erasure_list, waiting_since
from crm.contacts.legal_hold import Hold
from crm.contacts.lookup import find_erased
from crm.events.contacts import ContactErased, ErasureRequested, SubjectKeyDestroyed


@dataclass(frozen=True)
class ErasureReport:
    """Times are UTC; None where it has not happened yet. `acknowledged` tells when each service was done."""

    contact_id: UUID
    requested_at: datetime
    erased_at: datetime
    keys_destroyed_at: datetime | None
    acknowledged: dict[str, datetime]
    waiting_for: tuple[str, ...]
    ids: tuple[ErasureRow, ...]
    holds: tuple[Hold, ...]
    version: int
    token: str

    @property
    def complete(self) -> bool:
        """Whether nothing of the person can be read any more, and nobody has anything to do for it."""
        return all(each.complete for each in self.ids) and self.keys_destroyed_at is not None and not self.waiting_for

    @property
    def held(self) -> bool:
        """Whether a legal hold keeps something."""
        return any(not set(each.held) <= set(each.freed) for each in self.ids)

    @property
    def tombstones(self) -> dict[str, int]:
        """How many claims of each kind are remembered as erased, under all ids."""
        kinds = sorted({kind for each in self.ids for kind in each.tombstones})
        return {kind: sum(each.tombstones.get(kind, 0) for each in self.ids) for kind in kinds}


def report(log: EventLog, db: Db, contact_id: UUID) -> ErasureReport:
    """The erasure of a person under all of their ids. Raises `Unknown` if nobody asked for it."""
    found = find_erased(log, contact_id)
    family = found.family
    if not family.contact.erased:
        raise Unknown("Nobody has asked to erase this contact.")
    at = {type(each.fact): each.recorded_at for each in log.stream(found.contact_id)}
    ids = (found.contact_id, *sorted(family.ids - {found.contact_id}))
    known = {each.contact_id: each for each in erasure_list.select(db, "contact_id = ANY(%s)", (list(ids),))}
    rows = tuple(known.get(each, ErasureRow(each)) for each in ids)
    acknowledged = {
        service: max(each.acknowledged[service] for each in rows)
        for service in ACKNOWLEDGED
        if all(service in each.acknowledged for each in rows)
    }
    return ErasureReport(
        contact_id=found.contact_id,
        requested_at=at[ErasureRequested],
        erased_at=at[ContactErased],
        keys_destroyed_at=_keys_destroyed_at(log, ids),
        acknowledged=acknowledged,
        waiting_for=tuple(each for each in ACKNOWLEDGED if each not in acknowledged),
        ids=rows,
        holds=tuple(hold for each in family.members() for hold in each.contact.holds),
        version=found.version,
        token=found.token,
    )


def unfinished(log: EventLog, db: Db, contact_id: UUID) -> str | None:
    """What keeps the erasure of a person from being complete, in a sentence; None if nothing does."""
    if not find_erased(log, contact_id).family.contact.erased:
        return "This person is not erased yet. Erase the contact first."
    found = report(log, db, contact_id)
    if found.complete:
        return None
    if found.waiting_for or not found.held:
        missing = ", ".join(found.waiting_for) or "the destruction of keys"
        return f"The erasure is still under way: waiting for {missing}."
    return "A legal hold keeps some of this person's data. The erasure is complete when it ends."


def measure(runtime: Runtime) -> None:
    """How long the oldest erasure waits for each service, those that never heard of it included."""
    since, now = waiting_since(runtime.database), datetime.now(UTC)
    for service in ACKNOWLEDGED:
        waiting_s = (now - since[service]).total_seconds() if service in since else 0.0
        metrics.ERASURE_WAITING_S.labels(service).set(max(0.0, waiting_s))


def _keys_destroyed_at(log: EventLog, ids: tuple[UUID, ...]) -> datetime | None:
    moments = []
    for contact in ids:
        told = log.stream(erasure_stream(contact))
        own = (e for e in told if isinstance(e.fact, SubjectKeyDestroyed) and e.fact.key_id == contact)
        moments += [e.recorded_at for e in own]
    return max(moments) if len(moments) == len(ids) else None
