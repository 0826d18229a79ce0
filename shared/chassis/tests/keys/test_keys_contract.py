"""What all keys promise, in memory and in PostgreSQL."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.chassis.keys import (
    BrokenSeal,
    Destroyed,
    KeyMissing,
    MemoryKeys,
)
from crm.chassis.keys.jwe import SubjectKey, parse
from crm.chassis.keys.stored import StoredKeys

ADA, BOB = uuid4(), uuid4()
OpenKeys: TypeAlias = Callable[..., StoredKeys]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=st.uuids(), event_id=st.text(max_size=50), plaintext=st.binary(max_size=300))
def test_what_was_sealed_opens_again(keys: StoredKeys, subject: UUID, event_id: str, plaintext: bytes) -> None:
    assert keys.unseal(keys.seal(subject, event_id, plaintext)) == plaintext


def test_another_process_opens_it_too(open_keys: OpenKeys, keys: StoredKeys) -> None:
    assert open_keys().unseal(keys.seal(ADA, "1", b"Ada")) == b"Ada"


def test_everybody_has_a_key_of_their_own(keys: StoredKeys) -> None:
    keys.create([ADA, BOB, ADA])
    assert keys.disclose(ADA) != keys.disclose(BOB)


def test_a_key_once_made_stays(open_keys: OpenKeys, keys: StoredKeys) -> None:
    token = keys.seal(ADA, "1", b"Ada")
    open_keys().create([ADA, BOB])
    assert open_keys().unseal(token) == b"Ada"


def test_creators_at_the_same_moment_agree(open_keys: OpenKeys) -> None:
    subjects = [uuid4() for _ in range(50)]
    start = threading.Barrier(4)

    def create(keys: StoredKeys) -> list[str]:
        start.wait(10)
        keys.create(subjects)
        return [keys.seal(each, "1", each.bytes) for each in subjects]

    processes = [open_keys() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(create, processes))
    reader = open_keys()
    for tokens in sealed:
        assert [reader.unseal(token) for token in tokens] == [each.bytes for each in subjects]


def test_nothing_opens_after_a_destruction(open_keys: OpenKeys, keys: StoredKeys) -> None:
    token = keys.seal(ADA, "1", b"Ada")
    keys.destroy(ADA)
    assert keys.unseal(token) is None
    assert open_keys().unseal(token) is None


def test_nothing_is_sealed_after_a_destruction(open_keys: OpenKeys, keys: StoredKeys) -> None:
    keys.seal(ADA, "1", b"Ada")
    keys.destroy(ADA)
    for each in (keys, open_keys()):
        with pytest.raises(Destroyed) as refused:
            each.seal(ADA, "2", b"Ada")
        assert refused.value.subject == ADA


def test_a_tombstone_is_left_also_where_there_was_no_key(open_keys: OpenKeys, keys: StoredKeys) -> None:
    keys.destroy(ADA)
    assert keys.is_destroyed(ADA)
    assert open_keys().is_destroyed(ADA)
    with pytest.raises(Destroyed):
        open_keys().seal(ADA, "1", b"Ada")


def test_a_tombstone_in_a_batch_is_named_and_the_others_get_their_keys(open_keys: OpenKeys, keys: StoredKeys) -> None:
    open_keys().destroy(ADA)
    with pytest.raises(Destroyed, match=str(ADA)):
        keys.create([ADA, BOB])
    assert open_keys().disclose(BOB)


def test_destroying_twice_is_destroying_once(open_keys: OpenKeys, keys: StoredKeys) -> None:
    keys.destroy(ADA)
    first = list(keys.destructions())
    keys.destroy(ADA)
    open_keys().destroy(ADA)
    assert list(keys.destructions()) == first
    assert [each.subject for each in first] == [ADA]


def test_whoever_is_not_destroyed_is_not_destroyed(keys: StoredKeys) -> None:
    assert not keys.is_destroyed(ADA)
    keys.create([ADA])
    assert not keys.is_destroyed(ADA)


def test_a_lost_key_is_not_taken_for_an_erasure(keys: StoredKeys) -> None:
    token = MemoryKeys().seal(ADA, "1", b"Ada")
    with pytest.raises(KeyMissing, match=str(ADA)):
        keys.unseal(token)
    with pytest.raises(KeyMissing, match=str(ADA)):
        keys.disclose(ADA)


def test_a_token_sealed_elsewhere_does_not_open(keys: StoredKeys) -> None:
    keys.create([ADA])
    with pytest.raises(BrokenSeal):
        keys.unseal(MemoryKeys().seal(ADA, "1", b"Ada"))


def test_a_disclosed_key_is_what_sealed(keys: StoredKeys) -> None:
    token = keys.seal(ADA, "1", b"Ada")
    key = keys.disclose(ADA)
    assert key is not None
    assert SubjectKey(ADA, key).open(parse(token)) == b"Ada"
    keys.destroy(ADA)
    assert keys.disclose(ADA) is None


def test_a_destroyed_key_lives_on_elsewhere_for_a_minute_at_most(open_keys: OpenKeys, clock: Any) -> None:
    here, there = open_keys(), open_keys()
    token = here.seal(ADA, "1", b"Ada")
    assert there.unseal(token) == b"Ada"
    here.destroy(ADA)
    clock.now += 60
    assert there.unseal(token) == b"Ada"
    clock.now += 0.1
    assert there.unseal(token) is None


def test_reading_a_cached_key_does_not_prolong_its_life(open_keys: OpenKeys, clock: Any) -> None:
    here, there = open_keys(), open_keys()
    token = here.seal(ADA, "1", b"Ada")
    for _ in range(7):
        there.unseal(token)
        clock.now += 10
    here.destroy(ADA)
    assert there.unseal(token) is None


def test_an_evicted_key_is_asked_for_anew(open_keys: OpenKeys) -> None:
    here, there = open_keys(), open_keys()
    token = here.seal(ADA, "1", b"Ada")
    there.unseal(token)
    here.destroy(ADA)
    there.evict(ADA)
    assert there.unseal(token) is None


def test_a_key_made_after_it_was_missed_is_found(open_keys: OpenKeys) -> None:
    writer, reader = open_keys(), open_keys()
    reader.prefetch([ADA])
    token = writer.seal(ADA, "1", b"Ada")
    assert reader.unseal(token) == b"Ada"
    reader.prefetch([BOB])
    assert writer.unseal(reader.seal(BOB, "1", b"Bob")) == b"Bob"


def test_a_cache_of_one_does_not_change_answers(open_keys: OpenKeys) -> None:
    keys = open_keys(cached_subjects=1)
    subjects = [uuid4() for _ in range(5)]
    tokens = [keys.seal(each, "1", each.bytes) for each in subjects]
    keys.prefetch(subjects)
    assert [keys.unseal(each) for each in tokens] == [each.bytes for each in subjects]


def test_without_a_cache_everything_still_works(open_keys: OpenKeys, clock: Any) -> None:
    keys = open_keys(cache_s=0)
    token = keys.seal(ADA, "1", b"Ada")
    clock.now += 1e-6
    assert keys.unseal(token) == b"Ada"


def test_nobody_caches_for_longer_than_a_minute(open_keys: OpenKeys) -> None:
    with pytest.raises(ValueError, match="60 seconds"):
        open_keys(cache_s=61)


def test_a_batch_larger_than_a_chunk(open_keys: OpenKeys, keys: StoredKeys) -> None:
    subjects = [uuid4() for _ in range(2_500)]
    keys.create(subjects)
    reader = open_keys()
    reader.prefetch(subjects)
    assert all(reader.unseal(keys.seal(each, "1", each.bytes)) == each.bytes for each in subjects)


def test_one_process_is_used_by_many_threads(open_keys: OpenKeys) -> None:
    keys = open_keys(cached_subjects=10)
    subjects = [uuid4() for _ in range(20)]

    def work(number: int) -> bool:
        subject = subjects[number % 20]
        return keys.unseal(keys.seal(subject, str(number), subject.bytes)) == subject.bytes

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))


def test_keys_do_not_show_what_they_hold(keys: StoredKeys) -> None:
    keys.create([ADA])
    assert "secret" not in repr(keys) and "M" * 8 not in repr(keys) and "postgres" not in repr(keys)
