"""Trees of accounts as the log has them: walking up and down, and planning a change of place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from crm.chassis.decider import Command
from crm.chassis.log import EventLog, Step
from crm.contacts.account import Account, accounts
from crm.contacts.account_tree import DEEPEST, detach, gain_child, lose_child, place_under, rearrange

MOST_SHOWN = 1_000
"""How many accounts of a tree are read at most."""


@dataclass(frozen=True)
class Node:
    """An account in a tree; `level` counts from 0, the account that was asked for."""

    account_id: UUID
    account: Account
    level: int


@dataclass(frozen=True)
class Tree:
    """An account and all below it, level by level. `complete`: nothing was left out for being too much."""

    nodes: tuple[Node, ...]
    complete: bool


def tree_of(
    log: EventLog, account_id: UUID, *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> Tree:
    """The tree below an account, now or at a past moment (C11). Raises `Unknown` if there was no such account."""
    found = [Node(account_id, log.get(accounts, account_id, as_of=as_of, as_known_at=as_known_at).state, 0)]
    latest = found
    while below := sorted({child for node in latest for child in node.account.children} - _ids(found)):
        shown = below[: MOST_SHOWN - len(found)]
        folded = log.get_all(accounts, shown, as_of=as_of, as_known_at=as_known_at)
        level = latest[0].level + 1
        latest = [Node(each, folded[each].state, level) for each in shown if each in folded]
        found = [*found, *latest]
        if len(shown) < len(below):
            return Tree(tuple(found), complete=False)
    return Tree(tuple(found), complete=True)


def placing(log: EventLog, account_id: UUID, parent: UUID | None, expected: int | None = None) -> Sequence[Step]:
    """The steps that place an account under another one, or (None) take it out of its tree. A plan: `execute_planned`.

    The ways up and the levels below are read after the versions of the account and of the tops of its trees, and all of
    these are written to. Whatever moves in one of the trees writes to its top as well, so two changes always meet.
    """
    now = log.get_all(accounts, [account_id]).get(account_id)
    old = now.state.parent if now else None
    seen = {account_id: now.version if now else 0}
    above: tuple[UUID, ...] = ()
    for each in (old, parent):
        if each not in (None, account_id):
            above, version = _way_up(log, each)
            seen.setdefault(above[-1], version)
    place: Command = detach
    if parent is not None:
        levels = _levels(log, account_id)
        place = partial(place_under, account_id=account_id, parent=parent, above=above, levels=levels)
    steps = [Step(accounts, account_id, place, expected, seen.pop(account_id))]
    if old == parent:
        return steps
    for each, change in ((old, lose_child), (parent, gain_child)):
        if each is not None:
            steps.append(Step(accounts, each, partial(change, child=account_id), seen=seen.pop(each, None)))
    return steps + [Step(accounts, top, partial(rearrange, moved=account_id), seen=seen[top]) for top in sorted(seen)]


def _way_up(log: EventLog, account_id: UUID) -> tuple[tuple[UUID, ...], int]:
    """An account and all above it, and the version of the topmost as it was before the way was read."""
    way = _ancestors(log, account_id)
    while True:
        top = log.get_all(accounts, way[-1:]).get(way[-1])
        again = _ancestors(log, account_id)
        if again == way:
            return way, top.version if top else 0
        way = again


def _ancestors(log: EventLog, account_id: UUID) -> tuple[UUID, ...]:
    way: list[UUID] = []
    above: UUID | None = account_id
    while above is not None and above not in way:
        way.append(above)
        folded = log.get_all(accounts, [above]).get(above)
        above = folded.state.parent if folded else None
    return tuple(way)


def _levels(log: EventLog, account_id: UUID) -> int:
    """How many levels an account has with all below it; not counted further than the deepest tree."""
    levels, latest = 0, [account_id]
    while latest and levels <= DEEPEST:
        levels += 1
        latest = sorted({each for f in log.get_all(accounts, latest).values() for each in f.state.children})
    return levels


def _ids(nodes: Sequence[Node]) -> set[UUID]:
    return {each.account_id for each in nodes}
