"""The rules of keys, the same wherever they are stored: cache, creation, tombstones, claims."""

import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Protocol
from uuid import UUID

from crm.chassis.keys import jwe
from crm.chassis.keys.cache import ABSENT, DESTROYED, Cache, Known, Lack
from crm.chassis.keys.claim_keys import ClaimKey, ClaimKeys
from crm.chassis.keys.contract import Destroyed, Destruction, KeyMissing, KeyringUnavailable, Keys
from crm.chassis.keys.jwe import KEY_BYTES, SubjectKey

CACHE_S = 60.0
"""For how long a process may go on reading with a key that was destroyed elsewhere, at most."""
CACHED_SUBJECTS = 50_000
_CHUNK = 1_000


class KeyStore(Protocol):
    """Where keys are. Every method is one short transaction and may be repeated. Raises `KeyringUnavailable`."""

    def read(self, subjects: Sequence[UUID]) -> dict[UUID, bytes | None]:
        """The keys of some subjects; None for a tombstone, nothing for a subject without a key."""

    def create(self, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes | None]:
        """Stores keys for subjects that have none, and reads all of them: whoever was first, wins."""

    def destroy(self, subjects: Mapping[UUID, datetime | None]) -> None:
        """Destroys keys and writes it down, with the moment of the first time (None: now)."""

    def finish_restore(self) -> None:
        """Says that all destructions were replayed, so that a restored store serves again."""

    def destructions(self, since: datetime | None) -> Iterator[Destruction]:
        """What was destroyed at or after a moment, in the order of writing."""

    def claim_keys(self) -> list[ClaimKey]:
        """The versions that were not retired."""

    def add_claim_key(self, key: ClaimKey) -> None:
        """Stores a version, unless somebody else already has."""

    def retire_claim_key(self, version: int) -> None:
        """Takes a version out of use."""


