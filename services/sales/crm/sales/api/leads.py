"""Leads over HTTP."""

from dataclasses import dataclass
from functools import partial
from typing import Annotated, Self, TypeAlias
from uuid import UUID, uuid4

from msgspec.structs import asdict
from pydantic import Field, StringConstraints, model_validator

from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Versioned,
    Written,
    part,
    reads,
)
from crm.chassis.log import Step
from crm.chassis.people.fields import Email, Line, Moment, Report
from crm.chassis.people.known import Somebody
from crm.chassis.settings import Settings
from crm.sales import lead_list as listing
from crm.sales.api.fields import Note, Priced
from crm.sales.api.permissions import CanReadSales, CanSell
from crm.sales.api.pipelines import PipelineName, pipeline_in_force
from crm.sales.lead import LeadStatus, WhyNot, capture, convert, disqualify, leads, opportunity_of, qualify
from crm.sales.lead_list import LeadRow, lead_list
from crm.sales.opportunity import open_opportunity, opportunities
from crm.sales.people import aliases, holders, people
from crm.sales.pipeline import DEFAULT

router = Router(prefix="/leads", tags=["leads"])

Deployment: TypeAlias = Annotated[Settings, part(Settings)]
Source: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,59}$")
]


class CaptureLead(Report):
    """Who showed interest, and in what. Without `contact` the person is recognised by address or number."""

    name: Line
    email: Email | None = None
    phone: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)] | None = None
    contact: UUID | None = Field(default=None, description="Who it is, where that is known.")
    company: Line | None = None
    interest: Note | None = None
    source: Source = Field(default="web", description="Where the interest showed: web, trade fair, referral …")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if self.email is None and self.phone is None and self.contact is None:
            raise ValueError("Give an e-mail address, a telephone number, or the contact.")
        return self


class DisqualifyLead(Report):
    reason: WhyNot
    note: Note | None = None


class ConvertLead(Report, Priced):
    """The opportunity a lead becomes; its title is the lead's interest if none is given."""

    title: Line | None = None
    pipeline: PipelineName = DEFAULT
    stage: Line | None = None


@dataclass(frozen=True)
class LeadAnswer:
    """A lead; `opportunity` is what it became."""

    id: UUID
    contact: UUID
    status: LeadStatus
    source: str
    name: str
    email: str | None
    phone: str | None
    company: str | None
    interest: str | None
    opportunity: UUID | None


@dataclass(frozen=True)
class Conversion:
    """What became of a lead; `id` and `version` are the lead's."""

    id: UUID
    version: int
    token: str
    opportunity: UUID


@router.post("", dependencies=[reads(holders)])
def capture_lead(
    body: CaptureLead,
    log: Log,
    streams: Streams,
    db: ReadModel,
    agent: CanSell,
    settings: Deployment,
) -> Created:
    """Somebody showed interest. Who is not known yet becomes a contact by it."""
    somebody = (
        Somebody(body.contact, provisional=False)
        if body.contact
        else people.recognise(
            db,
            streams.keys,
            email=body.email,
            phone=body.phone,
            region=settings.region,
            rules=settings.uniqueness,
        )
    )
    command = partial(
        capture,
        contact=somebody.contact,
        provisional=somebody.provisional,
        source=body.source,
        name=body.name,
        email=body.email,
        phone=body.phone,
        company=body.company,
        interest=body.interest,
    )
    return Created(log.execute(leads, uuid4(), command, occurred_at=body.occurred_at), "/leads/{id}")


@router.get("", dependencies=[reads(lead_list, aliases)])
def list_leads(
    page: PageQuery, db: ReadModel, agent: CanReadSales, status: LeadStatus | None = None, contact: UUID | None = None
) -> Page[LeadRow]:
    """Leads, the newest first; `contact` may be any id of a person."""
    return listing.find(db, status, aliases.ids_of(db, contact) if contact else None, page)


@router.get("/{lead}")
def show_lead(lead: UUID, streams: Streams, agent: CanReadSales, as_of: Moment | None = None) -> Versioned[LeadAnswer]:
    folded = streams.get(leads, lead, as_of=as_of)
    return Versioned(LeadAnswer(id=lead, **asdict(folded.state)), folded.version, folded.token)


@router.post("/{lead}/qualify")
def qualify_lead(lead: UUID, log: Log, agent: CanSell, expected: IfMatch, body: Report = Report()) -> Written:
    return log.execute(leads, lead, qualify, expected, occurred_at=body.occurred_at)


@router.post("/{lead}/disqualify")
def disqualify_lead(lead: UUID, body: DisqualifyLead, log: Log, agent: CanSell, expected: IfMatch) -> Written:
    command = partial(disqualify, reason=body.reason, note=body.note)
    return log.execute(leads, lead, command, expected, occurred_at=body.occurred_at)


@router.post("/{lead}/convert")
def convert_lead(
    lead: UUID, body: ConvertLead, log: Log, streams: Streams, agent: CanSell, expected: IfMatch
) -> Versioned[Conversion]:
    """Makes one opportunity of a lead, once; asked again, the answer names the same one (S1)."""
    captured = streams.get(leads, lead).state
    opportunity = opportunity_of(lead)
    opened = partial(
        open_opportunity,
        contact=captured.contact,
        title=body.title or captured.interest or f"Request of {captured.name}",
        amount=body.money,
        pipeline=pipeline_in_force(streams, body.pipeline),
        stage=body.stage,
        lead=lead,
    )
    written = log.with_(occurred_at=body.occurred_at).execute_together(
        Step(leads, lead, partial(convert, opportunity=opportunity), expected),
        Step(opportunities, opportunity, opened),
    )
    return Versioned(Conversion(lead, written.version, written.token, opportunity), written.version, written.token)
