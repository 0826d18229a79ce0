"""Approving a pair: the case and the merge are one append, so neither is ever there without the other."""

from collections.abc import Iterator, Mapping
from functools import partial
from uuid import UUID

from crm.chassis.log import EventLog, Step
from crm.contacts.merge_case import approve, close, merge_cases
from crm.contacts.proposal import propose
from crm.events.merging import MergeRule


def approving(
    log: EventLog,
    case_id: UUID,
    merge_id: UUID,
    *,
    rule: MergeRule = "manual",
    expected: int | None = None,
    survivor: UUID | None = None,
    choices: Mapping[str, UUID] | None = None,
    versions: Mapping[UUID, int] | None = None,
) -> Iterator[Step]:
    """The steps that approve a pair and merge it. Raises `Unknown`, `Erased`, `Rejected`; for `settle`.

    `expected` is the version of the case that the caller has seen, `versions` are those of the contacts.
    """
    case = log.get(merge_cases, case_id).state
    yield Step(merge_cases, case_id, approve, expected)
    proposal = propose(log, (case.first, case.second), survivor=survivor, choices=choices)
    yield from proposal.steps(merge_id, rule, versions or {})
    yield Step(merge_cases, case_id, partial(close, merge_id=merge_id))
