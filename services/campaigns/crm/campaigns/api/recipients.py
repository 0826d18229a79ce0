"""Recipients over HTTP: who would get a mail, who got it, who did not, and why."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.campaigns import recipient_list as listing
from crm.campaigns.api.permissions import CanReadCampaigns
from crm.campaigns.audience import members, size
from crm.campaigns.campaign import campaigns
from crm.campaigns.eligibility import EXPLANATIONS, obstacle
from crm.campaigns.message import MessageStatus
from crm.campaigns.people import COPIES, aliases, look_up
from crm.campaigns.recipient_list import RecipientRow, recipient_list
from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, reads
from crm.events.campaigns import SuppressionReason

router = Router(prefix="/campaigns/{campaign}", tags=["recipients"])

_SAYS: dict[MessageStatus, str] = {
    "planned": "It is not this message's turn yet.",
    "handed_off": "The mail server is just getting it.",
    "sent": "The mail server took it.",
    "failed": "The mail server did not take it.",
    "unknown": "It was handed over and no answer came: it may have arrived. It is not sent again.",
}


@dataclass(frozen=True)
class RecipientAnswer:
    """A message and what became of it; `explanation` says it in a sentence. Times are UTC."""

    message: UUID
    contact: UUID
    address: str | None
    status: MessageStatus
    reason: str | None
    code: int | None
    explanation: str
    planned_at: datetime
    decided_at: datetime | None
    clicks: int
    clicked_at: datetime | None
    unsubscribed_at: datetime | None

    @classmethod
    def of(cls, row: RecipientRow) -> "RecipientAnswer":
        said = next((each for reason, each in EXPLANATIONS.items() if reason == row.reason), _SAYS.get(row.status, ""))
        kept = {name: value for name, value in vars(row).items() if name != "campaign"}
        return cls(**kept, explanation=said)


@dataclass(frozen=True)
class Prospect:
    """Somebody in the audience; `reason` is why they would not get the mail as things stand now."""

    contact: UUID
    name: str
    address: str | None
    would_get_it: bool
    reason: SuppressionReason | None
    explanation: str | None


@dataclass(frozen=True)
class Preview:
    """A part of an audience that has `size` members in all."""

    size: int
    items: tuple[Prospect, ...]
    next: str | None


@router.get("/recipients", dependencies=[reads(recipient_list, aliases)])
def get_recipients(
    campaign: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadCampaigns,
    status: MessageStatus | None = None,
    contact: UUID | None = None,
) -> Page[RecipientAnswer]:
    """Why somebody got a mail or did not. Who is not listed was not in the audience."""
    streams.get(campaigns, campaign)
    ids = aliases.ids_of(db, contact) if contact else None
    found = listing.find(db, campaign, page, status=status, contacts=ids)
    return Page(tuple(map(RecipientAnswer.of, found.items)), found.next)


@router.post("/preview", dependencies=[reads(*COPIES)])
def post_preview(campaign: UUID, page: PageQuery, db: ReadModel, streams: Streams, agent: CanReadCampaigns) -> Preview:
    """Who would get the mail, and who would not and why, if it were sent now. Nothing is recorded."""
    state = streams.get(campaigns, campaign).state
    found = members(db, state.audience, page)
    items = []
    for each in found.items:
        address = each.emails[0] if each.emails else None
        standing = look_up(db, streams, each.contact_id, address, state.purpose).standing
        reason = obstacle(standing, address, stopped=state.stopped)
        explanation = EXPLANATIONS[reason] if reason else None
        items.append(Prospect(each.contact_id, each.name, address, reason is None, reason, explanation))
    return Preview(size(db, state.audience), tuple(items), found.next)
