"""One line of a history: a fact taken apart to be kept, and put together again to be read."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, TypedDict
from uuid import UUID

import msgspec

from crm.events import ERASED, Fact, UnknownFact, summarise, type_of, wire
from crm.events.fact import personal_fields
from crm.events.interactions import InteractionAmended, InteractionLogged

_SEALED = "personal"
"""The member that holds the encrypted part of a fact, as stored and sent."""

_personal_fields = cache(personal_fields)


class Rendered(TypedDict):
    """What an item says by its fact alone."""

    type: str
    summary: str
    data: dict[str, Any]
    amended: bool


@dataclass(frozen=True)
class Item:
    """One line of a history, as people and other systems read it. Times are UTC."""

    event_id: str
    contact_id: UUID
    """The id the fact names; an alias where the contact was known under another id then."""
    service: str
    type: str
    summary: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    data: dict[str, Any]
    trace_id: str | None
    visibility: str = "everyone"
    amended: bool = False
    """Whether this is the corrected text; what was written first is in the audit."""


def says_of_a_person(fact: Fact) -> bool:
    """Whether it has something that is sealed; of a type that is not known here that must be assumed."""
    return isinstance(fact, UnknownFact) or bool(_personal_fields(type(fact)))


def take_apart(fact: Fact) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What a fact says in clear, and what it says of a person; None if that is nothing, or erased.

    A fact of a type that is not known here is kept as it came, its personal part still encrypted.
    """
    if isinstance(fact, UnknownFact):
        members = msgspec.json.decode(fact.value, type=dict[str, Any])
        members.pop("type", None)
        return members, None
    fields = _personal_fields(type(fact))
    clear: dict[str, Any] = {name: getattr(fact, name) for name in fact.__struct_fields__ if name not in fields}
    personal: dict[str, Any] = {name: getattr(fact, name) for name in fields}
    gone = all(value is None or value == ERASED or value == [] for value in personal.values())
    return clear, None if gone else personal


STANDS_FOR: dict[str, type[Fact]] = {type_of(InteractionAmended): InteractionLogged}
"""Facts that are shown in the place of an earlier one, as a fact of its type."""


def render(
    fact_type: str,
    clear: dict[str, Any],
    personal: dict[str, Any] | None,
    unseal: wire.Unseal,
    *,
    in_place: bool = False,
) -> Rendered:
    """A kept fact, its summary made now: an erased name reads as erased, an old type as the newest.

    With `in_place` a correction reads like what it corrects.
    """
    fact = put_together(fact_type, clear, personal, unseal)
    amended = in_place and type_of(fact) in STANDS_FOR
    if amended:
        meant = STANDS_FOR[type_of(fact)]
        fact = meant(**{name: getattr(fact, name) for name in meant.__struct_fields__})
    if isinstance(fact, UnknownFact):
        data = {name: value for name, value in clear.items() if name != _SEALED}
    else:
        data = msgspec.to_builtins(fact)
        data.pop("type", None)
    return Rendered(type=type_of(fact), summary=summarise(fact), data=data, amended=amended)


def put_together(fact_type: str, clear: dict[str, Any], personal: dict[str, Any] | None, unseal: wire.Unseal) -> Fact:
    """The fact that was taken apart, or what is left of it. `unseal` opens what came before its type was known."""
    kept = None if personal is None else msgspec.json.encode(personal)
    sealed = clear.get(_SEALED)
    members = {"type": fact_type, **clear, _SEALED: sealed or ""}
    return wire.decode(fact_type, msgspec.json.encode(members), unseal if sealed else lambda _: kept)