class StoredKeys(Keys):
    """Keys in a store, cached for at most `cache_s` seconds (≤ 60) of the clock."""

    def __init__(
        self,
        store: KeyStore,
        *,
        cache_s: float = CACHE_S,
        cached_subjects: int = CACHED_SUBJECTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 0 <= cache_s <= CACHE_S:
            raise ValueError(f"Keys are cached for at most {CACHE_S:g} seconds.")
        self._store, self._clock, self._cache_s = store, clock, cache_s
        self._cache = Cache(cache_s, cached_subjects, clock)
        self._claim_keys: ClaimKeys | None = None

    def seal(self, subject: UUID, event_id: str, plaintext: bytes) -> str:
        known = self._cache.get(subject)
        if known is None:
            self.create((subject,))
            known = self._known(subject)
        if known is DESTROYED:
            raise Destroyed(subject)
        return known.seal(event_id, plaintext)

    def unseal(self, token: str) -> bytes | None:
        sealed = jwe.parse(token)
        known = self._known(sealed.subject)
        return None if known is DESTROYED else known.open(sealed)

    def prefetch(self, subjects: Collection[UUID]) -> None:
        missing = [each for each in dict.fromkeys(subjects) if self._cache.needs_reading(each)]
        for chunk in _chunks(missing):
            self._read(chunk)

    def create(self, subjects: Collection[UUID]) -> None:
        found: dict[UUID, SubjectKey | Lack] = {}
        unknown = []
        for subject in dict.fromkeys(subjects):
            known = self._cache.get(subject)
            if known is None:
                unknown.append(subject)
            elif known is DESTROYED:
                found[subject] = known
        for chunk in _chunks(unknown):
            fresh = {subject: os.urandom(KEY_BYTES) for subject in chunk}
            found |= self._keeping(chunk, partial(self._store.create, fresh))
        if erased := next((subject for subject, each in found.items() if each is DESTROYED), None):
            raise Destroyed(erased)

    def evict(self, subject: UUID) -> None:
        self._cache.evict(subject)

    def destroy(self, subject: UUID) -> None:
        self._destroy({subject: None})

    def is_destroyed(self, subject: UUID) -> bool:
        return self._cache.get(subject) is DESTROYED or self._read((subject,))[subject] is DESTROYED

    def disclose(self, subject: UUID) -> bytes | None:
        found = self._store.read((subject,))
        if subject not in found:
            raise KeyMissing(subject)
        return found[subject]

    def claim_ids(self, kind: str, match_key: str) -> list[UUID]:
        return self._claims().ids(kind, match_key, self._clock())

    def provisional_id(self, kind: str, match_key: str) -> UUID:
        return self._claims().provisional_id(kind, match_key, self._clock())

    def keyed_hash(self, content: bytes) -> bytes:
        return self._claims(unless_away=True).keyed_hash(content, self._clock())

    def rotate_claim_key(self, *, notice_s: float = 2 * CACHE_S) -> int:
        """Adds a version and returns its number. It is used after `notice_s` seconds, by all processes at once:
        until then every cache has learned of it, so all services keep minting the same ids.
        """
        self._claims()  # makes the first version where there is none
        version = max(key.version for key in self._store.claim_keys()) + 1
        self._store.add_claim_key(ClaimKey(version, os.urandom(KEY_BYTES), notice_s))
        self._claim_keys = None
        return version

    def retire_claim_key(self, version: int) -> None:
        """Takes an old version out of use: only when everything claimed under it is claimed under a newer one too,
        it has no tombstones, and no idempotency rows are left from its time. Raises `ValueError` for the newest.
        """
        if version >= self._claims().live(self._clock())[0].version:
            raise ValueError("The newest claim key is in use. Rotate first, retire the old version later.")
        self._store.retire_claim_key(version)
        self._claim_keys = None

    def destructions(self, since: datetime | None = None) -> Iterator[Destruction]:
        """What was destroyed at or after a moment (UTC), in the order of writing: the journal a restore needs.

        Copies taken in turns should overlap by a minute; replaying twice does no harm.
        """
        return self._store.destructions(since)

    def replay(self, journal: Iterable[Destruction]) -> None:
        """Destroys again what a restored backup brought back, in chunks. A restored keyring serves only after this."""
        remaining = iter(journal)
        while chunk := list(islice(remaining, _CHUNK)):
            self._destroy({each.subject: each.destroyed_at for each in reversed(chunk)})
        self._store.finish_restore()

    def _destroy(self, subjects: Mapping[UUID, datetime | None]) -> None:
        for subject in subjects:
            self._cache.evict(subject)
        self._store.destroy(subjects)
        for subject in subjects:
            self._cache.mark_destroyed(subject)

    def _known(self, subject: UUID) -> Known:
        known = self._cache.get(subject) or self._read((subject,))[subject]
        if known is ABSENT:
            raise KeyMissing(subject)
        return known

    def _read(self, subjects: Sequence[UUID]) -> dict[UUID, SubjectKey | Lack]:
        return self._keeping(subjects, partial(self._store.read, subjects))

    def _keeping(
        self, subjects: Sequence[UUID], read: Callable[[], dict[UUID, bytes | None]]
    ) -> dict[UUID, SubjectKey | Lack]:
        with self._cache.reading() as reading:
            stored = read()
            found = {subject: _known_from(subject, stored) for subject in subjects}
            self._cache.keep(reading, found)
        return found

    def _claims(self, *, unless_away: bool = False) -> ClaimKeys:
        """The claim keys, read at most `cache_s` ago; or earlier, if that is allowed while the keyring is away."""
        cached = self._claim_keys
        now = self._clock()
        if cached is not None and now - cached.read_at <= self._cache_s:
            return cached
        try:
            keys = self._store.claim_keys()
            if not keys:
                self._store.add_claim_key(ClaimKey(1, os.urandom(KEY_BYTES)))
                keys = self._store.claim_keys()
        except KeyringUnavailable:
            if cached is None or not unless_away:
                raise
            return cached
        self._claim_keys = ClaimKeys(keys, now)
        return self._claim_keys


def _known_from(subject: UUID, stored: Mapping[UUID, bytes | None]) -> SubjectKey | Lack:
    if subject not in stored:
        return ABSENT
    key = stored[subject]
    return DESTROYED if key is None else SubjectKey(subject, key)


def _chunks(subjects: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    return (subjects[start : start + _CHUNK] for start in range(0, len(subjects), _CHUNK))
