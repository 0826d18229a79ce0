"""The facts, the log and the view that every line is measured with, and who does the same without us."""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID, uuid4

import msgspec

from bench.path.lines import SEED
from crm.chassis.database import connect
from crm.chassis.log.store import Append, NewFact
from crm.chassis.projection import View
from crm.events import Fact, Recorded, catalogue, type_of

REASON = "bought at the counter, paid by card, receipt sent by mail; told by the till of the shop in the main street"
STREAMS = 1_000
"""How many streams a writer takes turns with."""


class PointsEarned(Fact, frozen=True, tag="crm.bench.points-earned.v1"):
    """About 200 bytes of JSON. `at_ns` is when it was to be sent, on the monotonic clock of the machine."""

    summary = "{points} points"
    points: int
    reason: str
    at_ns: int = 0


catalogue.BY_TYPE[type_of(PointsEarned)] = PointsEarned


@dataclass(frozen=True)
class Balance:
    """One row per member."""

    member: UUID
    points: int
    facts: int
    reason: str
    changed_at: datetime


def earn(row: Balance | None, e: Recorded[PointsEarned]) -> Balance:
    if row is None:
        return Balance(e.stream, e.fact.points, 1, e.fact.reason, e.occurred_at)
    points, facts = row.points + e.fact.points, row.facts + 1
    return Balance(e.stream, points, facts, e.fact.reason, e.occurred_at)


balances = View("balances", Balance, key="member")
balances.on(PointsEarned)(earn)


class _Moment(msgspec.Struct):
    at_ns: int


_moment = msgspec.json.Decoder(_Moment)


def intended_s(value: bytes) -> float:
    """When a fact was to be sent, on the monotonic clock."""
    return _moment.decode(value).at_ns / 1e9


def value_of(points: int, at_ns: int = 0) -> bytes:
    """The JSON of one fact."""
    return msgspec.json.encode(PointsEarned(points=points, reason=REASON, at_ns=at_ns))


class Writer:
    """Makes appends of facts, each of one stream, whose versions follow each other."""

    def __init__(self, per_append: int = 1, streams: int = STREAMS) -> None:
        self._streams = [uuid4() for _ in range(streams)]
        self._per_append = per_append
        self._numbers = count()

    def append(self, at_ns: int = 0) -> Append:
        number = next(self._numbers)
        stream = self._streams[number % len(self._streams)]
        first = number // len(self._streams) * self._per_append + 1
        facts = [self._fact(stream, first + more, at_ns) for more in range(self._per_append)]
        return Append(uuid4(), tuple(facts), "user:bench", "api", str(uuid4()), None, traceparent())

    def _fact(self, stream: UUID, version: int, at_ns: int) -> NewFact:
        value = value_of(version, at_ns)
        return NewFact(stream, version, type_of(PointsEarned), value, stream, (stream,), None)


def traceparent() -> str:
    """A trace that nobody records."""
    return f"00-{uuid4().hex}-{uuid4().hex[:16]}-00"


_FILL = """
    CREATE OR REPLACE PROCEDURE fill(facts integer, streams integer, per_append integer) LANGUAGE plpgsql AS $$
    DECLARE made uuid;
    BEGIN
        FOR page IN 0 .. facts / per_append - 1 LOOP
            made := gen_random_uuid();
            INSERT INTO events (originator_id, originator_version, topic, state, append_id, partition_key, occurred_at,
                actor, channel, contact_ids, correlation_id, traceparent)
            SELECT stream, n / streams + 1, '{type}', convert_to('{{"type":"{type}","points":' || n % 100
                || ',"reason":"{reason}","at_ns":0}}', 'UTF8'), made, stream, now(), 'user:bench', 'api', ARRAY[stream],
                made::text, '00-' || md5(made::text) || '-' || left(md5(n::text), 16) || '-00'
            FROM generate_series(page * per_append, (page + 1) * per_append - 1) AS n,
                LATERAL (SELECT md5('{seed}:' || n % streams)::uuid AS stream) AS named;
            COMMIT;
        END LOOP;
    END $$
"""


def fill(dsn: str, facts: int, streams: int, per_append: int = 10) -> None:
    """Writes a log of so many facts, in as many transactions as appends would have been."""
    statement = _FILL.format(type=type_of(PointsEarned), reason=REASON, seed=SEED)
    with connect(dsn, limited=False) as connection:
        connection.execute(statement.encode())
        connection.execute("SET synchronous_commit = off")
        connection.execute(f"CALL fill({facts}, {streams}, {per_append})".encode())
