"""What was said with a contact, written down by hand in the contacts service."""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal

InteractionKind: TypeAlias = Literal["call", "meeting", "note"]
Direction: TypeAlias = Literal["inbound", "outbound", "internal"]


class InteractionLogged(Fact, frozen=True, tag="crm.contacts.interaction-logged.v1"):
    summary = "{kind} ({direction}): {subject}"
    contact: UUID
    kind: InteractionKind
    direction: Direction
    subject: Personal[str]
    body: Personal[str | None] = None


InteractionFact: TypeAlias = InteractionLogged
