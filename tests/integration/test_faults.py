"""Nothing is lost when parts of the suite are killed, stopped or away; the audit is clean after every fault."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest

from tests.integration.running_suite import RunningSuite, eventually

pytestmark = pytest.mark.xdist_group("suite")


@pytest.fixture
def contact(suite: RunningSuite) -> str:
    answer = suite.write("contacts", "POST", "/contacts", {"name": "Fault Person"}).json()
    suite.history(answer["id"], answer["token"])
    return str(answer["id"])


@pytest.fixture(autouse=True)
def _clean_afterwards(suite: RunningSuite) -> Iterator[None]:
    yield

    def is_clean() -> bool:
        found = suite.audit()  # it says so if the broker is still starting
        assert found.returncode == 0, found.stdout + found.stderr
        return True

    eventually(is_clean)


class Load:
    """Clients that write notes until told to stop, try again what was not answered, and remember what was."""

    def __init__(self, suite: RunningSuite, contact: str) -> None:
        self._suite, self._contact = suite, contact
        self._stop = threading.Event()
        self.acknowledged: list[str] = []

    def run(self) -> None:
        while not self._stop.is_set():
            key, body = str(uuid4()), {"kind": "note", "direction": "internal", "subject": f"note {uuid4()}"}
            while not self._stop.is_set():
                try:
                    path = f"/contacts/{self._contact}/interactions"
                    answer = self._suite.api("contacts").post(path, json=body, headers={"Idempotency-Key": key})
                except httpx.HTTPError:
                    continue
                if answer.status_code == 201:
                    self.acknowledged.append(answer.json()["id"])
                    break

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def load(suite: RunningSuite, contact: str, clients: int = 3) -> Iterator[Load]:
    """Load in the background; afterwards everything that was acknowledged is in the history, once."""
    writing = Load(suite, contact)
    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(writing.run) for _ in range(clients)]
        try:
            eventually(lambda: len(writing.acknowledged) > 20)
            yield writing
            reached = len(writing.acknowledged) + 20
            eventually(lambda: len(writing.acknowledged) > reached)
        finally:
            writing.stop()
        for each in running:
            each.result()

    def noted() -> list[str]:
        items = suite.history(contact, type="crm.contacts.interaction-logged.v2")
        return [item["event_id"].split(":")[0] for item in items]

    wanted = set(writing.acknowledged)
    eventually(lambda: wanted <= set(noted()), within_s=60)
    found = noted()
    assert len(found) == len(set(found))


@pytest.mark.parametrize("role", ["relay", "projector", "api"])
def test_i1_i2_killed_under_load_nothing_acknowledged_is_lost(suite: RunningSuite, contact: str, role: str) -> None:
    with load(suite, contact):
        for _ in range(2):
            suite.kill("contacts", role)


def test_i5_a_stopped_relay_is_fenced_when_it_wakes_up(suite: RunningSuite, contact: str) -> None:
    (leader,) = suite.pids("contacts", "relay")
    with _second_relay(suite, leader), suite.database("contacts") as db:
        eventually(lambda: _relays(db) == 2)
        epoch = _epoch(db)
        with load(suite, contact):
            os.kill(leader, signal.SIGSTOP)
            try:
                eventually(lambda: _epoch(db) > epoch)
            finally:
                os.kill(leader, signal.SIGCONT)


def _epoch(db: Any) -> int:
    row = db.execute("SELECT epoch FROM relay_position").fetchone()
    return int(row[0])


def _relays(db: Any) -> int:
    """How many relays of this service have a session: the leader, and who stands by."""
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'relay contacts'"
    return int(db.execute(sessions).fetchone()[0])


@contextmanager
def _second_relay(suite: RunningSuite, first: int) -> Iterator[None]:
    command = [sys.executable, "-m", "crm.contacts", "relay"]
    log = (suite.folder / "second-relay.log").open("ab")
    with log:
        second = subprocess.Popen(command, env=psutil.Process(first).environ(), stdout=log, stderr=log)
    try:
        yield
    finally:
        second.terminate()
        second.wait(30)


def _server(suite: RunningSuite, word: str) -> psutil.Process:
    children = psutil.Process(suite.supervisor.pid).children()
    return next(each for each in children if any(word in part for part in each.cmdline()))


def test_the_broker_stopped_and_back(suite: RunningSuite, contact: str) -> None:
    broker = _server(suite, "kafka.Kafka")
    with load(suite, contact) as writing:
        broker.suspend()
        try:
            reached = len(writing.acknowledged) + 50
            eventually(lambda: len(writing.acknowledged) > reached)  # writing goes on without Kafka
        finally:
            broker.resume()


def test_the_broker_killed_and_started_again(suite: RunningSuite, contact: str) -> None:
    with load(suite, contact):
        _server(suite, "kafka.Kafka").kill()


def test_postgresql_killed_and_started_again(suite: RunningSuite, contact: str) -> None:
    with load(suite, contact):
        _server(suite, "postgres").kill()


def test_a_service_absent_the_others_go_on(suite: RunningSuite, contact: str) -> None:
    absent = [pid for role in ("api", "relay", "projector") for pid in suite.pids("sales", role)]
    for pid in absent:
        os.kill(pid, signal.SIGSTOP)
    try:
        note = {"kind": "call", "direction": "inbound", "subject": "asked for an offer"}
        written = suite.write("contacts", "POST", f"/contacts/{contact}/interactions", note).json()
        assert suite.history(contact, written["token"])[-1]["summary"] == "call (inbound): asked for an offer"
    finally:
        for pid in absent:
            os.kill(pid, signal.SIGCONT)


def test_sixteen_concurrent_duplicates_are_one(suite: RunningSuite, contact: str) -> None:
    note = {"kind": "note", "direction": "internal", "subject": "once"}
    headers = {"Idempotency-Key": str(uuid4())}

    def post(_: int) -> tuple[int, str]:
        answer = suite.api("contacts").post(f"/contacts/{contact}/interactions", json=note, headers=headers)
        return answer.status_code, answer.text

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(post, range(16)))
    assert {status for status, _ in answers} == {201}
    assert len(answers) == 1
    other = suite.api("contacts").post(
        f"/contacts/{contact}/interactions", json=note | {"subject": "twice"}, headers=headers
    )
    assert other.status_code == 422


def test_i7_a_fact_that_cannot_be_handled_waits_with_its_stream_while_others_flow(
    suite: RunningSuite, contact: str
) -> None:
    def lead() -> str:
        body = {"name": "Park", "contact": contact, "source": "web"}
        return str(suite.write("sales", "POST", "/leads", body).json()["id"])

    with suite.database("contacts") as db:
        db.execute("ALTER TABLE history_v2 ADD CHECK (type <> 'crm.sales.lead-qualified.v1') NOT VALID")
        stuck = lead()
        suite.write("sales", "POST", f"/leads/{stuck}/qualify", {})
        suite.write("sales", "POST", f"/leads/{stuck}/disqualify", {"reason": "no budget"})
        free = suite.write("sales", "POST", "/leads", {"name": "Free", "contact": contact, "source": "web"}).json()
        suite.history(contact, free["token"])
        eventually(lambda: db.execute("SELECT state FROM parked WHERE stream = %s", (stuck,)).fetchall())
        parked = db.execute("SELECT version, state FROM parked WHERE stream = %s ORDER BY version", (stuck,)).fetchall()
        assert parked == [(2, "parked"), (3, "queued")]
        answer = suite.api("contacts").get(
            f"/contacts/{contact}/history", headers={"If-Consistent-With": f"sales/{stuck}:3"}
        )
        assert answer.status_code == 409
        db.execute("ALTER TABLE history_v2 DROP CONSTRAINT history_v2_type_check")
    retried = suite.rapport("parked", "retry", "--service", "contacts", "--view", "history")
    assert retried.returncode == 0, retried.stdout + retried.stderr
    events = [item["event_id"] for item in suite.history(contact, f"sales/{stuck}:3")]
    assert [event for event in events if event.startswith(stuck)] == [f"{stuck}:{n}" for n in (1, 2, 3)]


def test_i6_a_view_rebuilt_while_writes_go_on_equals_the_live_one(suite: RunningSuite, contact: str) -> None:
    with load(suite, contact):
        rebuilt = suite.rapport("rebuild", "contacts/history")
        assert rebuilt.returncode == 0, rebuilt.stdout + rebuilt.stderr
