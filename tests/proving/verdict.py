"""The verdict: nothing acknowledged is lost, nothing happened twice, nothing waits for a person."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.kafka import MalformedRecord, read_topic, topic_of
from crm.events import type_of
from crm.events.campaigns import CampaignCompleted
from tests.integration.running_suite import eventually
from tests.integration.surroundings import environment
from tests.proving.forgotten import judge_erasures
from tests.proving.load import Load
from tests.proving.mails import judge_mails
from tests.proving.memory import ACTORS, Memory
from tests.proving.stage import Stage

CAUGHT_UP_S = 900.0
AUDIT_S = 3600
SHOWN = 5
"""How many cases of one violation are named."""


@dataclass
class Verdict:
    """What was found; clean without violations."""

    violations: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def judge(stage: Stage, memory: Memory, clients: Load) -> Verdict:
    """Waits until everything has settled, then looks at it."""
    verdict = Verdict()
    _conclude(stage, clients.mailing.campaigns)
    eventually(stage.suite.is_caught_up, within_s=CAUGHT_UP_S)
    verdict.violations += judge_erasures(stage, clients.leaving, verdict.figures)
    eventually(stage.suite.is_caught_up, within_s=CAUGHT_UP_S)  # also with what erasures have led to
    verdict.violations += _audit(stage, verdict.figures)
    verdict.violations += _waiting(stage, verdict.figures)
    for service in memory.services:
        verdict.violations += _kept(stage, service, memory.streams(service))
    verdict.violations += judge_mails(stage, memory, verdict.figures)
    return verdict


def _conclude(stage: Stage, campaigns: list[str]) -> None:
    """Waits until every message of every campaign has had its turn; however long, while one after the other is over."""
    while left := _under_way(stage, campaigns):
        eventually(partial(_are_fewer, stage, campaigns, left), within_s=CAUGHT_UP_S, every_s=1.0)


def _are_fewer(stage: Stage, campaigns: list[str], than: int) -> bool:
    return _under_way(stage, campaigns) < than


def _under_way(stage: Stage, campaigns: list[str]) -> int:
    with stage.database("campaigns") as db:
        row = db.execute(
            "SELECT count(*) FROM events WHERE topic = %s AND originator_id = ANY(%s)",
            (type_of(CampaignCompleted), campaigns),
        ).fetchone()
    return len(campaigns) - (row[0] if row else 0)


def _audit(stage: Stage, figures: dict[str, Any]) -> Iterator[str]:
    folder = stage.suite.folder
    command = [sys.executable, "-m", "crm.local.cli", "audit", "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=AUDIT_S, env=environment(folder)
    )
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        yield f"the audit did not end: {done.stdout} {done.stderr}"
        return
    figures |= {"facts in the logs": found["facts"], "records on Kafka": found["records"]}
    figures |= {"of them resent": found["repeats"], "items in histories": found["items"]}
    for each in found["findings"]:
        yield f"{each['invariant']}: {each['sentence']}, {each['cases']} cases: {', '.join(each['ids'][:SHOWN])}"
    yield from (f"behind: {each}" for each in found["behind"])


def _waiting(stage: Stage, figures: dict[str, Any]) -> Iterator[str]:
    """Nothing is parked, and every view and policy is at work."""
    figures |= {"repeats skipped by views and policies": 0, "parked": 0}
    for service in stage.suite.described["services"]:
        with stage.database(service) as db:
            rows = db.execute("SELECT coalesce(sum(repeats), 0)::bigint FROM checkpoints").fetchall()
            figures["repeats skipped by views and policies"] += rows[0][0]
            parked = db.execute("SELECT stream, version, error FROM parked").fetchall()
            figures["parked"] += len(parked)
            stopped = db.execute("SELECT name, state FROM view_state WHERE state <> 'running'").fetchall()
            begun = db.execute("SELECT name, started_at FROM rebuilds WHERE finished_at IS NULL").fetchall()
        yield from (f"parked in {service}: {each}" for each in parked[:SHOWN])
        yield from (f"not at work in {service}: {each}" for each in stopped)
        yield from (f"a rebuild in {service} was begun and never ended: {each}" for each in begun)


def _kept(stage: Stage, service: str, acknowledged: Counter[UUID]) -> Iterator[str]:
    """In the log, on the topic and in the histories: exactly what was acknowledged to the clients."""
    with stage.database(service) as db:
        rows = db.execute(
            "SELECT originator_id, count(*) FROM events WHERE actor = ANY(%s) GROUP BY 1", (list(ACTORS),)
        ).fetchall()
        logged: dict[Any, Any] = dict(rows)
    yield from _compared(f"the log of {service}", acknowledged, logged)
    records = read_topic(stage.suite.described["kafka"], topic_of(service))
    facts = (each.fact for each in records if not isinstance(each.fact, MalformedRecord))
    sent = Counter(stream for stream, _ in {(f.stream, f.version) for f in facts if f.actor in ACTORS})
    yield from _compared(f"the topic of {service}", acknowledged, sent)
    with stage.database("contacts") as db:
        (table,) = db.execute("SELECT name FROM view_state WHERE family = 'history'").fetchone() or ("",)
        rows = db.execute(
            f"SELECT stream, count(*) FROM {table} WHERE service = %s GROUP BY 1".encode(), (service,)
        ).fetchall()
    with stage.database(service) as db:
        about = db.execute(
            "SELECT originator_id, sum(cardinality(contact_ids)) FROM events GROUP BY 1 HAVING"
            " sum(cardinality(contact_ids)) > 0"
        ).fetchall()
    yield from _compared(f"the histories of what happened in {service}", dict(about), dict(rows))


def _compared(where: str, wanted: Mapping[Any, int], found: Mapping[Any, int]) -> Iterator[str]:
    lost = [str(each) for each, number in wanted.items() if found.get(each, 0) < number]
    doubled = [str(each) for each, number in found.items() if number > wanted.get(each, 0)]
    for kind, streams in (("lacks facts", lost), ("has facts that nobody was told of, or twice", doubled)):
        if streams:
            yield f"{where} {kind} of {len(streams)} streams: {', '.join(streams[:SHOWN])}"
