"""Affiliations: somebody belongs to an account, in a role, from when until when."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.chassis.log import Step
from crm.contacts.affiliating import affiliating, giving_way
from crm.contacts.affiliation import affiliate, become_primary, become_secondary, end
from crm.contacts.api.bodies import CanEditContacts, NameText

router = Router(prefix="/contacts/{contact_id}/accounts/{account_id}", tags=["affiliations"])

Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 12, 31))]


class Affiliate(BaseModel, extra="forbid"):
    """The whole affiliation as it is. A period that begins after the last one ended is a new one.

    With `since` the role holds from that day on; without it the role as known so far is corrected.
    """

    role: NameText | None = None
    department: NameText | None = None
    valid_from: Day | None = None
    valid_to: Day | None = Field(None, description="The last day.")
    since: Day | None = None
    primary: bool | None = Field(None, description="Whether it is the contact's primary account; null leaves it.")


class EndAffiliation(BaseModel, extra="forbid"):
    """The last day; today, if it is left out."""

    valid_to: Day | None = None


@router.put("")
def put_affiliation(
    contact_id: UUID,
    account_id: UUID,
    body: Affiliate,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
) -> Written:
    """Makes a contact belong to an account, or puts right what is known of it. `If-Match` is the contact's version."""
    command = partial(
        affiliate,
        contact=contact_id,
        account=account_id,
        role=body.role,
        department=body.department,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        since=body.since,
    )

    def plan() -> Sequence[Step]:
        [step] = affiliating(streams, contact_id, account_id, command, expected)
        if body.primary is None:
            return [step]
        if body.primary is False:
            return [step, Step(step.aggregate, step.stream, become_secondary)]
        first = Step(step.aggregate, step.stream, partial(become_primary, today=_today()))
        return [step, first, *giving_way(streams, contact_id, account_id)]

    return log.execute_planned(plan)


@router.post("/end")
def end_affiliation(
    contact_id: UUID,
    account_id: UUID,
    body: EndAffiliation,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
) -> Written:
    """Records that a contact left an account. `If-Match` is the contact's version."""
    command = partial(end, valid_to=body.valid_to or _today())
    return log.execute_planned(partial(affiliating, streams, contact_id, account_id, command, expected))


def _today() -> date:
    return datetime.now(UTC).date()
