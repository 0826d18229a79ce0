"""An interaction: what was said with a contact, written down by hand or told by another system. No I/O.

Each is a stream of its own. A record of another system is a claim: two that tell of the same one meet in the log.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias, TypedDict, Unpack, assert_never, get_args
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict, replace

from crm.chassis.decider import Aggregate, Claim, Rejected, Unknown
from crm.chassis.people.identity import external_identifier
from crm.events.fact import Visibility
from crm.events.interactions import (
    Direction,
    InteractionAmended,
    InteractionFact,
    InteractionKind,
    InteractionLogged,
    InteractionRetracted,
)
from crm.events.particulars import Attachment, ExternalId

Kind: TypeAlias = Literal["call", "meeting", "note", "email", "message", "letter", "visit", "external"]
"""What may be logged. A `message` is a chat or an SMS; `external` is whatever else another system recorded.

The facts take any word: what was logged under a kind that is not listed here any more stays as it is.
"""
KINDS: tuple[Kind, ...] = get_args(Kind)
RECORD = "interaction_id"
"""The kind of claim that is held on a record of another system."""

_SYSTEM = re.compile(r"(?=.{1,60}\Z)[^\s:]+( [^\s:]+)*")


class Interaction(Struct, frozen=True):
    """What was said, as it is known now."""

    contact: UUID
    kind: InteractionKind
    direction: Direction
    subject: str
    body: str | None = None
    attachments: tuple[Attachment, ...] = ()
    via: str | None = None
    visibility: Visibility = "everyone"
    system: str | None = None
    external_id: str | None = None
    retracted: bool = False


class Changes(TypedDict, total=False):
    """What an amendment may change; what is left out stays."""

    kind: InteractionKind
    direction: Direction
    subject: str
    body: str | None
    attachments: Sequence[Attachment]
    visibility: Visibility
    system: str
    external_id: str


def log_interaction(
    interaction: Interaction | None,
    *,
    contact: UUID,
    kind: InteractionKind,
    direction: Direction,
    subject: str,
    body: str | None = None,
    attachments: Sequence[Attachment] = (),
    via: str | None = None,
    visibility: Visibility = "everyone",
    system: str | None = None,
    external_id: str | None = None,
) -> InteractionLogged | None:
    """Writes down what was said; it may have happened long ago. Of one record of another system once, however told."""
    said = Interaction(
        contact, kind, direction, subject, body, tuple(attachments), via, visibility, system, external_id
    )
    if interaction is None:
        return InteractionLogged(**_members(_checked(said)))
    if interaction.retracted or _claims(interaction).isdisjoint(_claims(said)):
        raise Rejected("This interaction is already logged.")
    return None


def amend(
    interaction: Interaction | None,
    *,
    author: str,
    took_place_at: datetime,
    moved: bool = False,
    **changes: Unpack[Changes],
) -> InteractionAmended | None:
    """Corrects what was written down, or when it took place (`moved`). `author` is who wrote it down first (C10)."""
    before = _existing(interaction)
    after = replace(before, **changes)
    after = _checked(replace(after, attachments=tuple(after.attachments)), before.kind)
    if after == before and not moved:
        return None
    return InteractionAmended(took_place_at=took_place_at, author=author, **_members(after))


def retract(interaction: Interaction | None, *, author: str, reason: str) -> InteractionRetracted | None:
    """Takes back what should not have been written down; asked again, nothing more happens (C10)."""
    if interaction is not None and interaction.retracted:
        return None
    known = _existing(interaction)
    if not (reason := " ".join(reason.split())):
        raise Rejected("Say why it is taken back.", field="reason")
    return InteractionRetracted(contact=known.contact, author=author, reason=reason, visibility=known.visibility)


def record_of(system: str | None, external_id: str | None) -> Claim | None:
    """The claim on a record of another system, by the system and its id there; None where they name nothing (C3)."""
    if system is None or external_id is None:
        return None
    identifier = external_identifier(ExternalId(system, external_id))
    return (RECORD, identifier.match_key) if identifier else None


def _existing(interaction: Interaction | None) -> Interaction:
    if interaction is None:
        raise Unknown("There is no such interaction.")
    if interaction.retracted:
        raise Rejected("This interaction was retracted. Log it anew if it did take place.")
    return interaction


def _checked(said: Interaction, known_kind: str | None = None) -> Interaction:
    """What may be written down, its subject on one line. A kind that is known already needs not be one of the list."""
    if said.kind not in (*KINDS, known_kind):
        raise Rejected(f"The kind is none that can be logged. Give one of {', '.join(KINDS)}.", field="kind")
    if not (subject := " ".join(said.subject.split())):
        raise Rejected("Say in a few words what it was about.", field="subject")
    if said.system is None and (said.kind == "external" or said.external_id is not None):
        raise Rejected("Say in which system this was recorded.", field="system")
    if said.system is not None and not _SYSTEM.fullmatch(said.system):
        raise Rejected("Name the system in a few words without colons, 60 characters at most.", field="system")
    if said.external_id is not None and record_of(said.system, said.external_id) is None:
        raise Rejected("This id names nothing in particular. Give the id that the system uses.", field="external_id")
    return replace(said, subject=subject)


def _members(interaction: Interaction) -> dict[str, Any]:
    """What a fact tells of it."""
    members = asdict(interaction) | {"attachments": list(interaction.attachments)}
    del members["retracted"]
    return members


def evolve(interaction: Interaction | None, fact: InteractionFact) -> Interaction:
    """Remembers."""
    match fact:
        case InteractionLogged() | InteractionAmended():
            return Interaction(
                contact=fact.contact,
                kind=fact.kind,
                direction=fact.direction,
                subject=fact.subject,
                body=fact.body,
                attachments=tuple(fact.attachments),
                via=fact.via,
                visibility=fact.visibility,
                system=fact.system,
                external_id=fact.external_id,
            )
        case InteractionRetracted():
            assert interaction
            return replace(interaction, retracted=True)
        case _:
            assert_never(fact)


def _claims(interaction: Interaction) -> set[Claim]:
    record = None if interaction.retracted else record_of(interaction.system, interaction.external_id)
    return {record} if record else set()


interactions = Aggregate(
    "interaction",
    InteractionFact,
    evolve,
    about=lambda _, interaction: (interaction.contact,),
    claims=_claims,
)
