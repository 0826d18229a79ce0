"""Interactions: calls, meetings and notes, written down by hand."""

from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.http import Created, IfMatch, Log, Router, Streams
from crm.chassis.people.fields import Moment
from crm.contacts.api.bodies import CanEditContacts
from crm.contacts.interaction import interactions, log_interaction
from crm.contacts.lookup import concerning
from crm.events.interactions import Direction, InteractionKind

router = Router(prefix="/contacts/{contact_id}/interactions", tags=["interactions"])


class LogInteraction(BaseModel, extra="forbid"):
    """`occurred_at` may lie in the past; now, if it is left out."""

    kind: InteractionKind
    direction: Direction = "inbound"
    subject: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
    body: str | None = Field(None, max_length=20_000)
    occurred_at: Moment | None = None


@router.post("")
def post_interaction(
    contact_id: UUID, body: LogInteraction, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Created:
    """Writes down what was said with a contact. `If-Match` is the contact's version."""
    command = partial(
        log_interaction,
        contact=contact_id,
        kind=body.kind,
        direction=body.direction,
        subject=body.subject,
        body=body.body,
    )
    checked = concerning(streams, contact_id, expected, command)
    written = log.execute(interactions, uuid4(), checked, occurred_at=body.occurred_at)
    return Created(written, f"/contacts/{contact_id}/history")
