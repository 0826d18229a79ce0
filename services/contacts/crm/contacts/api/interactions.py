"""Interactions: written down by hand or told by another system, corrected, and taken back."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, HttpUrl, StringConstraints

from crm.chassis.decider import Command
from crm.chassis.http import Caution, IfMatch, Log, Noted, NotedAnswer, Router, Streams, Written
from crm.chassis.log import Step
from crm.chassis.people.fields import Moment
from crm.contacts.api.bodies import CanEditContacts, Deployment
from crm.contacts.interaction import Kind, amend, interactions, log_interaction, record_of, retract
from crm.contacts.lookup import concerning
from crm.contacts.provenance import Origin, coming_through, concerning_interaction, logging_once
from crm.contacts.reader import Reader
from crm.events.fact import Visibility
from crm.events.interactions import Direction
from crm.events.particulars import Attachment

router = Router(prefix="/contacts/{contact_id}/interactions", tags=["interactions"])

_Subject = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
_Body = Annotated[str | None, Field(max_length=20_000)]
_System = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=60),
    Field(description="Where it was recorded."),
]
_ExternalId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Field(description="What it is there.")
]


class AttachmentBody(BaseModel, extra="forbid"):
    """A file that lies elsewhere: only the reference is kept."""

    name: str = Field(min_length=1, max_length=300)
    media_type: str = Field(pattern=r"^[a-z0-9.+-]+/[A-Za-z0-9.+-]+$", max_length=120)
    url: HttpUrl
    size_bytes: int | None = Field(None, ge=0, le=10**15)
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$")

    def as_fact(self) -> Attachment:
        return Attachment(**self.model_dump() | {"url": str(self.url)})


_Attachments = Annotated[list[AttachmentBody], Field(max_length=50)]


class LogInteraction(BaseModel, extra="forbid"):
    """`occurred_at` may lie in the past; now, if it is left out. `via` is the address or number it came through.

    What another system recorded says in which `system`, and by its `external_id` there is logged only once. The kind
    `external` needs a system.
    """

    kind: Kind
    direction: Direction = "inbound"
    subject: _Subject
    body: _Body = None
    attachments: _Attachments = []
    via: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)] | None = None
    visibility: Visibility = "everyone"
    system: _System | None = None
    external_id: _ExternalId | None = None
    occurred_at: Moment | None = None

    def told(self) -> dict[str, Any]:
        """What was said, by field."""
        named = ("kind", "direction", "subject", "body", "via", "visibility", "system", "external_id")
        attachments = [each.as_fact() for each in self.attachments]
        return {name: getattr(self, name) for name in named} | {"attachments": attachments}


class AmendInteraction(BaseModel, extra="forbid"):
    """What is left out stays; a body of null is taken away. `occurred_at` is when it did take place."""

    kind: Kind | None = None
    direction: Direction | None = None
    subject: _Subject | None = None
    body: _Body = None
    attachments: _Attachments | None = None
    visibility: Visibility | None = None
    system: _System | None = None
    external_id: _ExternalId | None = None
    occurred_at: Moment | None = None

    def changes(self) -> dict[str, Any]:
        """What is to be changed, by field."""
        named = ("kind", "direction", "subject", "visibility", "system", "external_id")
        given = {name: getattr(self, name) for name in named if getattr(self, name) is not None}
        if "body" in self.model_fields_set:
            given["body"] = self.body
        if self.attachments is not None:
            given["attachments"] = [each.as_fact() for each in self.attachments]
        return given


class RetractInteraction(BaseModel, extra="forbid"):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000)]


_LOGGED = Caution(field="external_id", detail="This record was logged before. Nothing was changed.")
_LOGGED_BEFORE: dict[int | str, dict[str, Any]] = {
    200: {"model": NotedAnswer, "description": "It was logged before, as this interaction; nothing was changed"}
}


@router.post("", status_code=201, responses=_LOGGED_BEFORE)
def post_interaction(
    contact_id: UUID,
    body: LogInteraction,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Noted:
    """Writes down what was said with a contact. `If-Match` is the contact's version.

    A record of another system (`system`, `external_id`) is logged once: told again, it is answered with the first id.
    """
    told, record, new = body.told(), record_of(body.system, body.external_id), uuid4()

    def decide(holder: UUID) -> Command:
        return partial(log_interaction, contact=holder, **told)

    def plan() -> Sequence[Step]:
        command = coming_through(streams, contact_id, body.via, deployment.region, decide)
        return [logging_once(streams, new, contact_id, record, concerning(streams, contact_id, expected, command))]

    written = log.with_(occurred_at=body.occurred_at).execute_planned(plan)
    answer = Noted(written, path=f"/contacts/{contact_id}/history")
    return answer if answer.created else replace(answer, warnings=[_LOGGED])


@router.post("/{interaction}/amend")
def amend_interaction(
    contact_id: UUID,
    interaction: UUID,
    body: AmendInteraction,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
) -> Written:
    """Corrects what was written down; the history shows the new text, the audit both. `If-Match` is its version."""

    def decide(origin: Origin) -> Command:
        moment = body.occurred_at or origin.took_place_at
        moved = moment != origin.took_place_at
        return partial(amend, author=origin.author, took_place_at=moment, moved=moved, **body.changes())

    command = concerning_interaction(streams, contact_id, interaction, Reader.of(agent), decide)
    return log.execute(interactions, interaction, command, expected)


@router.post("/{interaction}/retract")
def retract_interaction(
    contact_id: UUID,
    interaction: UUID,
    body: RetractInteraction,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
) -> Written:
    """Takes back what should not have been written down; the audit still shows it. `If-Match` is its version."""

    def decide(origin: Origin) -> Command:
        return partial(retract, author=origin.author, reason=body.reason)

    command = concerning_interaction(streams, contact_id, interaction, Reader.of(agent), decide)
    return log.execute(interactions, interaction, command, expected)
