"""The unified history: everything that happened with a contact, in every service, in one order (C10).

One row per contact and fact. It is kept under the id the fact names; aliases are resolved when it is read. What a fact
says of a person stands in columns of their own, so that an erasure takes exactly that. A fact that replaces or takes
back an earlier one only says from when on that is hidden, so that what was known at any moment can still be shown
(C11). Read `paging` for what it can be asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.projection import EVERYTHING, Subject, View
from crm.chassis.projection.columns import Words
from crm.chassis.projection.history import FOREVER
from crm.contacts.item import Item, render, says_of_a_person, take_apart
from crm.contacts.reader import readers_of
from crm.contacts.words import words_of
from crm.events import Fact, Personal, Recorded, summarise, type_of, wire
from crm.events.interactions import InteractionAmended, InteractionRetracted


@dataclass(frozen=True)
class Touchpoint:
    """One fact in the history of one contact."""

    contact_id: UUID
    stream: UUID
    version: int
    subject: Subject | None
    """Whose key sealed it, and whose erasure blanks it; it may also stand in the history of others.

    None where it says nothing of a person, so that an erasure leaves it as it is.
    """
    service: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    number: int
    """Its place in the log of its service: the order of facts that were recorded at one moment."""
    actor: str
    channel: str
    readers: str
    """Who may see it: see `reader`."""
    hidden_at: datetime
    """Since when another fact stands for it, or none does."""
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    clear: dict[str, Any]
    personal: Personal[dict[str, Any] | None]
    words: Personal[Words | None]


PLACE = ("occurred_at", "recorded_at", "number", "stream", "version")
"""The order within a contact; no two rows of one are alike in it."""

# The order, then what can be filtered by: one index answers every page, also where a filter is rare.
_ORDERED = f"contact_id, {', '.join(PLACE)}, hidden_at, readers, service, type, channel, actor"

history = View(
    "history",
    Touchpoint,
    key=("contact_id", "stream", "version"),
    version=2,
    indexes=(_ORDERED, "words tsvector_ops"),
    services=(EVERYTHING,),
    arrivals=True,
)


def _earlier(e: Recorded[Fact]) -> Iterator[tuple[UUID, UUID, int]]:
    return ((contact, e.stream, version) for contact in e.contact_ids for version in range(1, e.version))


@history.on(InteractionAmended, InteractionRetracted, keys=_earlier)
def hide(row: Touchpoint | None, e: Recorded[InteractionAmended | InteractionRetracted]) -> Touchpoint | None:
    """What stood there until now; who may see it follows the last word."""
    if row is None:
        return None
    readers = readers_of({"visibility": e.fact.visibility, "author": e.fact.author}, e.actor)
    return replace(row, hidden_at=min(row.hidden_at, e.recorded_at), readers=readers)


@history.on_any(keys=lambda e: [(contact, e.stream, e.version) for contact in e.contact_ids])
def remember(_: Touchpoint | None, e: Recorded[Fact], key: tuple[UUID, UUID, int]) -> Touchpoint:
    clear, personal = take_apart(e.fact)
    sealed = says_of_a_person(e.fact)
    return Touchpoint(
        contact_id=key[0],
        stream=e.stream,
        version=e.version,
        subject=e.partition_key if sealed else None,
        service=e.service,
        type=type_of(e.fact),
        occurred_at=e.fact.took_place_at if isinstance(e.fact, InteractionAmended) else e.occurred_at,
        recorded_at=e.recorded_at,
        number=e.position.number if e.position else 0,
        actor=e.actor,
        channel=e.channel,
        readers=readers_of(clear, e.actor),
        hidden_at=e.recorded_at if isinstance(e.fact, InteractionRetracted) else FOREVER,
        correlation_id=e.correlation_id,
        causation_id=e.causation_id,
        traceparent=e.traceparent,
        clear=clear,
        personal=personal,
        words=None if sealed and personal is None else words_of(key[0], summarise(e.fact), personal),
    )


def item_of(row: Touchpoint, unseal: wire.Unseal) -> Item:
    """A row as people read it. `unseal` opens what was kept before its type was known."""
    return Item(
        event_id=f"{row.stream}:{row.version}",
        contact_id=row.contact_id,
        service=row.service,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        channel=row.channel,
        trace_id=trace_of(row),
        visibility=row.clear.get("visibility", "everyone"),
        **render(row.type, row.clear, row.personal, unseal, in_place=True),
    )


def trace_of(row: Touchpoint) -> str | None:
    """The id of the trace that made the fact."""
    return row.traceparent.split("-")[1] if row.traceparent else None
