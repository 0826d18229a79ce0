"""Claims and provisional ids: the same in every process, in memory and in PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest

from crm.chassis.keys import (
    MemoryKeys,
)
from crm.chassis.keys.stored import StoredKeys

ADA, BOB = uuid4(), uuid4()
OpenKeys: TypeAlias = Callable[..., StoredKeys]


def test_all_services_mint_the_same_ids(open_keys: OpenKeys) -> None:
    here, there = open_keys(), open_keys()
    assert here.provisional_id("email", "ada@x.example") == there.provisional_id("email", "ada@x.example")
    assert here.claim_ids("email", "ada@x.example") == there.claim_ids("email", "ada@x.example")
    assert here.keyed_hash(b"request") == there.keyed_hash(b"request")


def test_the_first_claim_key_is_made_once(open_keys: OpenKeys) -> None:
    processes = [open_keys() for _ in range(4)]
    start = threading.Barrier(4)

    def mint(keys: StoredKeys) -> UUID:
        start.wait(10)
        return keys.provisional_id("email", "ada@x.example")

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(mint, processes))) == 1


def test_ids_differ_by_kind_by_identifier_and_by_use(keys: StoredKeys) -> None:
    named = [("email", "ada@x.example"), ("emai", "lada@x.example"), ("phone", "ada@x.example"), ("email", "bob@x")]
    ids = [keys.provisional_id(*each) for each in named] + [keys.claim_ids(*each)[0] for each in named]
    assert len(set(ids)) == 8
    assert {each.version for each in ids} == {8}


def test_ids_do_not_follow_from_the_identifier_alone() -> None:
    assert MemoryKeys().provisional_id("email", "ada") != MemoryKeys().provisional_id("email", "ada")


def test_a_rotation_adds_a_version_that_is_used_first(keys: StoredKeys) -> None:
    before = keys.claim_ids("email", "ada"), keys.provisional_id("email", "ada"), keys.keyed_hash(b"request")
    assert keys.rotate_claim_key(notice_s=0) == 2
    after = keys.claim_ids("email", "ada"), keys.provisional_id("email", "ada"), keys.keyed_hash(b"request")
    assert after[0][1:] == before[0] and len(after[0]) == 2
    assert after[1] != before[1]
    assert after[2] == before[2], "a retried request is still recognised"


def test_all_processes_switch_to_a_new_claim_key_at_once(open_keys: OpenKeys, clock: Any) -> None:
    here, there = open_keys(), open_keys()
    old = there.provisional_id("email", "ada")
    clock.now += 59
    here.rotate_claim_key(notice_s=120)
    for _ in range(11):
        assert here.provisional_id("email", "ada") == there.provisional_id("email", "ada") == old
        assert here.claim_ids("email", "ada") == there.claim_ids("email", "ada")
        clock.now += 5


def test_an_announced_claim_key_is_used_when_its_time_comes(open_keys: OpenKeys, clock: Any) -> None:
    here, there = open_keys(), open_keys()
    old = here.provisional_id("email", "ada")
    here.rotate_claim_key(notice_s=30)
    assert here.provisional_id("email", "ada") == there.provisional_id("email", "ada") == old
    clock.now += 30
    assert here.provisional_id("email", "ada") == there.provisional_id("email", "ada") != old


def test_a_rotation_elsewhere_is_learned_within_a_minute(open_keys: OpenKeys, clock: Any) -> None:
    here, there = open_keys(), open_keys()
    there.claim_ids("email", "ada")
    here.rotate_claim_key(notice_s=0)
    clock.now += 60.1
    assert there.claim_ids("email", "ada") == here.claim_ids("email", "ada")


def test_a_retired_claim_key_is_used_no_more(open_keys: OpenKeys, keys: StoredKeys) -> None:
    keys.rotate_claim_key(notice_s=0)
    newest, _ = keys.claim_ids("email", "ada")
    keys.retire_claim_key(1)
    assert keys.claim_ids("email", "ada") == open_keys().claim_ids("email", "ada") == [newest]
    assert keys.rotate_claim_key(notice_s=0) == 3


def test_the_claim_key_in_use_is_not_retired(keys: StoredKeys) -> None:
    keys.rotate_claim_key(notice_s=120)
    for version in (1, 2):
        with pytest.raises(ValueError, match="Rotate first"):
            keys.retire_claim_key(version)
