"""Custom attributes: an administrator defines what contacts or accounts have beside what every one has."""

from functools import partial
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.http import IfMatch, Log, Router, Streams, Versioned, Written
from crm.chassis.people.fields import Line
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import CanAdministerContacts, CanReadContacts
from crm.contacts.attribute import Definition, change, define, definitions, definitions_stream, reinstate, retire
from crm.contacts.attributing import in_force
from crm.events.attributes import AttributeKind, AttributeTarget

router = Router(prefix="/attributes/{target}", tags=["attributes"])

Name = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class DefineAttribute(BaseModel, extra="forbid"):
    """`name` identifies it for ever; its type, and whether it is personal, do not change.

    `personal`: its values are encrypted and go with the person; on accounts nothing is. `searchable`: lists can be
    filtered by it.
    """

    name: Name
    label: Line
    type: AttributeKind
    required: bool = False
    choices: list[Line] = Field([], max_length=500)
    personal: bool = True
    searchable: bool = False


class ChangeAttribute(BaseModel, extra="forbid"):
    """What is left out stays."""

    label: Line | None = None
    choices: list[Line] | None = Field(None, max_length=500)
    required: bool | None = None
    searchable: bool | None = None


class RetireAttribute(BaseModel, extra="forbid"):
    reason: str | None = Field(None, max_length=500)


class AttributeAnswer(BaseModel):
    """An attribute. Retired: it takes no new values."""

    name: str
    label: str
    type: AttributeKind
    required: bool
    choices: list[str]
    personal: bool
    searchable: bool
    retired: bool

    @classmethod
    def of(cls, each: Definition) -> "AttributeAnswer":
        return cls(
            name=each.name,
            label=each.label,
            type=each.kind,
            required=each.required,
            choices=list(each.choices),
            personal=each.personal,
            searchable=each.searchable,
            retired=each.retired,
        )


class AttributesAnswer(BaseModel):
    """All attributes of a target, in the order they were defined."""

    attributes: list[AttributeAnswer]


@router.get("")
def get_attributes(
    target: AttributeTarget,
    streams: Streams,
    agent: CanReadContacts,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Versioned[AttributesAnswer]:
    """The attributes that contacts, or accounts, can have; retired ones too. Never stale."""
    rules = in_force(streams, target, as_of=as_of, as_known_at=as_known_at)
    shown = [AttributeAnswer.of(each) for each in rules.definitions.by_name.values()]
    stream = definitions_stream(target)
    return Versioned(AttributesAnswer(attributes=shown), rules.version, f"contacts/{stream}:{rules.version}")


@router.post("")
def define_attribute(
    target: AttributeTarget, body: DefineAttribute, log: Log, agent: CanAdministerContacts, expected: IfMatch
) -> Written:
    """Defines an attribute. `If-Match` is the version of all attributes of the target."""
    command = partial(
        define,
        target=target,
        name=body.name,
        label=body.label,
        kind=body.type,
        required=body.required,
        choices=body.choices,
        personal=body.personal,
        searchable=body.searchable,
    )
    return log.execute(definitions, definitions_stream(target), command, expected)


@router.patch("/{name}")
def change_attribute(
    target: AttributeTarget,
    name: Name,
    body: ChangeAttribute,
    log: Log,
    agent: CanAdministerContacts,
    expected: IfMatch,
) -> Written:
    """Changes what holds from now on. Whatever was recorded before keeps its label and its value."""
    command = partial(
        change,
        name=name,
        label=body.label,
        choices=body.choices,
        required=body.required,
        searchable=body.searchable,
    )
    return log.execute(definitions, definitions_stream(target), command, expected)


@router.post("/{name}/retire")
def retire_attribute(
    target: AttributeTarget,
    name: Name,
    body: RetireAttribute,
    log: Log,
    agent: CanAdministerContacts,
    expected: IfMatch,
) -> Written:
    """It takes no new values; those that are there stay readable."""
    command = partial(retire, name=name, reason=body.reason)
    return log.execute(definitions, definitions_stream(target), command, expected)


@router.post("/{name}/reinstate")
def reinstate_attribute(
    target: AttributeTarget, name: Name, log: Log, agent: CanAdministerContacts, expected: IfMatch
) -> Written:
    """A retired attribute takes values again."""
    return log.execute(definitions, definitions_stream(target), partial(reinstate, name=name), expected)
