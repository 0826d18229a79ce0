"""C8: merges that meet end in one tree, on the real log; who comes too late is told so."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Conflict, Context, EventLog, Idempotency, PostgresStore, Written
from crm.contacts.contact import Contact, contacts
from crm.contacts.lookup import find
from crm.contacts.proposal import merge_contacts
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.contacts.settling import living, settle
from crm.contacts.undoing import by_id, undoing

WRITERS = 16


@pytest.fixture
def log(db: Database) -> Iterator[EventLog]:
    wide = Database(db.dsn, max_size=WRITERS)
    yield service.log(PostgresStore(wide), MemoryKeys())
    wide.close()


def several(log: EventLog, count: int) -> list[UUID]:
    do, ids = log.commands(Context("user:ada")), [uuid4() for _ in range(count)]
    for each in ids:
        do(contacts, each, partial(register, name=f"N {each}"))
    return ids


def merge(log: EventLog, survivor: UUID, other: UUID, key: str | None = None) -> Written | None:
    """None if it was refused."""
    idempotency = Idempotency("user:ada", key, b"merge") if key else None
    do, merge_id = log.commands(Context("user:ada", idempotency=idempotency)), uuid4()
    try:
        return merge_contacts(log, do, [survivor, other], merge_id=merge_id, survivor=survivor)
    except (Rejected, Conflict):
        return None


def undo(log: EventLog, contact: UUID) -> None:
    """Undoes every merge of a person that nobody else undoes first."""
    person, do = living(log, contact), log.commands(Context("user:ada"))
    for merge_id in [each.merge_id for member in person.members() for each in member.contact.merges.in_force]:
        steps = partial(undoing, person, by_id(person, merge_id), "Not one")
        try:
            settle(do, contact, steps)
        except (Rejected, Conflict):
            continue


def check_tree(log: EventLog, ids: list[UUID]) -> dict[UUID, UUID]:
    """Both sides of every merge agree, and everybody has one canonical id. Returns it by id."""
    states: dict[UUID, Contact] = {each: log.get(contacts, each).state for each in ids}
    below = {(each, holder) for holder in ids for each in states[holder].merges.absorbed}
    assert below == {(each, states[each].alias_of) for each in ids if states[each].alias_of}
    for each in ids:
        holder, merge_id = states[each].alias_of, states[each].merge_id
        assert (
            holder is None or each in next(m for m in states[holder].merges.in_force if m.merge_id == merge_id).absorbed
        )
    canonical = {each: find(log, each).contact_id for each in ids}
    for each, root in canonical.items():
        assert each in {member.contact_id for member in find(log, root).family.members()}
    return canonical


def test_c8_opposite_merges_end_in_one_person(log: EventLog) -> None:
    a, b = several(log, 2)
    pairs = [(a, b), (b, a)] * (WRITERS // 2)
    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(lambda pair: merge(log, *pair), pairs))
    assert sum(each is not None for each in done) == 1
    assert len(set(check_tree(log, [a, b]).values())) == 1


def test_c8_rings_of_three_end_in_one_person(log: EventLog) -> None:
    a, b, c = several(log, 3)
    ring = [(a, b), (b, c), (c, a), (b, a), (c, b), (a, c)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda at: merge(log, *ring[at % len(ring)]), range(WRITERS)))
    merge(log, a, b)
    merge(log, a, c)
    assert len(set(check_tree(log, [a, b, c]).values())) == 1


@pytest.mark.parametrize("seed", range(3))
def test_c8_whatever_is_merged_and_undone_at_once_both_sides_agree(log: EventLog, seed: int) -> None:
    ids = several(log, 6)

    def work(writer: int) -> None:
        random = Random(seed * WRITERS + writer)
        for _ in range(4):
            one, other = random.sample(ids, 2)
            if random.random() < 0.3:
                undo(log, one)
            else:
                merge(log, find(log, one).contact_id, other)

    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(work, range(WRITERS)))
    check_tree(log, ids)


def test_c8_a_repeated_request_merges_once_and_everybody_is_told_the_same(log: EventLog) -> None:
    a, b = several(log, 2)
    with ThreadPoolExecutor(WRITERS) as pool:
        done = list(pool.map(lambda _: merge(log, a, b, key="one"), range(WRITERS)))
    assert len({each and (each.stream, each.version, each.event_ids) for each in done}) == 1
    assert done[0] is not None
    assert len(log.get(contacts, a).state.merges.in_force) == 1
