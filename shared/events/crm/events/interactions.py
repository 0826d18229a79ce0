"""What was said with a contact, written down by hand in the contacts service."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import Meta

from crm.events.fact import Fact, Moment, Personal, Visibility
from crm.events.particulars import Attachment

InteractionKind: TypeAlias = Annotated[
    str,
    Meta(
        pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$",
        max_length=40,
        description="An open word, such as call or site-visit: lower-case words joined by hyphens. More may come.",
    ),
]
Direction: TypeAlias = Literal["inbound", "outbound", "internal"]


class InteractionLogged(Fact, frozen=True, tag="crm.contacts.interaction-logged.v2"):
    """`via` is the address or number it came through; it is then recorded with the contact who holds that (C9).

    `system` is where it was recorded first, if elsewhere (always told of the kind external), and `external_id` what it
    is called there.
    """

    summary = "{kind} ({direction}): {subject}"
    contact: UUID
    kind: InteractionKind
    direction: Direction
    subject: Personal[str]
    body: Personal[str | None] = None
    attachments: Personal[list[Attachment]] = []
    via: Personal[str | None] = None
    visibility: Visibility = "everyone"
    system: str | None = None
    external_id: Personal[str | None] = None


class InteractionAmended(Fact, frozen=True, tag="crm.contacts.interaction-amended.v2"):
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
    system: str | None = None
    external_id: Personal[str | None] = None


class InteractionRetracted(Fact, frozen=True, tag="crm.contacts.interaction-retracted.v1"):
    """It should not have been written down. It is hidden from now on; whoever audits still sees it."""

    summary = "Interaction retracted: {reason}"
    contact: UUID
    author: str
    reason: Personal[str]
    visibility: Visibility = "everyone"


InteractionFact: TypeAlias = InteractionLogged | InteractionAmended | InteractionRetracted
