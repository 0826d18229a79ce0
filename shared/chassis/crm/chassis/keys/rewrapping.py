"""Rotation of the master key: everything in the keyring is wrapped anew, in chunks, while it serves."""

from uuid import UUID

from psycopg import Connection
from psycopg.rows import TupleRow

from crm.chassis.keys.connections import Connections
from crm.chassis.keys.wrapping import MARK_BYTES, MasterKey, of_claim_key, of_subject

_CHUNK = 500

_KEYS = """
SELECT subject, wrapped FROM keys WHERE subject > %s AND substring(wrapped FROM 1 FOR %s) = %s ORDER BY subject LIMIT %s
"""

# A key that was destroyed meanwhile has no `wrapped` any more, so it is not brought back.
_REWRAP_KEYS = """
UPDATE keys SET wrapped = t.after FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS t(subject, before, after)
WHERE keys.subject = t.subject AND keys.wrapped = t.before
"""

_CLAIM_KEYS = "SELECT version, wrapped FROM claim_keys WHERE substring(wrapped FROM 1 FOR %s) = %s"
_REWRAP_CLAIM_KEY = "UPDATE claim_keys SET wrapped = %s WHERE version = %s AND wrapped = %s"


def rewrap(dsn: str, old: bytes, new: bytes) -> int:
    """Wraps everything by the new master key that is wrapped by the old one; returns how many keys that were.

    First give the new key to every process, and the old one as an older master key; then rewrap; then take the old
    one away. May be interrupted and repeated: what is done stays done. Raises `KeyringUnavailable` and `BrokenSeal`.
    """
    connections = Connections(dsn, max_size=1)
    try:
        rewrapping = _Rewrapping(MasterKey(old), MasterKey(new))
        done = connections.run(rewrapping.claim_keys)
        while rewrapping.has_more:
            done += connections.run(rewrapping.next_keys)
        return done
    finally:
        connections.close()


class _Rewrapping:
    def __init__(self, old: MasterKey, new: MasterKey) -> None:
        self._old, self._new = old, new
        self._last = UUID(int=0)
        self.has_more = True

    def claim_keys(self, db: Connection[TupleRow]) -> int:
        rows = db.execute(_CLAIM_KEYS, (MARK_BYTES, self._old.mark)).fetchall()
        return sum(
            db.execute(_REWRAP_CLAIM_KEY, (self._anew(wrapped, of_claim_key(version)), version, wrapped)).rowcount
            for version, wrapped in rows
        )

    def next_keys(self, db: Connection[TupleRow]) -> int:
        rows = db.execute(_KEYS, (self._last, MARK_BYTES, self._old.mark, _CHUNK)).fetchall()
        self.has_more = len(rows) == _CHUNK
        if not rows:
            return 0
        after = [self._anew(wrapped, of_subject(subject.bytes)) for subject, wrapped in rows]
        subjects, before = [row[0] for row in rows], [row[1] for row in rows]
        done = db.execute(_REWRAP_KEYS, (subjects, before, after)).rowcount
        self._last = subjects[-1]
        return done

    def _anew(self, wrapped: bytes, owner: bytes) -> bytes:
        return self._new.wrap(self._old.unwrap(wrapped, owner), owner)
