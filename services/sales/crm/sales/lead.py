"""A lead: somebody who showed interest, until it is clear whether there is a deal in it."""

from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.sales import LeadCaptured, LeadConverted, LeadDisqualified, LeadFact, LeadQualified

LeadStatus: TypeAlias = Literal["new", "qualified", "disqualified", "converted"]
WhyNot: TypeAlias = Literal["no need", "no budget", "no authority", "bad timing", "unreachable", "duplicate", "other"]


class Lead(Struct, frozen=True):
    """`opportunity` is what the lead became."""

    contact: UUID
    status: LeadStatus
    source: str
    name: str
    email: str | None
    phone: str | None
    company: str | None
    interest: str | None
    opportunity: UUID | None = None


def opportunity_of(lead: UUID) -> UUID:
    """The id of the opportunity a lead becomes: derived from the lead, so that there can be only one (S1)."""
    return uuid5(lead, "opportunity")


def capture(
    lead: Lead | None,
    *,
    contact: UUID,
    provisional: bool,
    source: str,
    name: str,
    email: str | None = None,
    phone: str | None = None,
    company: str | None = None,
    interest: str | None = None,
) -> LeadCaptured:
    """Somebody showed interest; `provisional` says that the contact's id was minted for a person nobody knew."""
    if lead is not None:
        raise Rejected("This lead is already captured.")
    return LeadCaptured(
        contact=contact,
        provisional=provisional,
        source=source,
        name=name,
        email=email,
        phone=phone,
        company=company,
        interest=interest,
    )


def qualify(lead: Lead | None) -> LeadQualified | None:
    """The lead is worth pursuing."""
    match _existing(lead).status:
        case "new":
            return LeadQualified()
        case "qualified":
            return None
        case "disqualified":
            raise Rejected("This lead was disqualified. Capture a new one if the interest is back.")
        case "converted":
            raise Rejected("This lead has already become an opportunity.")


def disqualify(lead: Lead | None, *, reason: WhyNot, note: str | None = None) -> LeadDisqualified | None:
    """There is no deal in this lead."""
    match _existing(lead).status:
        case "new" | "qualified":
            return LeadDisqualified(reason=reason, note=note)
        case "disqualified":
            return None
        case "converted":
            raise Rejected("This lead has already become an opportunity. Lose the opportunity instead.")


def convert(lead: Lead | None, *, opportunity: UUID) -> LeadConverted | None:
    """The lead becomes an opportunity, once; asked again, nothing more happens (S1)."""
    lead = _existing(lead)
    match lead.status:
        case "new":
            raise Rejected("Qualify this lead before you convert it.")
        case "qualified":
            return LeadConverted(contact=lead.contact, opportunity=opportunity)
        case "disqualified":
            raise Rejected("This lead was disqualified and cannot become an opportunity.")
        case "converted":
            return None


def _existing(lead: Lead | None) -> Lead:
    if lead is None:
        raise Unknown("There is no such lead.")
    return lead


def evolve(lead: Lead | None, fact: LeadFact) -> Lead:
    match fact:
        case LeadCaptured():
            return Lead(
                fact.contact, "new", fact.source, fact.name, fact.email, fact.phone, fact.company, fact.interest
            )
        case LeadQualified():
            assert lead
            return replace(lead, status="qualified")
        case LeadDisqualified():
            assert lead
            return replace(lead, status="disqualified")
        case LeadConverted(opportunity=opportunity):
            assert lead
            return replace(lead, status="converted", opportunity=opportunity)
        case _:
            assert_never(fact)


leads = Aggregate("lead", LeadFact, evolve, about=lambda stream, lead: {lead.contact})
