"""A state machine over log, relay, Kafka and views: hypothesis chooses what happens, and what is killed at which step.

The model is a dict of lists: by stream, what was acknowledged. At the end of each run all invariants hold.
"""

from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from crm.chassis.relay import republish
from crm.chassis.testing.backends import KafkaBackend, PostgresBackend, kafka_backend, postgres_backend
from tests.proving import crashing
from tests.proving.clients import Clients
from tests.proving.invariants import violated
from tests.proving.parts import PARTITIONS, Parts
from tests.proving.telling import say

STEPS = 40
MOST_SLOW, MOST_SICK, MOST_WORKERS = 2, 2, 3
CONTACTS = st.sampled_from([UUID(int=n + 1) for n in range(8)])
PICK = st.integers(0, 1_000_000)
PICKS = st.lists(PICK, min_size=1, max_size=5)

Crash = crashing.Step | None


def crash_at(steps: tuple[crashing.Step, ...]) -> st.SearchStrategy[Crash]:
    """Nowhere, or before or after one of these steps."""
    return st.none() | st.sampled_from(steps)


class Machine(RuleBasedStateMachine):
    """One run. `servers` are given once for all."""

    servers: tuple[PostgresBackend, KafkaBackend]
    facts = 0
    """In all runs together."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts(*self.servers)
        self.clients = Clients(self.parts)

    @initialize(contacts=st.lists(CONTACTS, min_size=3, max_size=6))
    def open_streams(self, contacts: list[UUID]) -> None:
        for each in contacts:
            self.clients.open(each, None)

    # Appending

    @rule(contact=CONTACTS, crash=crash_at(crashing.APPENDING))
    def open_a_stream(self, contact: UUID, crash: Crash) -> None:
        self.clients.open(contact, crash)

    @rule(picks=PICKS, times=st.integers(1, 3), crash=crash_at(crashing.APPENDING))
    def append(self, picks: list[int], times: int, crash: Crash) -> None:
        self.clients.append([self._pick(each) for each in picks], times, crash)

    @rule(pick=PICK)
    def be_too_late(self, pick: int) -> None:
        self.clients.be_too_late(self._pick(pick))

    @precondition(lambda self: len(self.clients.slow) < MOST_SLOW)
    @rule(contact=CONTACTS, times=st.integers(0, 2))
    def begin_slowly(self, contact: UUID, times: int) -> None:
        self.clients.begin_slowly(contact, times)

    @precondition(lambda self: self.clients.slow)
    @rule(pick=PICK, commits=st.booleans())
    def end_slowly(self, pick: int, commits: bool) -> None:
        self.clients.end_slowly(pick, commits=commits)

    # Publishing and reading

    @rule(crash=crash_at(crashing.RELAYING), picks=PICKS)
    def relay(self, crash: Crash, picks: list[int]) -> None:
        self._go_on(picks)
        self.parts.relay(crash)

    @rule()
    def publish_again(self) -> None:
        """Everything comes once more."""
        about = {"actor": "user:ops", "reason": "to see it twice"}
        republish(self.parts.service, self.parts.own.dsn, self.parts.bootstrap, partitions=PARTITIONS, **about)

    @rule(crash=crash_at(crashing.PROJECTING), turns=st.integers(1, 4), picks=PICKS)
    def project(self, crash: Crash, turns: int, picks: list[int]) -> None:
        self._go_on(picks)
        self.parts.project(crash, turns)

    @precondition(lambda self: len(self.parts.workers) < MOST_WORKERS)
    @rule(timeline=st.booleans())
    def join(self, timeline: bool) -> None:
        self.parts.join(self.parts.timeline if timeline else self.parts.copy)

    @precondition(lambda self: self.parts.workers)
    @rule()
    def leave(self) -> None:
        self.parts.leave()

    @precondition(lambda self: self.parts.workers)
    @rule(crash=crash_at(crashing.PROJECTING), picks=PICKS)
    def follow(self, crash: Crash, picks: list[int]) -> None:
        self._go_on(picks)
        self.parts.relay()
        self.parts.follow(crash)

    # What people do

    @precondition(lambda self: len(self.parts.sick) < MOST_SICK)
    @rule(pick=PICK)
    def poison(self, pick: int) -> None:
        self.parts.sick.add(self._pick(pick))

    @rule(heals=st.booleans())
    def retry(self, heals: bool) -> None:
        if heals:
            self.parts.sick.clear()
        self.parts.retry()

    @rule(crash=crash_at(crashing.REBUILDING), picks=PICKS)
    def rebuild(self, crash: Crash, picks: list[int]) -> None:
        self.parts.project()
        self._go_on(picks)
        self.parts.rebuild_roll(crash)

    @rule(contact=CONTACTS)
    def forget(self, contact: UUID) -> None:
        self.parts.project()  # there are rows to blank
        self.clients.forget(contact)

    def teardown(self) -> None:
        """Whatever was left open ends, everything is read, and then all of it must be there."""
        try:
            while self.clients.slow:
                self.clients.end_slowly(0, commits=True)
            self.parts.sick.clear()
            self.parts.relay()
            self.parts.project()
            self.parts.follow_to_the_end()
            self.parts.retry()
            found = list(violated(self.parts, self.clients.model, self.clients.erased))
            assert not found, "\n".join(found)
            type(self).facts += sum(map(len, self.clients.model.values()))
        finally:
            self.clients.close()
            self.parts.close()

    def _go_on(self, picks: list[int]) -> None:
        """There is something to do for whatever runs next."""
        for pick in picks:
            self.clients.append([self._pick(pick)], 1, None)

    def _pick(self, number: int) -> UUID:
        streams = self.clients.streams
        return streams[number % len(streams)]


def prove(chosen_by: int, examples: int) -> bool:
    """Runs so many examples. A failure ends them and is told with its steps; it is not made smaller.

    A run takes seconds, and what is found may hang on time: trying hundreds of shorter ones would hide it for hours.
    """
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with postgres_backend() as postgres, kafka_backend() as kafka:
        Machine.servers = (postgres, kafka)
        machine: Any = seed(chosen_by)(Machine)
        run_state_machine_as_test(machine, settings=chosen)
    say(f"{examples} runs of the state machine, up to {STEPS} steps each: {Machine.facts} facts, killed at")
    for step, times in sorted(crashing.KILLED.items()):
        say(f"  {step:34} {times:5} times")
    return True
