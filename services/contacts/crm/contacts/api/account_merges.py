"""Merges of accounts: several turn out to be one organisation, or not after all."""

from functools import partial
from uuid import UUID, uuid4

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.contacts.account_merging import merging, previewed, unmerging
from crm.contacts.api.account_bodies import AccountAnswer, MergeAccounts, UnmergeAccounts
from crm.contacts.api.bodies import CanMergeContacts

router = Router(prefix="/accounts/{account_id}", tags=["accounts"])


@router.post("/merge/preview")
def preview_merge(account_id: UUID, body: MergeAccounts, streams: Streams, agent: CanMergeContacts) -> AccountAnswer:
    """What the account will be like, before anything is done. An absorbed id stands for the account it belongs to."""
    found = previewed(streams, uuid4(), account_id, body.absorb, _chosen(body))
    return AccountAnswer.of(found, found.own.parent, found.account.children)


@router.post("/merge")
def merge_accounts(
    account_id: UUID, body: MergeAccounts, log: Log, streams: Streams, agent: CanMergeContacts, expected: IfMatch
) -> Written:
    """Makes several accounts one (C6, C8). Nothing is moved or deleted, and any merge can be undone."""
    plan = partial(merging, streams, uuid4(), account_id, body.absorb, _chosen(body), expected)
    return log.execute_planned(plan)


def _chosen(body: MergeAccounts) -> dict[str, UUID]:
    return {str(field): source for field, source in body.choices.items()}


@router.post("/unmerge")
def unmerge_accounts(
    account_id: UUID, body: UnmergeAccounts, log: Log, streams: Streams, agent: CanMergeContacts, expected: IfMatch
) -> Written:
    """Undoes a merge of this account, whatever was merged since (C9)."""
    return log.execute_planned(partial(unmerging, streams, body.merge_id, account_id, body.reason, expected))
