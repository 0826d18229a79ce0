"""How often the keyring is asked, and that an eviction beats a read under way."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.chassis.keys import Destroyed, KeyringUnavailable, MemoryKeys
from crm.chassis.keys.claim_keys import ClaimKey
from crm.chassis.keys.memory import MemoryKeyStore

ADA = uuid4()


class Watched(MemoryKeyStore):
    """A store that counts what it is asked, can do something just after a read, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Sequence[UUID]] = []
        self.creations = 0
        self.after_reading: Callable[[], object] = lambda: None
        self.is_away = False

    def read(self, subjects: Sequence[UUID]) -> dict[UUID, bytes | None]:
        self.asked.append(list(subjects))
        found = super().read(subjects)
        self.after_reading()
        return found

    def create(self, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes | None]:
        self.creations += 1
        return super().create(fresh)

    def claim_keys(self) -> list[ClaimKey]:
        if self.is_away:
            raise KeyringUnavailable("away")
        return super().claim_keys()


@pytest.fixture
def store() -> Watched:
    return Watched()


@pytest.fixture
def keys(store: Watched, clock: Any) -> MemoryKeys:
    return MemoryKeys(store, clock=clock)


def test_a_batch_asks_once(store: Watched, keys: MemoryKeys, clock: Any) -> None:
    subjects = [uuid4() for _ in range(100)]
    tokens = [MemoryKeys(store).seal(each, "1", b"x") for each in subjects]
    keys.prefetch([*subjects, *subjects])
    for token in tokens:
        keys.unseal(token)
    keys.prefetch(subjects)
    assert [len(each) for each in store.asked] == [100]


def test_subjects_without_a_key_are_not_asked_for_in_every_batch(store: Watched, keys: MemoryKeys) -> None:
    keys.prefetch([ADA])
    keys.prefetch([ADA])
    assert len(store.asked) == 1


def test_a_batch_does_not_start_with_keys_about_to_expire(store: Watched, keys: MemoryKeys, clock: Any) -> None:
    token = keys.seal(ADA, "1", b"x")
    clock.now += 59
    keys.prefetch([ADA])
    assert len(store.asked) == 1
    clock.now += 30
    keys.unseal(token)
    assert len(store.asked) == 1


def test_the_erased_are_not_asked_for_again(store: Watched, keys: MemoryKeys, clock: Any) -> None:
    token = MemoryKeys(store).seal(ADA, "1", b"x")
    MemoryKeys(store).destroy(ADA)
    keys.prefetch([ADA])
    clock.now += 3_600
    assert keys.unseal(token) is None
    keys.prefetch([ADA])
    with pytest.raises(Destroyed):
        keys.create([ADA])
    assert len(store.asked) == 1


def test_an_eviction_during_a_read_wins(store: Watched, keys: MemoryKeys) -> None:
    token = MemoryKeys(store).seal(ADA, "1", b"x")

    def erase() -> None:
        store.after_reading = lambda: None
        MemoryKeys(store).destroy(ADA)
        keys.evict(ADA)

    store.after_reading = erase
    assert keys.unseal(token) == b"x", "this read came before the erasure"
    assert keys.unseal(token) is None


def test_a_key_that_is_read_while_it_is_destroyed_is_not_served_afterwards(
    store: Watched, keys: MemoryKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = keys.seal(ADA, "1", b"x")
    destroy = store.destroy

    def read_first(subjects: Mapping[UUID, Any]) -> None:
        assert keys.unseal(token) == b"x"  # another thread, which keeps the key in the cache once more
        destroy(subjects)

    monkeypatch.setattr(store, "destroy", read_first)
    keys.destroy(ADA)
    assert keys.unseal(token) is None
    with pytest.raises(Destroyed):
        keys.seal(ADA, "2", b"x")


def test_a_destruction_during_a_read_wins(store: Watched, keys: MemoryKeys) -> None:
    token = MemoryKeys(store).seal(ADA, "1", b"x")

    def erase() -> None:
        store.after_reading = lambda: None
        keys.destroy(ADA)

    store.after_reading = erase
    keys.prefetch([ADA])
    assert keys.unseal(token) is None


def test_a_slow_read_does_not_replace_a_newer_one(store: Watched, keys: MemoryKeys, clock: Any) -> None:
    def overtake() -> None:
        store.after_reading = lambda: None
        clock.now += 1
        keys.create([ADA])

    store.after_reading = overtake
    keys.prefetch([ADA])
    keys.unseal(keys.seal(ADA, "1", b"x"))
    assert (len(store.asked), store.creations) == (1, 1)


def test_the_least_used_go_first(store: Watched, clock: Any) -> None:
    keys = MemoryKeys(store, clock=clock, cached_subjects=2)
    bob, cyd = uuid4(), uuid4()
    tokens = {each: MemoryKeys(store).seal(each, "1", b"x") for each in (ADA, bob, cyd)}
    for each in (ADA, bob, ADA, cyd, ADA):
        keys.unseal(tokens[each])
    assert store.asked == [[ADA], [bob], [cyd]]


def test_claim_keys_are_read_once_a_minute(keys: MemoryKeys, store: Watched, clock: Any) -> None:
    keys.claim_ids("email", "ada")
    store.is_away = True
    clock.now += 60
    keys.claim_ids("email", "ada")
    clock.now += 0.1
    with pytest.raises(KeyringUnavailable):
        keys.claim_ids("email", "ada")


def test_requests_are_recognised_while_the_keyring_is_away(keys: MemoryKeys, store: Watched, clock: Any) -> None:
    expected = keys.keyed_hash(b"request")
    store.is_away = True
    clock.now += 3_600
    assert keys.keyed_hash(b"request") == expected
