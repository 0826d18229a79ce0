"""Trees of accounts as the log has them: walking up and down, and planning a change of place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from crm.chassis.decider import Command, refusing
from crm.chassis.log import EventLog, Step
from crm.contacts.account import accounts, merged_into
from crm.contacts.account_merger import Organisation
from crm.contacts.account_tree import DEEPEST, detach, gain_child, lose_child, place_under, rearrange
from crm.contacts.organisations import Accounts

MOST_SHOWN = 1_000
"""How many accounts of a tree are read at most."""


@dataclass(frozen=True)
class Node:
    """An account in a tree; `level` counts from 0, the account that was asked for. `parent` is a canonical id."""

    organisation: Organisation
    parent: UUID | None
    level: int

    @property
    def account_id(self) -> UUID:
        return self.organisation.account_id


@dataclass(frozen=True)
class Tree:
    """An account and all below it, level by level. `complete`: nothing was left out for being too much."""

    nodes: tuple[Node, ...]
    complete: bool


def tree_of(
    log: EventLog, account_id: UUID, *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> Tree:
    """The tree below an account, now or at a past moment (C11). Raises `Unknown` if there was no such account."""
    reader = Accounts(log, as_of=as_of, as_known_at=as_known_at)
    top = reader.find(account_id)
    above = reader.find_all([top.own.parent] if top.own.parent else [])
    latest = [Node(top, next((each.account_id for each in above.values()), None), 0)]
    found = list(latest)
    while below := {child: node.account_id for node in latest for child in sorted(node.organisation.account.children)}:
        children = {each.account_id: (each, below[id]) for id, each in reader.find_all(below).items()}
        new = sorted(children.keys() - {each.account_id for each in found})
        level, shown = latest[0].level + 1, new[: MOST_SHOWN - len(found)]
        latest = [Node(*children[each], level) for each in shown]
        found += latest
        if len(shown) < len(new):
            return Tree(tuple(found), complete=False)
        if not latest:
            break
    return Tree(tuple(found), complete=True)


def placing(log: EventLog, account_id: UUID, parent: UUID | None, expected: int | None = None) -> Sequence[Step]:
    """The steps that place an account under another one, or (None) take it out of its tree. A plan: `execute_planned`.

    The ways up and the levels below are read after the versions of the account and of the tops of its trees, and all of
    these are written to. Whatever moves in one of the trees writes to its top as well, so two changes always meet.
    """
    now = Accounts(log).find_all(filter(None, [account_id, parent]))
    whole, target = now.get(account_id), now.get(parent) if parent else None
    if whole and whole.account_id != account_id:
        return [Step(accounts, account_id, refusing(merged_into(whole.account_id)))]
    parent = target.account_id if target else parent
    old = whole.own.parent if whole else None
    seen = {account_id: whole.version if whole else 0}
    above: tuple[UUID, ...] = ()
    for each in (old, parent):
        if each not in (None, account_id):
            above, version = way_up(log, each)
            seen.setdefault(above[-1], version)
    place: Command = detach
    if parent is not None:
        levels = levels_of(log, account_id)
        place = partial(place_under, account_id=account_id, parent=parent, above=above, levels=levels)
    steps = [Step(accounts, account_id, place, expected, seen.pop(account_id))]
    if old == parent:
        return steps
    if parent is not None:
        steps.append(Step(accounts, parent, partial(gain_child, child=account_id), seen=seen.pop(parent, None)))
    if whole is not None and old is not None:
        steps += _leaving(whole, old, seen.pop(old, None))
    return [*steps, *telling(seen, account_id)]


def _leaving(whole: Organisation, old: UUID, seen: int | None) -> Iterator[Step]:
    """What was absorbed beside an account leaves with it, so that no edge is hidden behind a merge."""
    for each in whole.members():
        if each.own.parent == old:
            if each is not whole:
                yield Step(accounts, each.account_id, detach, seen=each.version)
            yield Step(accounts, old, partial(lose_child, child=each.account_id), seen=seen)
            seen = None


def telling(seen: Mapping[UUID, int], moved: UUID) -> list[Step]:
    """The tops of the trees that change are told, if their versions are still the ones that were seen."""
    return [Step(accounts, top, partial(rearrange, moved=moved), seen=seen[top]) for top in sorted(seen)]


def way_up(log: EventLog, account_id: UUID) -> tuple[tuple[UUID, ...], int]:
    """An account and all above it, and the version of the topmost as it was before the way was read."""
    way = _ancestors(log, account_id)
    while True:
        top = log.get_all(accounts, way[-1:]).get(way[-1])
        again = _ancestors(log, account_id)
        if again == way:
            return way, top.version if top else 0
        way = again


def _ancestors(log: EventLog, account_id: UUID) -> tuple[UUID, ...]:
    reader, way = Accounts(log), list[UUID]()
    above: UUID | None = account_id
    while above is not None:
        found = reader.find_all([above]).get(above)
        canonical = found.account_id if found else above
        if canonical in way:
            break
        way.append(canonical)
        above = found.own.parent if found else None
    return tuple(way)


def levels_of(log: EventLog, account_id: UUID) -> int:
    """How many levels an account has with all below it; not counted further than the deepest tree."""
    reader, levels, latest = Accounts(log), 0, [account_id]
    while latest and levels <= DEEPEST:
        levels += 1
        latest = sorted({each for found in reader.find_all(latest).values() for each in found.account.children})
    return levels
