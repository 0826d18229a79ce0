"""The invariants of proof.md, looked at after a run of the state machine."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from uuid import UUID

from crm.chassis.audit import audit
from crm.chassis.database import Database
from crm.chassis.kafka import read_topic, topic_of
from crm.chassis.projection import ViewConsistency
from crm.chassis.projection.swapping import checksums
from crm.events import Recorded, Sealed, wire
from tests.proving.parts import Parts

EVERYTHING = 1_000_000

Model = Mapping[UUID, Sequence[str]]


def violated(parts: Parts, model: Model, erased: Mapping[UUID, Sequence[str]]) -> Iterator[str]:
    """What does not hold; nothing if all of I1 to I12 does."""
    yield from _log(parts, model)
    found = audit(parts.places, parts.bootstrap)  # I1 to I5, I7, I10, I12
    yield from (f"{each.invariant}: {each.sentence} {each.ids}" for each in found.findings)
    yield from (f"behind: {each}" for each in found.behind)
    yield from _rows(parts, model)
    yield from _tokens(parts, model)
    yield from _traces(parts)
    yield from _forgotten(parts, erased)
    yield from _rebuilt(parts)
    yield from _parked(parts)


def _log(parts: Parts, model: Model) -> Iterator[str]:
    """I1, I2: the log holds what was acknowledged, and nothing else."""
    logged: dict[UUID, list[str]] = {}
    for each in parts.log.read(None, EVERYTHING):
        logged.setdefault(each.stream, []).append(each.type)
    recorded = {stream: [type(e.fact).__name__ for e in parts.log.stream(stream)] for stream in logged}
    if recorded != {stream: list(facts) for stream, facts in model.items()}:
        yield f"I1: the log differs from what was acknowledged: {recorded} {dict(model)}"


def _rows(parts: Parts, model: Model) -> Iterator[str]:
    """I2: each view shows each member at its last version, once."""
    facts = parts.log.read(None, EVERYTHING)
    opened = [wire.open_fact(each, parts.keys.unseal) for each in facts]
    wanted = parts.roll.fold([e for e in opened if isinstance(e, Recorded)])
    for name, database, view in (("own", parts.own, parts.roll), ("foreign", parts.foreign, parts.copy)):
        rows = {entry.member: entry for entry in view.select(database)}
        if rows != wanted:
            yield f"I2: the {name} roll differs: {rows} {wanted}"


def _tokens(parts: Parts, model: Model) -> Iterator[str]:
    """I8: what a token names is shown."""
    asked = [(parts.service, stream, len(facts)) for stream, facts in model.items()]
    for database, view in ((parts.own, parts.roll), (parts.foreign, parts.copy), (parts.foreign, parts.timeline)):
        state = ViewConsistency(database, [view]).state(view.name, asked)
        if state != "applied":
            yield f"I8: {view.name} is {state}"


def _traces(parts: Parts) -> Iterator[str]:
    """I9: every fact belongs to a trace, on Kafka the same as in the log."""
    traces = {each.event_id: each.traceparent for each in parts.log.read(None, EVERYTHING)}
    yield from (f"I9: {event} belongs to no trace" for event, trace in traces.items() if not trace)
    for record in read_topic(parts.bootstrap, topic_of(parts.service)):
        if isinstance(record.fact, Sealed) and record.fact.traceparent != traces.get(record.fact.event_id):
            yield f"I9: {record.fact.event_id} has another trace on Kafka"


def _forgotten(parts: Parts, erased: Mapping[UUID, Sequence[str]]) -> Iterator[str]:
    """I11: no name of an erased person in any table or on the topic."""
    names = [name for some in erased.values() for name in some]
    records = read_topic(parts.bootstrap, topic_of(parts.service))
    sent = [each.fact.value for each in records if isinstance(each.fact, Sealed)]
    stored = [*sent, *_dump(parts.own), *_dump(parts.foreign)]
    yield from (f"I11: {name} is still there" for name in names if any(name.encode() in each for each in stored))


def _dump(database: Database) -> Iterator[bytes]:
    with database.connection() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (table,) in tables:
            for (row,) in connection.execute(f"SELECT {table}::text FROM {table}".encode()):
                yield str(row).encode()


def _rebuilt(parts: Parts) -> Iterator[str]:
    """I6: rebuilt, the views are what they were."""
    for database, view, rebuild in (
        (parts.own, parts.roll, parts.rebuild_roll),
        (parts.foreign, parts.timeline, parts.rebuild_timeline),
    ):
        with database.connection() as connection:
            look = partial(checksums, connection, view)
            live = look()
            rebuild()
            if look() != live:
                yield f"I6: {view.name} differs after a rebuild"


def _parked(parts: Parts) -> Iterator[str]:
    """I7: nothing waits any more, now that a rebuild which was cut has ended, too."""
    for database in (parts.own, parts.foreign):
        with database.connection() as connection:
            rows = connection.execute("SELECT stream, version, state, error FROM parked").fetchall()
        yield from (f"I7: still parked: {row}" for row in rows)
