"""Plans of commands that set custom attributes of a person, whatever ids they have."""

from collections.abc import Mapping, Sequence
from functools import partial
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import EventLog, Step
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.contact import Contact, contacts
from crm.contacts.details_record import describe
from crm.contacts.family import Family
from crm.contacts.routing import for_person
from crm.contacts.settling import as_read, living


def describing(
    log: EventLog, contact_id: UUID, given: Mapping[str, object], expected: int | None = None
) -> Sequence[Step]:
    """Sets attributes on the canonical contact, whose own value counts; takes them away on every id that has one."""
    rules = in_force(log, "contact")
    command = partial(describe, attributes=given, rules=rules)
    person = _merged(log, contact_id)
    steps = [Step(contacts, contact_id, command, expected, person.version if person else None)]
    for each in person.members() if person else ():
        gone = _held(each.contact, [name for name, value in given.items() if value is None])
        if each is not person and gone:
            taken = partial(describe, attributes=dict.fromkeys(gone), rules=rules)
            steps.append(Step(contacts, each.contact_id, as_read(each.contact, for_person(taken))))
    return [*steps, unchanged("contact", rules)]


def _merged(log: EventLog, contact_id: UUID) -> Family | None:
    """The person with this canonical id, if they have absorbed others."""
    try:
        person = living(log, contact_id)
    except Rejected:  # the command says why
        return None
    return person if person.contact_id == contact_id and person.absorbed else None


def _held(contact: Contact, names: Sequence[str]) -> list[str]:
    return [each.attribute for each in contact.attributes if each.attribute in names]
