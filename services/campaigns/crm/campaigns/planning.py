"""What happens by itself when a campaign starts: step by step, everybody in its audience gets a message planned.

A step's messages and how far it came are one append, so a step is done or it is not, whenever it is killed; and other
work gets its turn between two steps.
"""

from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID

from crm.campaigns.audience import members_after
from crm.campaigns.campaign import campaigns, check_running
from crm.campaigns.freshness import ContactsCopy, copy_of
from crm.campaigns.message import message_stream, messages, plan_message
from crm.campaigns.resolution import advance, conclude, resolution_stream, resolutions
from crm.chassis.decider import Rejected
from crm.chassis.keys import Destroyed
from crm.chassis.log import Commands, Step
from crm.chassis.people.known import KnownContact
from crm.chassis.policy import Policy, PolicyCommands
from crm.chassis.runtime import Runtime
from crm.events import Recorded
from crm.events.campaigns import CampaignStarted, RecipientsPlanned

STEP = 100
"""Contacts per step: an append that takes a fraction of a second, and few facts even for large audiences."""


class Planner:
    """Plans the messages of campaigns. One thread uses it; `copy` gives the copy of contacts of its runtime."""

    def __init__(self, copy: Callable[[Runtime], ContactsCopy] = copy_of, *, step: int = STEP) -> None:
        self._copy_of, self._step = copy, step
        self._copy: ContactsCopy | None = None

    def begin(self, e: Recorded[CampaignStarted], do: PolicyCommands, runtime: Runtime) -> None:
        """Waits until everybody is known whom contacts had told of before. Without Kafka whoever is known must do."""
        if runtime.settings.kafka:
            self._copy = self._copy or self._copy_of(runtime)
            self._copy.await_all_before(e.event_id)
        self._plan(do, runtime, e.stream, through=None, version=0)

    def go_on(self, e: Recorded[RecipientsPlanned], do: PolicyCommands, runtime: Runtime) -> None:
        """Takes up where a step ended."""
        self._plan(do, runtime, e.fact.campaign, through=e.fact.through, version=e.version)

    def _plan(self, do: Commands, runtime: Runtime, campaign: UUID, *, through: UUID | None, version: int) -> None:
        """Takes the next step; `version` is what the resolution is at, unless the step was taken already."""
        audience = runtime.log.get(campaigns, campaign).state.audience
        found = members_after(runtime.database, audience, through, self._step)
        runtime.keys.prefetch([each.contact_id for each in found])
        by_mail = do.with_(channel="email")  # what is decided hangs on the version, so it needs no mark of the policy
        try:
            if found:
                _take_step(by_mail, campaign, version, found)
            else:
                by_mail(resolutions, resolution_stream(campaign), partial(conclude, campaign=campaign), version)
        except Rejected:
            return  # it was taken already, or the campaign was stopped


def _take_step(do: Commands, campaign: UUID, version: int, found: Sequence[KnownContact]) -> None:
    through = found[-1].contact_id
    while True:
        record = partial(advance, campaign=campaign, messages=len(found), through=through)
        try:
            do.execute_together(
                Step(resolutions, resolution_stream(campaign), record, version),
                Step(campaigns, campaign, check_running),
                *(_planned(campaign, each) for each in found),
            )
        except Destroyed as gone:  # erased, and not heard of yet: nothing can be recorded about them any more
            found = [each for each in found if each.contact_id != gone.subject]
        else:
            return


def _planned(campaign: UUID, contact: KnownContact) -> Step:
    address = contact.emails[0] if contact.emails else None
    command = partial(plan_message, campaign=campaign, contact=contact.contact_id, address=address)
    return Step(messages, message_stream(campaign, contact.contact_id), command)


planning = Policy("planning")
_planner = Planner()
planning.whenever(CampaignStarted)(_planner.begin)
planning.whenever(RecipientsPlanned)(_planner.go_on)
