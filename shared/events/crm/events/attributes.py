"""Custom attributes of contacts and accounts: what an administrator defines while the service runs, and their values.

Definitions are facts of one stream per target, values are facts of the contact or account. A value carries the label
and the kind it was recorded under, so it stays readable whatever becomes of its definition.
"""

from typing import Literal, TypeAlias

from crm.events.fact import Fact, Personal

AttributeTarget: TypeAlias = Literal["contact", "account"]
AttributeKind: TypeAlias = Literal["text", "number", "date", "boolean", "choice", "many-choice", "link"]


class AttributeDefined(Fact, frozen=True, tag="crm.contacts.attribute-defined.v1"):
    """`searchable`: lists can be filtered by it. `is_personal`: its values are encrypted and go with the person."""

    summary = "Attribute {name} of every {target} defined: {label}"
    target: AttributeTarget
    name: str
    label: str
    kind: AttributeKind
    required: bool = False
    choices: list[str] = []
    is_personal: bool = True
    searchable: bool = False


class AttributeRelabelled(Fact, frozen=True, tag="crm.contacts.attribute-relabelled.v1"):
    summary = "Attribute {name} is called {label}"
    name: str
    label: str


class AttributeChoicesChanged(Fact, frozen=True, tag="crm.contacts.attribute-choices-changed.v1"):
    """Values that were chosen before stay."""

    summary = "Attribute {name} can be: {choices}"
    name: str
    choices: list[str]


class AttributeRequirementChanged(Fact, frozen=True, tag="crm.contacts.attribute-requirement-changed.v1"):
    summary = "Attribute {name} required: {required}"
    name: str
    required: bool


class AttributeSearchingChanged(Fact, frozen=True, tag="crm.contacts.attribute-searching-changed.v1"):
    summary = "Attribute {name} searchable: {searchable}"
    name: str
    searchable: bool


class AttributeRetired(Fact, frozen=True, tag="crm.contacts.attribute-retired.v1"):
    """It takes no new values from here on; those it has stay."""

    summary = "Attribute {name} retired: {reason}"
    name: str
    reason: str | None = None


class AttributeReinstated(Fact, frozen=True, tag="crm.contacts.attribute-reinstated.v1"):
    summary = "Attribute {name} in use again"
    name: str


AttributeDefinitionFact: TypeAlias = (
    AttributeDefined
    | AttributeRelabelled
    | AttributeChoicesChanged
    | AttributeRequirementChanged
    | AttributeSearchingChanged
    | AttributeRetired
    | AttributeReinstated
)


# Values. `values` is one text, for many-choice any number: numbers as decimals, days in ISO 8601, `true` or `false`.


class AttributeSet(Fact, frozen=True, tag="crm.contacts.attribute-set.v1"):
    """`definitions_version` is the version of the stream of definitions the value was checked against."""

    summary = "{label}: {values}"
    attribute: str
    label: str
    kind: AttributeKind
    values: list[str]
    definitions_version: int


class PersonalAttributeSet(Fact, frozen=True, tag="crm.contacts.personal-attribute-set.v1"):
    """The same where the value tells something of a person."""

    summary = "{label}: {values}"
    attribute: str
    label: str
    kind: AttributeKind
    values: Personal[list[str]]
    definitions_version: int


class AttributeCleared(Fact, frozen=True, tag="crm.contacts.attribute-cleared.v1"):
    summary = "{label}: taken away"
    attribute: str
    label: str


AttributeFact: TypeAlias = AttributeSet | PersonalAttributeSet | AttributeCleared
