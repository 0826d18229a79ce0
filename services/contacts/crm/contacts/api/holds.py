"""Legal holds: what a law obliges to keep of somebody, also after they were erased. Permission `contacts:legal`."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.auth import Agent, allowed
from crm.chassis.decider import Unknown
from crm.chassis.http import IfMatch, Log, Page, PageQuery, Router, Streams, Written
from crm.chassis.log import EventLog
from crm.chassis.paging import page_in_memory
from crm.chassis.people.fields import Moment
from crm.contacts.api.erasure import HoldAnswer
from crm.contacts.api.particulars import Address, External
from crm.contacts.api.within import Within
from crm.contacts.contact import contacts
from crm.contacts.family import Family
from crm.contacts.holding import held_stream, held_values, lift, place
from crm.contacts.lookup import find_erased
from crm.events.holds import HeldField, ValuesHeld

router = Router(prefix="/contacts/{contact_id}", tags=["erasure"])

CanHold: TypeAlias = Annotated[Agent, allowed("contacts:legal", Within)]


class PlaceHold(BaseModel, extra="forbid"):
    """`reason` stays readable after the person is erased: name the law or the case, and nothing of the person."""

    fields: list[HeldField] = Field(min_length=1, max_length=5)
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    until: Moment | None = None


class HeldAnswer(BaseModel):
    """What a hold keeps of one id of an erased person."""

    hold_id: UUID
    contact_id: UUID
    fields: list[HeldField]
    name: str | None
    emails: list[str]
    phones: list[str]
    address: Address | None
    external_ids: list[External]

    @classmethod
    def of(cls, held: ValuesHeld) -> "HeldAnswer":
        address = held.address
        return cls(
            hold_id=held.hold,
            contact_id=held.contact,
            fields=held.fields,
            name=held.name,
            emails=held.emails,
            phones=[each.entered for each in held.phones],
            address=Address.model_construct(**{f: getattr(address, f) for f in Address.model_fields})
            if address
            else None,
            external_ids=[External.model_construct(system=each.system, id=each.id) for each in held.external_ids],
        )


@router.post("/legal-holds")
def post_legal_hold(contact_id: UUID, body: PlaceHold, log: Log, agent: CanHold, expected: IfMatch) -> Written:
    """Obliges to keep some fields of a person, until a moment or until it is lifted; nothing of them is copied yet."""
    now = datetime.now(UTC)
    command = partial(place, hold=uuid4(), fields=body.fields, reason=body.reason, until=body.until, now=now)
    return log.execute(contacts, contact_id, command, expected)


@router.get("/legal-holds")
def get_legal_holds(contact_id: UUID, page: PageQuery, streams: Streams, agent: CanHold) -> Page[HoldAnswer]:
    """The holds in force on a person, erased or not."""
    members = find_erased(streams, contact_id).family.members()
    holds = [HoldAnswer.of(hold) for each in members for hold in each.contact.holds]
    return page_in_memory(holds, page, "hold", lambda each: str(each.id))


@router.post("/legal-holds/{hold_id}/lift")
def post_lift(contact_id: UUID, hold_id: UUID, log: Log, streams: Streams, agent: CanHold) -> Written:
    """Ends a hold. If the person was erased, what it kept is destroyed, and the erasure completes by itself."""
    family = find_erased(streams, contact_id).family
    return log.execute(contacts, _placed_on(family, hold_id), partial(lift, hold=hold_id))


@router.get("/held-values")
def get_held_values(contact_id: UUID, page: PageQuery, streams: Streams, agent: CanHold) -> Page[HeldAnswer]:
    """What holds keep of an erased person; nothing else of them can be read any more."""
    family = find_erased(streams, contact_id).family
    holds = [hold.hold for each in family.members() for hold in each.contact.holds]
    kept = [HeldAnswer.of(held) for hold in holds for id in family.ids if (held := _held(streams, hold, id))]
    return page_in_memory(kept, page, "held", lambda each: f"{each.hold_id} {each.contact_id}")


def _held(log: EventLog, hold: UUID, contact: UUID) -> ValuesHeld | None:
    try:
        return log.get(held_values, held_stream(hold, contact)).state
    except Unknown:
        return None


def _placed_on(family: Family, hold: UUID) -> UUID:
    placed = (each for each in family.members() if any(hold == known.hold for known in each.contact.holds))
    return next((each.contact_id for each in placed), family.contact_id)
