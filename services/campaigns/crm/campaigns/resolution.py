"""Resolving an audience: step by step, each step with the messages it plans, so that it can be taken up anywhere."""

from typing import assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate
from crm.events.campaigns import AudienceResolved, RecipientsPlanned, ResolutionFact


class Resolution(Struct, frozen=True):
    """How many messages are planned, and which contact was the last one looked at."""

    campaign: UUID
    messages: int = 0
    through: UUID | None = None
    complete: bool = False


def resolution_stream(campaign: UUID) -> UUID:
    """Where the resolving of a campaign's audience is recorded."""
    return uuid5(campaign, "audience")


def advance(resolution: Resolution | None, *, campaign: UUID, messages: int, through: UUID) -> RecipientsPlanned:
    """One step further: so many messages were planned, up to a contact."""
    return RecipientsPlanned(campaign=campaign, messages=messages, through=through)


def conclude(resolution: Resolution | None, *, campaign: UUID) -> AudienceResolved | None:
    """Nobody is left to be looked at."""
    if resolution is not None and resolution.complete:
        return None
    return AudienceResolved(campaign=campaign, messages=resolution.messages if resolution else 0)


def evolve(resolution: Resolution | None, fact: ResolutionFact) -> Resolution:
    known = resolution or Resolution(fact.campaign)
    match fact:
        case RecipientsPlanned(messages=messages, through=through):
            return replace(known, messages=known.messages + messages, through=through)
        case AudienceResolved():
            return replace(known, complete=True)
        case _:
            assert_never(fact)


resolutions = Aggregate("resolution", ResolutionFact, evolve, about=None)
