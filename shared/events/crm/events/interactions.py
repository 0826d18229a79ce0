"""What was said with a contact, written down by hand in the contacts service."""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Moment, Personal, Visibility
from crm.events.particulars import Attachment

InteractionKind: TypeAlias = Literal["call", "meeting", "note"]
Direction: TypeAlias = Literal["inbound", "outbound", "internal"]


class InteractionLogged(Fact, frozen=True, tag="crm.contacts.interaction-logged.v1"):
    """`via` is the address or number it came through; it is then recorded with the contact who holds that (C9)."""

    summary = "{kind} ({direction}): {subject}"
    contact: UUID
    kind: InteractionKind
    direction: Direction
    subject: Personal[str]
    body: Personal[str | None] = None
    attachments: Personal[list[Attachment]] = []
    via: Personal[str | None] = None
    visibility: Visibility = "everyone"


class InteractionAmended(Fact, frozen=True, tag="crm.contacts.interaction-amended.v1"):
    """How the interaction should have been written down, all of it. What was written before is kept.

    `took_place_at` is when it happened, as is known now; `author` is who wrote it down first.
    """

    summary = "Corrected: {kind} ({direction}): {subject}"
    contact: UUID
    kind: InteractionKind
    direction: Direction
    took_place_at: Moment
    author: str
    subject: Personal[str]
    body: Personal[str | None] = None
    attachments: Personal[list[Attachment]] = []
    via: Personal[str | None] = None
    visibility: Visibility = "everyone"


class InteractionRetracted(Fact, frozen=True, tag="crm.contacts.interaction-retracted.v1"):
    """It should not have been written down. It is hidden from now on; whoever audits still sees it."""

    summary = "Interaction retracted: {reason}"
    contact: UUID
    author: str
    reason: Personal[str]
    visibility: Visibility = "everyone"


InteractionFact: TypeAlias = InteractionLogged | InteractionAmended | InteractionRetracted
