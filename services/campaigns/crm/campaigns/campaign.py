"""A campaign: one mailing, planned, started, and completed when every message has had its turn, or earlier by hand."""

from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from crm.campaigns.template import parse_subject, parse_text
from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.campaigns import Audience, CampaignCompleted, CampaignFact, CampaignPlanned, CampaignStarted

CampaignStatus: TypeAlias = Literal["planned", "running", "completed"]


class Campaign(Struct, frozen=True):
    """`subject` and `text` are templates. `stopped`: somebody ended it before every message had its turn."""

    name: str
    subject: str
    text: str
    purpose: str
    audience: Audience
    status: CampaignStatus = "planned"
    stopped: bool = False


def plan(
    campaign: Campaign | None, *, name: str, subject: str, text: str, purpose: str, audience: Audience
) -> CampaignPlanned:
    """Plans a mailing. A template with a field that is not known is refused now, not at the first recipient."""
    if campaign is not None:
        raise Rejected("This campaign is already planned.")
    parse_subject(subject)
    parse_text(text)
    return CampaignPlanned(name=name, subject=subject, text=text, purpose=purpose, audience=audience)


def start(campaign: Campaign | None) -> CampaignStarted | None:
    """From now on messages go out."""
    match existing(campaign).status:
        case "planned":
            return CampaignStarted()
        case "running":
            return None
        case "completed":
            raise Rejected("This campaign is completed. Plan a new one.")


def complete(campaign: Campaign | None) -> CampaignCompleted | None:
    """Ends a campaign: what has not been sent yet will not be."""
    return None if existing(campaign).status == "completed" else CampaignCompleted(outcome="stopped")


def finish(campaign: Campaign | None) -> CampaignCompleted | None:
    """Every message has had its turn."""
    return CampaignCompleted(outcome="finished") if existing(campaign).status == "running" else None


def check_running(campaign: Campaign | None) -> None:
    """Decides nothing. Raises `Rejected` unless messages may be planned."""
    if existing(campaign).status != "running":
        raise Rejected("This campaign is not running.")


def existing(campaign: Campaign | None) -> Campaign:
    if campaign is None:
        raise Unknown("There is no such campaign.")
    return campaign


def evolve(campaign: Campaign | None, fact: CampaignFact) -> Campaign:
    match fact:
        case CampaignPlanned(name, subject, text, purpose, audience):
            return Campaign(name, subject, text, purpose, audience)
        case CampaignStarted():
            return replace(existing(campaign), status="running")
        case CampaignCompleted(outcome=outcome):
            return replace(existing(campaign), status="completed", stopped=outcome == "stopped")
        case _:
            assert_never(fact)


campaigns = Aggregate("campaign", CampaignFact, evolve, about=None)
