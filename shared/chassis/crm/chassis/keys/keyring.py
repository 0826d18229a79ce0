"""The keyring: keys in a small PostgreSQL database of their own, wrapped by the master key."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from importlib.resources import files
from typing import TypeVar
from uuid import UUID
from weakref import WeakSet

from psycopg import Connection
from psycopg.rows import TupleRow

from crm.chassis.keys.claim_keys import ClaimKey
from crm.chassis.keys.connections import Connections
from crm.chassis.keys.contract import Destruction, KeyringUnavailable
from crm.chassis.keys.jwe import BrokenSeal
from crm.chassis.keys.stored import CACHE_S, CACHED_SUBJECTS, KeyStore, StoredKeys
from crm.chassis.keys.wrapping import MasterKeys, of_claim_key, of_subject
from crm.chassis.migrations import migrate

T = TypeVar("T")
Db = Connection[TupleRow]

_PAGE = 1_000

_READ = "SELECT subject, wrapped FROM keys WHERE subject = ANY(%s)"
# What a command needs. PostgreSQL plans this once per session; of an array it cannot know the length.
_READ_ONE = "SELECT subject, wrapped FROM keys WHERE subject = %s"

_CREATE = """
WITH made AS (
    INSERT INTO keys (subject, wrapped) SELECT * FROM unnest(%s::uuid[], %s::bytea[])
    ON CONFLICT DO NOTHING RETURNING subject, wrapped
)
SELECT subject, wrapped FROM made UNION ALL SELECT subject, wrapped FROM keys WHERE subject = ANY(%s)
"""

_DESTROY = """
WITH destroyed AS (
    INSERT INTO keys (subject, destroyed_at)
    SELECT subject, coalesce(moment, clock_timestamp()) FROM unnest(%s::uuid[], %s::timestamptz[]) AS t(subject, moment)
    ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, destroyed_at = excluded.destroyed_at
    WHERE keys.destroyed_at IS NULL
    RETURNING subject, destroyed_at
)
INSERT INTO destructions (subject, destroyed_at) SELECT subject, destroyed_at FROM destroyed
"""

_DESTRUCTIONS = """
SELECT number, subject, destroyed_at FROM destructions
WHERE number > %s AND destroyed_at >= coalesce(%s::timestamptz, '-infinity') ORDER BY number LIMIT %s
"""

_CLAIM_KEYS = """
SELECT version, wrapped, extract(epoch FROM live_from - clock_timestamp())::float8
FROM claim_keys WHERE retired_at IS NULL
"""

_ADD_CLAIM_KEY = """
INSERT INTO claim_keys (version, wrapped, live_from) VALUES (%s, %s, now() + make_interval(secs => %s))
ON CONFLICT DO NOTHING
"""

_MOVE_IN = """
UPDATE residence SET (system_identifier, database) = (SELECT system_identifier, database FROM current_residence)
"""


def migrate_keyring(dsn: str) -> None:
    """Makes or completes the tables of a keyring; may be repeated, also by several at once.

    The first claim key needs the master key to be wrapped, so it is made by the first `Keyring` that asks for it.
    """
    migrate(dsn, [files("crm.chassis.keys") / "sql"])


class Keyring(StoredKeys):
    """Keys in PostgreSQL, for all services. Nothing connects before the first use; thread-safe.

    `older_master_keys` unwrap too, while a rotation of the master key is under way.
    """

    def __init__(
        self,
        dsn: str,
        master_key: bytes,
        *,
        cache_s: float = CACHE_S,
        older_master_keys: Sequence[bytes] = (),
        cached_subjects: int = CACHED_SUBJECTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connections = Connections(dsn)
        store = PostgresKeyStore(self._connections, MasterKeys(master_key, older_master_keys))
        super().__init__(store, cache_s=cache_s, cached_subjects=cached_subjects, clock=clock)

    def close(self) -> None:
        """Closes the connections."""
        self._connections.close()


class PostgresKeyStore(KeyStore):
    """The tables of the keyring."""

    def __init__(self, connections: Connections, master_keys: MasterKeys) -> None:
        self._connections, self._master_keys = connections, master_keys
        self._at_home: WeakSet[Db] = WeakSet()

    def read(self, subjects: Sequence[UUID]) -> dict[UUID, bytes | None]:
        asked = (_READ_ONE, subjects) if len(subjects) == 1 else (_READ, (list(subjects),))
        return self._unwrapped(self._serve(lambda db: _rows(db, *asked)))

    def create(self, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes | None]:
        # Sorted, so that two who create the same subjects wait for each other instead of both.
        subjects = sorted(fresh)
        wrapped = [self._master_keys.wrap(fresh[each], of_subject(each.bytes)) for each in subjects]
        found = self._unwrapped(self._serve(lambda db: _rows(db, _CREATE, (subjects, wrapped, subjects))))
        # A key that somebody committed while the statement ran stopped our insert, but is not in its snapshot.
        unseen = [each for each in subjects if each not in found]
        return found | self.read(unseen) if unseen else found

    def destroy(self, subjects: Mapping[UUID, datetime | None]) -> None:
        ordered = sorted(subjects)
        moments = [subjects[each] for each in ordered]
        self._connections.run(lambda db: db.execute(_DESTROY, (ordered, moments)))

    def finish_restore(self) -> None:
        self._connections.run(lambda db: db.execute(_MOVE_IN))

    def destructions(self, since: datetime | None) -> Iterator[Destruction]:
        last = 0
        while page := self._page(last, since):
            last = page[-1][0]
            yield from (Destruction(subject, moment) for _, subject, moment in page)

    def claim_keys(self) -> list[ClaimKey]:
        rows = self._serve(lambda db: _rows(db, _CLAIM_KEYS))
        return [
            ClaimKey(version, self._master_keys.unwrap(wrapped, of_claim_key(version)), live_in_s)
            for version, wrapped, live_in_s in rows
        ]

    def add_claim_key(self, key: ClaimKey) -> None:
        wrapped = self._master_keys.wrap(key.secret, of_claim_key(key.version))
        self._serve(lambda db: db.execute(_ADD_CLAIM_KEY, (key.version, wrapped, key.live_in_s)))

    def retire_claim_key(self, version: int) -> None:
        retire = "UPDATE claim_keys SET retired_at = now() WHERE version = %s AND retired_at IS NULL"
        self._serve(lambda db: db.execute(retire, (version,)))

    def _page(self, after: int, since: datetime | None) -> list[TupleRow]:
        return self._connections.run(lambda db: _rows(db, _DESTRUCTIONS, (after, since, _PAGE)))

    def _unwrapped(self, rows: Sequence[TupleRow]) -> dict[UUID, bytes | None]:
        found: dict[UUID, bytes | None] = {}
        for subject, wrapped in rows:
            # One damaged row is a lost key of one subject; the others of its batch are well.
            with suppress(BrokenSeal):
                owner = of_subject(subject.bytes)
                found[subject] = None if wrapped is None else self._master_keys.unwrap(wrapped, owner)
        return found

    def _serve(self, work: Callable[[Db], T]) -> T:
        """Works on a keyring that was not restored without a replay; looked at once per connection."""

        def serve(db: Db) -> T:
            if db not in self._at_home:
                _require_home(db)
                self._at_home.add(db)
            return work(db)

        return self._connections.run(serve)


def _require_home(db: Db) -> None:
    lives_here = "SELECT 1 FROM residence JOIN current_residence USING (system_identifier, database)"
    if not _rows(db, lives_here):
        raise KeyringUnavailable(
            "This keyring was restored from a backup, in which erased people still have keys. "
            "Replay the journal of destructions into it; it serves afterwards."
        )


def _rows(db: Db, query: str, parameters: Sequence[object] = ()) -> list[TupleRow]:
    return db.execute(query.encode(), parameters, binary=True).fetchall()
