"""The lead list: one row per lead, as those see it who follow leads up."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from crm.chassis.paging import Page, PageRequest
from crm.chassis.projection import Db, Subject, View
from crm.events import Personal, Recorded
from crm.events.sales import LeadCaptured, LeadConverted, LeadDisqualified, LeadQualified
from crm.sales.lead import LeadStatus


@dataclass(frozen=True)
class LeadRow:
    """`version` is the one to send as If-Match. Times are UTC."""

    id: UUID
    contact: Subject
    status: LeadStatus
    source: str
    name: Personal[str]
    email: Personal[str | None]
    phone: Personal[str | None]
    company: Personal[str | None]
    interest: Personal[str | None]
    opportunity: UUID | None
    captured_at: datetime
    version: int


lead_list = View("lead_list", LeadRow, key="id", version=1, indexes=("captured_at, id", "status, captured_at, id"))


@lead_list.on(LeadCaptured)
def add(_: LeadRow | None, e: Recorded[LeadCaptured]) -> LeadRow:
    lead = e.fact
    return LeadRow(
        id=e.stream,
        contact=lead.contact,
        status="new",
        source=lead.source,
        name=lead.name,
        email=lead.email,
        phone=lead.phone,
        company=lead.company,
        interest=lead.interest,
        opportunity=None,
        captured_at=e.occurred_at,
        version=e.version,
    )


@lead_list.on(LeadQualified)
def mark_qualified(row: LeadRow, e: Recorded[LeadQualified]) -> LeadRow:
    return replace(row, status="qualified", version=e.version)


@lead_list.on(LeadDisqualified)
def mark_disqualified(row: LeadRow, e: Recorded[LeadDisqualified]) -> LeadRow:
    return replace(row, status="disqualified", version=e.version)


@lead_list.on(LeadConverted)
def link(row: LeadRow, e: Recorded[LeadConverted]) -> LeadRow:
    return replace(row, status="converted", opportunity=e.fact.opportunity, version=e.version)


def find(db: Db, status: LeadStatus | None, contacts: Sequence[UUID] | None, page: PageRequest) -> Page[LeadRow]:
    """Leads, the newest first; only those with a status, or of one person's contact ids, where given."""
    wanted = {"status = %s": status, "contact = ANY(%s)": list(contacts) if contacts else None}
    asked = {condition: value for condition, value in wanted.items() if value is not None}
    return lead_list.page(
        db,
        " AND ".join(asked) or "true",
        tuple(asked.values()),
        order_by=("captured_at DESC", "id DESC"),
        page=page,
    )
