"""What a row says of somebody that was not known of them: the facts the API records. No I/O."""

from collections.abc import Collection
from functools import partial

from crm.chassis.decider import Claim, Command
from crm.chassis.people.identity import Identifier
from crm.contacts.attribute import defined
from crm.contacts.attribute_record import InForce
from crm.contacts.attribute_value import parse_value, show_value
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.details_record import describe, detail, tag
from crm.contacts.importing.rows import Person
from crm.contacts.reach import add_email, add_phone
from crm.contacts.registration import link_external_id, move, rename
from crm.events.contacts import ContactFact
from crm.events.particulars import PostalAddress


def values_of(person: Person, rules: InForce) -> dict[str, object]:
    """The custom attributes that a row tells, in their types. Raises `Rejected`."""
    values: dict[str, object] = {}
    for name, text in person.attributes:
        definition = defined(rules.definitions, name)
        values[name] = show_value(definition.kind, parse_value(definition, text))
    return values


def changes(
    contact: Contact | None, person: Person, rules: InForce, shared: Collection[Claim] = ()
) -> tuple[ContactFact, ...]:
    """What a row says of somebody that was not known of them: the facts the API records. Empty never overwrites.

    `shared` are those of the identifiers that do not name them alone (C3).
    Raises `Rejected` for an attribute that cannot be so.
    """
    known, several = writable(contact), {Identifier(*each) for each in shared}
    commands: list[Command] = []
    if person.named:
        commands.append(lambda now: rename(now, name=person.name))
    if person.address is not None:
        commands.append(lambda now: move(now, address=_completed(now.address, person.address)))
    commands += [partial(add_email, email=each, shared=several) for each in person.emails]
    commands += [partial(add_phone, phone=each, shared=several) for each in person.phones]
    commands += [partial(link_external_id, external_id=each) for each in person.external_ids]
    commands += [partial(tag, tag=each) for each in person.tags]
    if person.birthday:
        commands.append(partial(detail, changes={"birthday": person.birthday}))
    if person.attributes:
        commands.append(partial(describe, attributes=values_of(person, rules), rules=rules))
    return contacts.decide_in_turn(known, commands)


def _completed(known: PostalAddress | None, told: PostalAddress | None) -> PostalAddress | None:
    parts = PostalAddress.__struct_fields__
    told_parts = {part: getattr(told, part) for part in parts if getattr(told, part)}
    return PostalAddress(**{part: getattr(known, part, None) for part in parts} | told_parts)
