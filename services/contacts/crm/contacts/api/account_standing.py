"""How accounts stand with us: customer or not, who takes care of them, tags, the archive, ids in other systems."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.chassis.log import Step
from crm.chassis.people.fields import Report
from crm.contacts import account_record as record
from crm.contacts.account import accounts
from crm.contacts.api.account_bodies import AssignAccount, Reasoned
from crm.contacts.api.bodies import CanEditContacts
from crm.contacts.api.particulars import ATag, External, SetAttributes
from crm.contacts.attributing import in_force, unchanged

router = Router(prefix="/accounts/{account_id}", tags=["accounts"])


@router.post("/become-customer")
def become_customer(account_id: UUID, body: Report, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """A prospect buys, or a former customer comes back."""
    return log.execute(accounts, account_id, record.become_customer, expected, occurred_at=body.occurred_at)


@router.post("/become-former")
def become_former(account_id: UUID, body: Reasoned, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """A customer is one no more."""
    command = partial(record.become_former, reason=body.reason)
    return log.execute(accounts, account_id, command, expected, occurred_at=body.occurred_at)


@router.put("/owner")
def assign_account(
    account_id: UUID, body: AssignAccount, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """A colleague takes care of an account."""
    return log.execute(accounts, account_id, partial(record.assign_account, owner=body.owner), expected)


@router.post("/tags")
def tag_account(account_id: UUID, body: ATag, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Puts a tag on an account."""
    return log.execute(accounts, account_id, partial(record.tag_account, tag=body.tag), expected)


@router.post("/tags/remove")
def untag_account(account_id: UUID, body: ATag, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Takes a tag off an account."""
    return log.execute(accounts, account_id, partial(record.untag_account, tag=body.tag), expected)


@router.post("/archive")
def archive_account(account_id: UUID, body: Reasoned, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Lists leave an account out from now on; it stays readable."""
    command = partial(record.archive_account, reason=body.reason)
    return log.execute(accounts, account_id, command, expected, occurred_at=body.occurred_at)


@router.post("/restore")
def restore_account(account_id: UUID, body: Report, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Takes an account out of the archive."""
    return log.execute(accounts, account_id, record.reactivate_account, expected, occurred_at=body.occurred_at)


@router.post("/external-ids")
def link_account(account_id: UUID, body: External, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Records what another system calls an account."""
    command = partial(record.link_account, external_id=body.as_fact())
    return log.execute(accounts, account_id, command, expected)


@router.post("/external-ids/remove")
def unlink_account(account_id: UUID, body: External, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Records that another system does not know an account by this id any more."""
    command = partial(record.unlink_account, external_id=body.as_fact())
    return log.execute(accounts, account_id, command, expected)


@router.patch("/attributes")
def describe_account(
    account_id: UUID, body: SetAttributes, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Sets custom attributes, or takes their values away."""

    def plan() -> Sequence[Step]:
        rules = in_force(streams, "account")
        command = partial(record.describe, attributes=body.attributes, rules=rules)
        return [Step(accounts, account_id, command, expected), unchanged("account", rules)]

    return log.execute_planned(plan)
