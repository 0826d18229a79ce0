"""An interaction: one call, meeting or note with a contact, written down by hand. Each is a stream of its own."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, Unpack, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.fact import Visibility
from crm.events.interactions import (
    Direction,
    InteractionAmended,
    InteractionFact,
    InteractionKind,
    InteractionLogged,
    InteractionRetracted,
)
from crm.events.particulars import Attachment


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
    retracted: bool = False


class Changes(TypedDict, total=False):
    """What an amendment may change; what is left out stays."""

    kind: InteractionKind
    direction: Direction
    subject: str
    body: str | None
    attachments: Sequence[Attachment]
    visibility: Visibility


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
) -> InteractionLogged:
    """Writes down what was said; it may have happened long ago."""
    if interaction is not None:
        raise Rejected("This interaction is already logged.")
    return InteractionLogged(
        contact=contact,
        kind=kind,
        direction=direction,
        subject=_in_words(subject),
        body=body,
        attachments=list(attachments),
        via=via,
        visibility=visibility,
    )


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
    if "subject" in changes:
        changes["subject"] = _in_words(changes["subject"])
    after = replace(before, **changes)
    after = replace(after, attachments=tuple(after.attachments))
    if after == before and not moved:
        return None
    return InteractionAmended(
        contact=after.contact,
        kind=after.kind,
        direction=after.direction,
        took_place_at=took_place_at,
        author=author,
        subject=after.subject,
        body=after.body,
        attachments=list(after.attachments),
        via=after.via,
        visibility=after.visibility,
    )


def retract(interaction: Interaction | None, *, author: str, reason: str) -> InteractionRetracted | None:
    """Takes back what should not have been written down; asked again, nothing more happens (C10)."""
    if interaction is not None and interaction.retracted:
        return None
    known = _existing(interaction)
    if not (reason := " ".join(reason.split())):
        raise Rejected("Say why it is taken back.", field="reason")
    return InteractionRetracted(contact=known.contact, author=author, reason=reason, visibility=known.visibility)


def _existing(interaction: Interaction | None) -> Interaction:
    if interaction is None:
        raise Unknown("There is no such interaction.")
    if interaction.retracted:
        raise Rejected("This interaction was retracted. Log it anew if it did take place.")
    return interaction


def _in_words(subject: str) -> str:
    if not (subject := " ".join(subject.split())):
        raise Rejected("Say in a few words what it was about.", field="subject")
    return subject


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
            )
        case InteractionRetracted():
            assert interaction
            return replace(interaction, retracted=True)
        case _:
            assert_never(fact)


interactions = Aggregate("interaction", InteractionFact, evolve, about=lambda _, interaction: (interaction.contact,))
