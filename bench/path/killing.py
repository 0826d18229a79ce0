"""Kill -9: relay and projector are killed again and again while facts come in. Nothing may be lost or count twice."""

import random
import time
from collections import Counter
from functools import partial

from bench.path.crew import Worker, at_work
from bench.path.facts import balances
from bench.path.lines import COUNT, SEED, Figure, Line, Run, tell
from bench.path.projecting import read_model
from bench.path.reading import keep
from bench.path.relaying import relay
from bench.path.stage import Stage
from bench.path.waiting import expected, write
from crm.chassis.database import connect
from crm.chassis.kafka import MalformedRecord, read_topic
from crm.chassis.testing.waiting import eventually

AT_LEAST_S, AT_MOST_S = 0.2, 0.6
DRAINED_WITHIN_S = 60.0


def lines(stage: Stage) -> list[Line]:
    """Facts that are not on Kafka, or not exactly once in the rows: none."""
    log, topic = read_model(stage), stage.topic()
    seconds = stage.size.seconds * 5
    facts = expected(seconds)
    with at_work((write, (log, seconds))) as (writer,):
        kills = _kill(stage, log, seconds)
        writer.result(60)
        with at_work((relay, (log, stage.bootstrap)), (keep, (log, facts))):
            eventually(partial(_is_applied, log, facts), within_s=DRAINED_WITHIN_S)
            eventually(lambda: len(_sent(stage, topic)) >= facts, within_s=DRAINED_WITHIN_S)
    sent = _sent(stage, topic)
    wrong = abs(facts - len(sent)) + abs(facts - _applied(log))
    repeats = sum(sent.values()) - len(sent)
    tell(f"    {kills} kills, {facts} facts, {wrong} violations, {repeats} sent again")
    return [
        Line(
            "kill -9 loop, violations",
            COUNT,
            Figure("rapport", (Run(float(wrong)),)),
            0.0,
            note=f"{kills} kills, {facts:,} facts; {repeats} were sent to Kafka again and skipped",
        )
    ]


def _kill(stage: Stage, log: str, seconds: float) -> int:
    """Keeps a relay and a projector at work, and kills one of them every moment. Returns how often."""
    chance, kills = random.Random(SEED), 0
    roles = [(relay, (log, stage.bootstrap)), (keep, (log, 0))]
    alive = [_begin(*each) for each in roles]
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            time.sleep(chance.uniform(AT_LEAST_S, AT_MOST_S))
            which = chance.randrange(len(alive))
            alive[which].kill()
            alive[which] = _begin(*roles[which])
            kills += 1
    finally:
        for each in alive:
            each.kill()
    return kills


def _begin(work: object, arguments: tuple[object, ...]) -> Worker:
    assert callable(work)
    worker = Worker(work, arguments)
    worker.wait_until_ready()
    worker.start(time.monotonic())
    return worker


def _applied(log: str) -> int:
    with connect(log) as connection:
        row = connection.execute(f"SELECT coalesce(sum(facts), 0)::bigint FROM {balances.name}".encode()).fetchone()
    return int(row[0]) if row else 0


def _is_applied(log: str, facts: int) -> bool:
    return _applied(log) >= facts


def _sent(stage: Stage, topic: str) -> Counter[tuple[object, int]]:
    records = (each.fact for each in read_topic(stage.bootstrap, topic))
    return Counter((each.stream, each.version) for each in records if not isinstance(each, MalformedRecord))
