"""What contacts and accounts have of custom attributes, and the commands that change it. No I/O."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from crm.chassis.decider import Rejected
from crm.contacts.attribute import Definition, Definitions
from crm.contacts.attribute_value import Shown, read_value, show_value
from crm.events.attributes import AttributeCleared, AttributeFact, AttributeKind, AttributeSet, PersonalAttributeSet


class Held(Struct, frozen=True):
    """What a record has of an attribute, under the label it was recorded with."""

    attribute: str
    label: str
    kind: AttributeKind
    values: tuple[str, ...]

    @property
    def shown(self) -> Shown:
        return show_value(self.kind, self.values)


class InForce(Struct, frozen=True):
    """The definitions of a target as they are, and the version of their stream (0: nothing was ever defined)."""

    definitions: Definitions = Definitions()
    version: int = 0


def assign_values(held: Sequence[Held], given: Mapping[str, object], rules: InForce) -> tuple[AttributeFact, ...]:
    """What setting some attributes, or clearing them (None), comes to.

    Raises `Rejected` for what is not defined, retired, not of its type, or required and cleared.
    """
    facts = (_assigned(held, name, value, rules) for name, value in given.items())
    return tuple(each for each in facts if each is not None)


def first_values(given: Mapping[str, object], rules: InForce) -> tuple[AttributeFact, ...]:
    """The same for a record that is registered. Raises `Rejected` also if something required is missing."""
    for each in rules.definitions.required:
        if given.get(each.name) is None:
            raise Rejected(f"{each.label} is required.", field=f"attributes.{each.name}")
    return assign_values((), {name: value for name, value in given.items() if value is not None}, rules)


def after(held: Sequence[Held], fact: AttributeFact) -> tuple[Held, ...]:
    """What a record has after a fact. An erased value is none."""
    others = tuple(each for each in held if each.attribute != fact.attribute)
    if isinstance(fact, AttributeCleared) or not fact.values:
        return others
    return (*others, Held(fact.attribute, fact.label, fact.kind, tuple(fact.values)))


def described(values: Mapping[str, Sequence[str]], fact: AttributeFact) -> dict[str, list[str]]:
    """The values of a row, by name, after a fact."""
    others = {name: list(each) for name, each in values.items() if name != fact.attribute}
    return others if isinstance(fact, AttributeCleared) or not fact.values else {**others, fact.attribute: fact.values}


def _assigned(held: Sequence[Held], name: str, given: object, rules: InForce) -> AttributeFact | None:
    before = next((each for each in held if each.attribute == name), None)
    definition = rules.definitions.by_name.get(name)
    if definition is None:
        raise Rejected("There is no such attribute. An administrator can define it.", field=f"attributes.{name}")
    if given is None:
        if definition.required and not definition.retired:
            raise Rejected(f"{definition.label} is required.", field=f"attributes.{name}")
        return AttributeCleared(attribute=name, label=definition.label) if before else None
    if definition.retired:
        raise Rejected(f"{definition.label} is retired and takes no new values.", field=f"attributes.{name}")
    values = read_value(definition, given)
    return _set(definition, values, rules.version) if before is None or before.values != values else None


def _set(definition: Definition, values: Sequence[str], version: int) -> AttributeSet | PersonalAttributeSet:
    fact = PersonalAttributeSet if definition.personal else AttributeSet
    return fact(
        attribute=definition.name,
        label=definition.label,
        kind=definition.kind,
        values=list(values),
        definitions_version=version,
    )
