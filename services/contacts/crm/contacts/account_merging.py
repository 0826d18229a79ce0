"""Plans of merging accounts and of undoing it. Each tree that changes is told at its top, as for a change of place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from crm.chassis.decider import Command, Rejected, Unknown, refusing
from crm.chassis.log import EventLog, Step
from crm.contacts.account import accounts
from crm.contacts.account_merger import (
    Organisation,
    absorb_account,
    merge_accounts,
    restore_merged,
    standing,
    unmerge_accounts,
)
from crm.contacts.account_tree import DEEPEST
from crm.contacts.grouping import levels_of, telling, way_up
from crm.contacts.organisations import Accounts


def merging(
    log: EventLog,
    merge_id: UUID,
    account_id: UUID,
    absorb: Sequence[UUID],
    choices: Mapping[str, UUID],
    expected: int | None = None,
) -> Sequence[Step]:
    """The steps that merge accounts into one; an absorbed id stands for the account it belongs to (C8)."""
    try:
        way, version, survivor, absorbed = _taking_part(log, account_id, absorb)
    except Rejected as refusal:
        return [Step(accounts, account_id, refusing(refusal))]
    command, part = _sides(merge_id, survivor, absorbed, choices)
    steps = [Step(accounts, survivor.account_id, command, expected, survivor.version)]
    steps += [Step(accounts, each.account_id, part, seen=each.version) for each in absorbed]
    return [*steps, *telling({way[-1]: version} if len(way) > 1 else {}, survivor.account_id)]


def previewed(
    log: EventLog, merge_id: UUID, account_id: UUID, absorb: Sequence[UUID], choices: Mapping[str, UUID]
) -> Organisation:
    """What the account will be like after a merge; nothing is recorded. Raises what the merge would be refused with."""
    _, _, survivor, absorbed = _taking_part(log, account_id, absorb)
    command, part = _sides(merge_id, survivor, absorbed, choices)
    for each in absorbed:
        part(each.own)
    own = accounts.evolve(survivor.own, command(survivor.own))
    return replace(survivor, own=own, absorbed=(*survivor.absorbed, *absorbed))


def unmerging(
    log: EventLog, merge_id: UUID, account_id: UUID, reason: str, expected: int | None = None
) -> Sequence[Step]:
    """The steps that undo a merge of an account, or of one that it absorbed since (C9)."""
    found = Accounts(log).find_all([account_id]).get(account_id)
    owner = next((each for each in found.members() if each.own.merges.find(merge_id)), found) if found else None
    if found is None or owner is None:
        return [Step(accounts, account_id, partial(unmerge_accounts, merge_id=merge_id, reason=reason))]
    way, version = way_up(log, found.account_id)
    command = partial(unmerge_accounts, merge_id=merge_id, reason=reason)
    steps = [Step(accounts, owner.account_id, command, expected, owner.version)]
    merge = owner.own.merges.find(merge_id)
    for each in merge.absorbed if merge else ():
        steps.append(Step(accounts, each, partial(restore_merged, merge_id=merge_id)))
    return [*steps, *telling({way[-1]: version} if way[-1] != owner.account_id else {}, found.account_id)]


def _taking_part(
    log: EventLog, account_id: UUID, absorb: Sequence[UUID]
) -> tuple[Sequence[UUID], int, Organisation, Sequence[Organisation]]:
    """The way up from the survivor, the version at its top, the survivor, and those it would absorb."""
    survivor, *absorbed = _apart(log, account_id, absorb)
    way, version = way_up(log, survivor.account_id)
    _fitting(log, way, (survivor, *absorbed))
    return way, version, survivor, absorbed


def _sides(
    merge_id: UUID, survivor: Organisation, absorbed: Sequence[Organisation], choices: Mapping[str, UUID]
) -> tuple[Command, Command]:
    """The command on the survivor, and that on each it absorbs."""
    command = partial(
        merge_accounts,
        merge_id=merge_id,
        survivor=survivor,
        absorbed=absorbed,
        choices=standing((survivor, *absorbed)) | dict(choices),
    )
    part = partial(absorb_account, merge_id=merge_id, survivor=survivor.account_id, beside=survivor.own.parent)
    return command, part


def _apart(log: EventLog, account_id: UUID, absorb: Sequence[UUID]) -> list[Organisation]:
    found = Accounts(log).find_all([account_id, *absorb])
    if missing := {account_id, *absorb} - found.keys():
        raise Unknown("There is no such account.", field="absorb" if account_id not in missing else None)
    families = [found[each] for each in (account_id, *absorb)]
    if len({each.account_id for each in families}) < len(families):
        raise Rejected("These ids are one account already.", field="absorb")
    return families


def _fitting(log: EventLog, way: Sequence[UUID], families: Sequence[Organisation]) -> None:
    if any(each.account_id in way for each in families[1:]):
        raise Rejected("One of these accounts belongs to another. Take it out of its tree first.", field="absorb")
    if len(way) - 1 + max(levels_of(log, each.account_id) for each in families) > DEEPEST:
        raise Rejected(f"Together they would be a tree of more than {DEEPEST} levels.", field="absorb")
