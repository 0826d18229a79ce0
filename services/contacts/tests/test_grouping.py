"""Trees of accounts under load: sixteen threads on the real log, never a ring, never too deep."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Conflict, Context, EventLog, MemoryStore, PostgresStore
from crm.chassis.migrations import migrate
from crm.contacts.account import Account, accounts
from crm.contacts.account_record import register_account
from crm.contacts.account_tree import DEEPEST
from crm.contacts.grouping import placing, tree_of
from crm.contacts.service import service

THREADS, MOVES = 16, 12
me = Context("user:ada")


@pytest.fixture
def real_log(database: str) -> Iterator[EventLog]:
    migrate(database)
    opened = Database(database, max_size=THREADS)
    yield service.log(PostgresStore(opened), MemoryKeys())
    opened.close()


@pytest.fixture
def memory_log() -> EventLog:
    return service.log(MemoryStore(), MemoryKeys())


def registered(log: EventLog, many: int) -> list[UUID]:
    ids = [uuid4() for _ in range(many)]
    for each in ids:
        log.commands(me).execute(accounts, each, partial(register_account, name=f"Account {each}"))
    return ids


def place(log: EventLog, account: UUID, parent: UUID | None) -> None:
    log.commands(me).execute_planned(partial(placing, log, account, parent))


def chain(log: EventLog, length: int) -> list[UUID]:
    ids = registered(log, length)
    for above, below in zip(ids, ids[1:], strict=False):
        place(log, below, above)
    return ids


def states(log: EventLog, ids: list[UUID]) -> dict[UUID, Account]:
    return {each: folded.state for each, folded in log.get_all(accounts, ids).items()}


def check(log: EventLog, ids: list[UUID]) -> None:
    """Both sides of every edge agree; every way up ends, after at most ten accounts."""
    known = states(log, ids)
    for each, account in known.items():
        if account.parent is not None:
            assert each in known[account.parent].children
        assert all(known[child].parent == each for child in account.children)
        way = [each]
        while (above := known[way[-1]].parent) is not None:
            assert above not in way, "a ring"
            way.append(above)
        assert len(way) <= DEEPEST, "too deep"


def together(*moves: Callable[[], None]) -> None:
    def run(move: Callable[[], None]) -> None:
        try:
            move()
        except (Rejected, Conflict):
            return

    with ThreadPoolExecutor(len(moves)) as pool:
        list(pool.map(run, moves))


def test_a_tree_is_read_level_by_level_now(memory_log: EventLog) -> None:
    top, middle, leaf = chain(memory_log, 3)
    tree = tree_of(memory_log, top)
    assert [(each.account_id, each.level) for each in tree.nodes] == [(top, 0), (middle, 1), (leaf, 2)]
    assert tree.complete


def test_an_account_is_not_placed_below_itself_nor_too_deep(memory_log: EventLog) -> None:
    ids = chain(memory_log, DEEPEST)
    for account, parent in ((ids[0], ids[9]), (ids[3], ids[3]), (registered(memory_log, 1)[0], ids[9])):
        with pytest.raises(Rejected):
            place(memory_log, account, parent)
    two, five = chain(memory_log, 2), chain(memory_log, 5)
    with pytest.raises(Rejected, match="at most 10"):
        place(memory_log, two[0], ids[8])
    place(memory_log, two[0], ids[7])
    with pytest.raises(Rejected, match="at most 10"):
        place(memory_log, five[0], ids[5])
    check(memory_log, [*ids, *two, *five])


def test_a_whole_branch_moves_from_one_tree_to_another(memory_log: EventLog) -> None:
    here, there = chain(memory_log, 4), chain(memory_log, 3)
    place(memory_log, here[2], there[1])
    shown = [each.account_id for each in tree_of(memory_log, there[0]).nodes]
    assert shown == [*there[:2], *sorted([there[2], here[2]]), here[3]]
    place(memory_log, here[2], None)
    check(memory_log, [*here, *there])


def test_two_trees_that_are_put_below_each_other_at_once_make_no_ring(real_log: EventLog) -> None:
    """The two changes name four different accounts; they meet at the tops of the trees."""
    for _ in range(6):
        one, other = chain(real_log, 3), chain(real_log, 3)
        moves = (
            partial(place, real_log, one[0], other[2]),
            partial(place, real_log, other[0], one[2]),
        )
        together(*moves * (THREADS // 2))
        check(real_log, [*one, *other])
        assert sum(each.parent is not None for each in states(real_log, [one[0], other[0]]).values()) == 1


def test_a_tree_that_grows_above_and_below_at_once_does_not_get_too_deep(real_log: EventLog) -> None:
    for _ in range(4):
        upper, middle, lower = chain(real_log, 4), chain(real_log, 4), chain(real_log, 4)
        moves = (partial(place, real_log, middle[1], upper[3]), partial(place, real_log, lower[0], middle[3]))
        together(*moves * (THREADS // 2))
        check(real_log, [*upper, *middle, *lower])


def test_sixteen_threads_move_accounts_about_and_the_trees_stay_trees(real_log: EventLog) -> None:
    ids = registered(real_log, 14)

    def wander(seed: int) -> None:
        choose = random.Random(seed)
        for _ in range(MOVES):
            account, parent = choose.sample(ids, 2)
            try:
                place(real_log, account, parent if choose.random() < 0.85 else None)
            except (Rejected, Conflict):
                continue

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(wander, range(THREADS)))
    check(real_log, ids)
    assert any(each.parent is not None for each in states(real_log, ids).values())
