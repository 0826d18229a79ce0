"""Custom attributes: what an administrator defines for contacts or accounts while the service runs. No I/O.

All definitions of a target are one stream: together they say what a record must have (one look at one version tells).
"""

import re
from collections.abc import Sequence
from typing import TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.attributes import (
    AttributeChoicesChanged,
    AttributeDefined,
    AttributeDefinitionFact,
    AttributeKind,
    AttributeReinstated,
    AttributeRelabelled,
    AttributeRequirementChanged,
    AttributeRetired,
    AttributeSearchingChanged,
    AttributeTarget,
)

_STREAMS = UUID("2f6f6f2e-6f0f-4d7e-9d3b-7a1c0c9b5b11")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
Changed: TypeAlias = (
    AttributeRelabelled | AttributeChoicesChanged | AttributeRequirementChanged | AttributeSearchingChanged
)
MOST = 200
"""How many attributes a target can have, retired ones included."""


class Definition(Struct, frozen=True):
    """An attribute. `name` identifies it for ever; kind and whether it is personal do not change."""

    name: str
    label: str
    kind: AttributeKind
    required: bool = False
    choices: tuple[str, ...] = ()
    personal: bool = True
    searchable: bool = False
    retired: bool = False


class Definitions(Struct, frozen=True):
    """The attributes of one target, by name, in the order they were defined."""

    by_name: dict[str, Definition] = {}

    @property
    def required(self) -> list[Definition]:
        """Those every record needs when it is registered."""
        return [each for each in self.by_name.values() if each.required and not each.retired]


def definitions_stream(target: AttributeTarget) -> UUID:
    """Where the attributes of contacts, or of accounts, are defined."""
    return uuid5(_STREAMS, target)


def define(
    definitions: Definitions | None,
    *,
    target: AttributeTarget,
    name: str,
    label: str,
    kind: AttributeKind,
    required: bool = False,
    choices: Sequence[str] = (),
    personal: bool = True,
    searchable: bool = False,
) -> AttributeDefined:
    """From now on contacts, or accounts, can have this attribute."""
    known = definitions.by_name if definitions else {}
    if not _NAME.fullmatch(name):
        raise Rejected("A name is a small letter, then small letters, digits and underscores.", field="name")
    if name in known:
        raise Rejected("There is an attribute of this name already; names of retired ones stay taken.", field="name")
    if len(known) >= MOST:
        raise Rejected(f"There can be {MOST} attributes at most.", field="name")
    if target == "account" and personal:
        raise Rejected("An account is no person, so nothing personal belongs on it.", field="personal")
    return AttributeDefined(
        target=target,
        name=name,
        label=_labelled(label),
        kind=kind,
        required=required,
        choices=_choices(kind, choices),
        is_personal=personal,
        searchable=searchable,
    )


def change(
    definitions: Definitions | None,
    *,
    name: str,
    label: str | None = None,
    choices: Sequence[str] | None = None,
    required: bool | None = None,
    searchable: bool | None = None,
) -> tuple[Changed, ...]:
    """What is given holds from now on. Whatever was recorded before keeps its label and its value."""
    definition = defined(definitions, name)
    facts: list[Changed] = []
    if label is not None and (label := _labelled(label)) != definition.label:
        facts.append(AttributeRelabelled(name=name, label=label))
    if choices is not None and (wanted := _choices(definition.kind, choices)) != list(definition.choices):
        facts.append(AttributeChoicesChanged(name=name, choices=wanted))
    if required is not None and required != definition.required:
        facts.append(AttributeRequirementChanged(name=name, required=required))
    if searchable is not None and searchable != definition.searchable:
        facts.append(AttributeSearchingChanged(name=name, searchable=searchable))
    return tuple(facts)


def retire(definitions: Definitions | None, *, name: str, reason: str | None = None) -> AttributeRetired | None:
    """It takes no new values; those that are there stay."""
    return AttributeRetired(name=name, reason=reason) if not defined(definitions, name).retired else None


def reinstate(definitions: Definitions | None, *, name: str) -> AttributeReinstated | None:
    """A retired attribute takes values again."""
    return AttributeReinstated(name=name) if defined(definitions, name).retired else None


def defined(definitions: Definitions | None, name: str) -> Definition:
    """The attribute of a name, retired or not. Raises `Unknown`."""
    definition = definitions.by_name.get(name) if definitions else None
    if definition is None:
        raise Unknown("There is no such attribute.")
    return definition


def _labelled(label: str) -> str:
    if not (label := " ".join(label.split())):
        raise Rejected("An attribute needs a label.", field="label")
    return label


def _choices(kind: AttributeKind, choices: Sequence[str]) -> list[str]:
    named = list(dict.fromkeys(" ".join(each.split()) for each in choices))
    if kind not in ("choice", "many-choice"):
        if named:
            raise Rejected("Only attributes of the types choice and many-choice have choices.", field="choices")
        return []
    if not named or not all(named) or any(";" in each for each in named):
        raise Rejected("Say what can be chosen: at least one text, none empty or with a semicolon.", field="choices")
    return named


def evolve(definitions: Definitions | None, fact: AttributeDefinitionFact) -> Definitions:
    known = definitions.by_name if definitions else {}
    if isinstance(fact, AttributeDefined):
        f = fact
        made = Definition(f.name, f.label, f.kind, f.required, tuple(f.choices), f.is_personal, f.searchable)
        return Definitions({**known, f.name: made})
    return Definitions({**known, fact.name: _changed(known[fact.name], fact)})


def _changed(definition: Definition, fact: AttributeDefinitionFact) -> Definition:
    match fact:
        case AttributeRelabelled(label=label):
            return replace(definition, label=label)
        case AttributeChoicesChanged(choices=choices):
            return replace(definition, choices=tuple(choices))
        case AttributeRequirementChanged(required=required):
            return replace(definition, required=required)
        case AttributeSearchingChanged(searchable=searchable):
            return replace(definition, searchable=searchable)
        case AttributeRetired() | AttributeReinstated():
            return replace(definition, retired=isinstance(fact, AttributeRetired))
        case AttributeDefined():
            return definition
        case _:
            assert_never(fact)


definitions = Aggregate("attribute", AttributeDefinitionFact, evolve, about=None)
