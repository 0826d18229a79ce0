"""Keys in memory, for tests. The same rules and the same contract suite as the keyring."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from crm.chassis.keys.claim_keys import ClaimKey
from crm.chassis.keys.contract import Destruction
from crm.chassis.keys.stored import CACHE_S, CACHED_SUBJECTS, KeyStore, StoredKeys


class MemoryKeyStore(KeyStore):
    """A store that several `MemoryKeys` may share, as services share a keyring."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[UUID, bytes | None] = {}
        self._destructions: list[Destruction] = []
        self._claim_keys: dict[int, tuple[ClaimKey, float]] = {}
        self._retired: set[int] = set()

    def read(self, subjects: Sequence[UUID]) -> dict[UUID, bytes | None]:
        with self._lock:
            return {subject: self._keys[subject] for subject in subjects if subject in self._keys}

    def create(self, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes | None]:
        with self._lock:
            return {subject: self._keys.setdefault(subject, key) for subject, key in fresh.items()}

    def destroy(self, subjects: Mapping[UUID, datetime | None]) -> None:
        with self._lock:
            for subject, moment in subjects.items():
                if self._keys.get(subject, b"none yet") is not None:
                    self._keys[subject] = None
                    self._destructions.append(Destruction(subject, moment or datetime.now(UTC)))

    def finish_restore(self) -> None:
        """Nothing to do: memory is never restored."""

    def destructions(self, since: datetime | None) -> Iterator[Destruction]:
        with self._lock:
            written = list(self._destructions)
        return (each for each in written if since is None or each.destroyed_at >= since)

    def claim_keys(self) -> list[ClaimKey]:
        now = time.monotonic()
        with self._lock:
            known = [each for version, each in self._claim_keys.items() if version not in self._retired]
        return [replace(key, live_in_s=live_at - now) for key, live_at in known]

    def add_claim_key(self, key: ClaimKey) -> None:
        with self._lock:
            self._claim_keys.setdefault(key.version, (key, time.monotonic() + key.live_in_s))

    def retire_claim_key(self, version: int) -> None:
        with self._lock:
            self._retired.add(version)


class MemoryKeys(StoredKeys):
    """Keys that end with the process."""

    def __init__(
        self,
        store: KeyStore | None = None,
        *,
        cache_s: float = CACHE_S,
        cached_subjects: int = CACHED_SUBJECTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(store or MemoryKeyStore(), cache_s=cache_s, cached_subjects=cached_subjects, clock=clock)
