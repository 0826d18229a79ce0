"""Placing and ending legal holds, and what they keep of an erased person: commands (C13). No I/O."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.contacts.contact import Contact, writable
from crm.events.holds import HeldField, LegalHoldEnded, LegalHoldPlaced, ValuesHeld


def place(
    contact: Contact | None,
    *,
    hold: UUID,
    fields: Sequence[HeldField],
    reason: str,
    now: datetime,
    until: datetime | None = None,
) -> LegalHoldPlaced | None:
    """Obliges to keep some fields of somebody, should they be erased. `reason` must tell nothing of them."""
    contact = writable(contact)
    if not reason.strip():
        raise Rejected("Say which law or case obliges you to keep this.", field="reason")
    if not fields:
        raise Rejected("Say which fields have to be kept.", field="fields")
    if until is not None and until <= now:
        raise Rejected("This hold would be over already. Give a later time.", field="until")
    if any(each.hold == hold for each in contact.holds):
        return None
    return LegalHoldPlaced(hold=hold, fields=list(dict.fromkeys(fields)), reason=reason.strip(), until=until)


def lift(contact: Contact | None, *, hold: UUID) -> LegalHoldEnded | None:
    """Ends a hold by hand, of somebody erased as well: that is what completes the erasure."""
    if contact is None:
        raise Unknown("There is no such contact.")
    if all(each.hold != hold for each in contact.holds):
        raise Unknown("There is no such legal hold on this person, or it has ended.")
    return LegalHoldEnded(hold=hold, why="lifted")


def expire_holds(contact: Contact | None, *, due_at: datetime) -> tuple[LegalHoldEnded, ...]:
    """Ends the holds that were to last until now. By a timer."""
    holds = contact.holds if contact else ()
    over = (each.hold for each in holds if each.until is not None and each.until <= due_at)
    return tuple(LegalHoldEnded(hold=each, why="expired") for each in over)


def held_stream(hold: UUID, contact: UUID) -> UUID:
    """Where a hold keeps what it keeps of one id. It is the name of the key as well: the stream is about nobody."""
    return uuid5(hold, str(contact))


def keep(
    held: ValuesHeld | None, *, hold: UUID, contact: UUID, fields: Sequence[HeldField], before: Contact
) -> ValuesHeld | None:
    """Keeps the listed fields of somebody as they were before the erasure, once; nothing where there is nothing."""
    if held is not None or not any(getattr(before, each) for each in fields):
        return None
    kept = {each: getattr(before, each) for each in fields}
    return ValuesHeld(
        hold=hold,
        contact=contact,
        fields=list(fields),
        name=kept.get("name") or None,
        emails=list(kept.get("emails", ())),
        phones=list(kept.get("phones", ())),
        address=kept.get("address"),
        external_ids=list(kept.get("external_ids", ())),
    )


held_values: Aggregate[ValuesHeld, ValuesHeld] = Aggregate("held values", ValuesHeld, lambda _, fact: fact, about=None)
