"""Objections: do-not-call and do-not-process, stronger than any consent until they are taken back. No I/O."""

from typing import TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate
from crm.chassis.people.verdict import Objection
from crm.events.consents import CallsAccepted, CallsRefused, ObjectionFact, ProcessingRestricted, RestrictionLifted
from crm.events.particulars import ConsentEvidence

_STREAMS = UUID("c2c77e0a-6df1-4f3b-9b43-51f70a5e1b6e")

Raised: TypeAlias = CallsRefused | ProcessingRestricted
Lifted: TypeAlias = CallsAccepted | RestrictionLifted


class Objecting(Struct, frozen=True):
    contact: UUID
    in_force: bool


def objection_stream(contact: UUID, objection: Objection) -> UUID:
    """Where a contact's objection of one kind is recorded."""
    return uuid5(_STREAMS, f"{contact}/{objection}")


def raise_objection(
    objecting: Objecting | None,
    *,
    contact: UUID,
    objection: Objection,
    source: str,
    evidence: ConsentEvidence | None = None,
) -> Raised | None:
    """From now on this must not be done, whatever was agreed to."""
    if objecting is not None and objecting.in_force:
        return None
    fact = CallsRefused if objection == "do_not_call" else ProcessingRestricted
    return fact(contact=contact, source=source, evidence=evidence)


def lift_objection(
    objecting: Objecting | None,
    *,
    contact: UUID,
    objection: Objection,
    source: str,
    evidence: ConsentEvidence | None = None,
) -> Lifted | None:
    """It was taken back; what was agreed to counts again."""
    if objecting is None or not objecting.in_force:
        return None
    fact = CallsAccepted if objection == "do_not_call" else RestrictionLifted
    return fact(contact=contact, source=source, evidence=evidence)


def evolve(_: Objecting | None, fact: ObjectionFact) -> Objecting:
    match fact:
        case CallsRefused() | ProcessingRestricted():
            return Objecting(fact.contact, True)
        case CallsAccepted() | RestrictionLifted():
            return Objecting(fact.contact, False)
        case _:
            assert_never(fact)


objections = Aggregate("objection", ObjectionFact, evolve, about=lambda _, objecting: (objecting.contact,))
