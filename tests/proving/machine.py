"""A state machine over log, relay, Kafka and views: hypothesis chooses what happens, and what is killed at which step.

The model is a dict of lists: by stream, what was acknowledged. At the end of each run all invariants hold.
"""

from collections import defaultdict
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from crm.chassis.decider import Command
from crm.chassis.log import Conflict, Context, EventLog, Idempotency, Step
from crm.chassis.relay import republish
from crm.chassis.testing.backends import KafkaBackend, PostgresBackend, kafka_backend, postgres_backend
from crm.chassis.testing.facts import count, join, members
from crm.chassis.testing.held import HeldTransaction
from tests.proving import crashing
from tests.proving.crashing import killed_at
from tests.proving.invariants import violated
from tests.proving.parts import PARTITIONS, Parts
from tests.proving.roll import erase, persons
from tests.proving.telling import say

STEPS = 40
MOST_HELD, MOST_SICK, MOST_WORKERS = 2, 2, 3
CONTACTS = [UUID(int=n + 1) for n in range(8)]
PICK = st.integers(0, 1_000_000)
PICKS = st.lists(PICK, min_size=1, max_size=5)


def crash_at(steps: tuple[crashing.Step, ...]) -> st.SearchStrategy[crashing.Step | None]:
    return st.none() | st.sampled_from(steps)


class Machine(RuleBasedStateMachine):
    """One run. `servers` are given once for all."""

    servers: tuple[PostgresBackend, KafkaBackend]
    facts = 0
    """In all runs together."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = Parts(*self.servers)
        self.model: dict[UUID, list[str]] = defaultdict(list)
        self.held: list[tuple[HeldTransaction, dict[UUID, list[str]]]] = []
        self.erased: dict[UUID, list[str]] = {}
        self.names: dict[UUID, list[str]] = defaultdict(list)
        self.streams: list[UUID] = []

    # Appending

    @initialize(contacts=st.lists(st.sampled_from(CONTACTS), min_size=3, max_size=6))
    def open_streams(self, contacts: list[UUID]) -> None:
        for each in contacts:
            self.open_a_stream(each, None)

    @rule(contact=st.sampled_from(CONTACTS), crash=crash_at(crashing.APPENDING))
    def open_a_stream(self, contact: UUID, crash: crashing.Step | None) -> None:
        if contact in self.erased:
            return
        stream = uuid4()
        self._write(crash, Step(members, stream, self._joining(contact)))
        self.model[stream].append("MemberJoined")
        self.streams.append(stream)

    @precondition(lambda self: self.streams)
    @rule(picks=PICKS, times=st.integers(1, 3), crash=crash_at(crashing.APPENDING))
    def append(self, picks: list[int], times: int, crash: crashing.Step | None) -> None:
        """One append to several streams."""
        streams = list(dict.fromkeys(self._pick(each) for each in picks))
        self._write(crash, *(Step(members, each, partial(count, times=times)) for each in streams))
        for stream in streams:
            self.model[stream] += ["MemberCounted"] * times

    @precondition(lambda self: self.streams)
    @rule(pick=PICK)
    def be_too_late(self, pick: int) -> None:
        """Two decide on the same version; the second is refused, and nothing of it is kept."""
        stream = self._pick(pick)
        seen = len(self.model[stream])
        self._write(None, Step(members, stream, count, seen))
        self.model[stream].append("MemberCounted")
        other = Step(members, uuid4(), partial(join, name="nobody"))
        try:
            self.parts.log.commands(Context("user:ada")).execute_together(Step(members, stream, count, seen), other)
        except Exception as refusal:
            assert "version" in str(refusal).lower() or isinstance(refusal, Conflict), refusal
        else:
            raise AssertionError("a stale version was accepted")

    @precondition(lambda self: len(self.held) < MOST_HELD)
    @rule(contact=st.sampled_from(CONTACTS), times=st.integers(0, 2))
    def begin_slowly(self, contact: UUID, times: int) -> None:
        """An append in a transaction that stays open; it took its id before all that follows."""
        if contact in self.erased:
            return
        log, held = self.parts.held()
        stream = uuid4()
        steps = [Step(members, stream, self._joining(contact))]
        steps += [Step(members, stream, partial(count, times=times))] if times else []
        log.commands(Context("user:slow")).execute_together(*steps)
        self.held.append((held, {stream: ["MemberJoined", *["MemberCounted"] * times]}))

    @precondition(lambda self: self.held)
    @rule(pick=PICK, commits=st.booleans())
    def end_slowly(self, pick: int, commits: bool) -> None:
        held, facts = self.held.pop(pick % len(self.held))
        if commits:
            held.commit()
            self.model |= facts
            self.streams += facts
        else:
            held.rollback()
        held.close()

    # Publishing and reading

    @rule(crash=crash_at(crashing.RELAYING), picks=PICKS)
    def relay(self, crash: crashing.Step | None, picks: list[int]) -> None:
        self._go_on(picks)
        self.parts.relay(crash)

    @rule()
    def publish_again(self) -> None:
        """Everything comes once more."""
        parts = self.parts
        about = {"actor": "user:ops", "reason": "to see it twice"}
        republish(parts.service, parts.own.dsn, parts.bootstrap, partitions=PARTITIONS, **about)

    @rule(crash=crash_at(crashing.PROJECTING), turns=st.integers(1, 4), picks=PICKS)
    def project(self, crash: crashing.Step | None, turns: int, picks: list[int]) -> None:
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
    def follow(self, crash: crashing.Step | None, picks: list[int]) -> None:
        self._go_on(picks)
        self.parts.relay()
        self.parts.follow(crash)

    # What people do

    @precondition(lambda self: self.streams and len(self.parts.sick) < MOST_SICK)
    @rule(pick=PICK)
    def poison(self, pick: int) -> None:
        self.parts.sick.add(self._pick(pick))

    @rule(heals=st.booleans())
    def retry(self, heals: bool) -> None:
        if heals:
            self.parts.sick.clear()
        self.parts.retry()

    @rule(crash=crash_at(crashing.REBUILDING), picks=PICKS)
    def rebuild(self, crash: crashing.Step | None, picks: list[int]) -> None:
        self.parts.project()
        self._go_on(picks)
        self.parts.rebuild_roll(crash)

    @rule(contact=st.sampled_from(CONTACTS))
    def forget(self, contact: UUID) -> None:
        """A person is erased. A slow transaction that still holds a name of theirs was there before."""
        if contact in self.erased or contact not in self.names:
            return
        self._write(None, Step(persons, contact, erase))
        self.parts.keys.destroy(contact)
        self.erased[contact] = self.names.pop(contact)
        self.model[contact].append("ContactErased")

    def teardown(self) -> None:
        """Whatever was left open ends, everything is read, and then all of it must be there."""
        try:
            while self.held:
                self.end_slowly(0, commits=True)
            self.parts.sick.clear()
            self.parts.relay()
            self.parts.project()
            self.parts.follow_to_the_end()
            self.parts.retry()
            found = list(violated(self.parts, self.model, self.erased))
            assert not found, "\n".join(found)
            type(self).facts += sum(map(len, self.model.values()))
        finally:
            for held, _ in self.held:
                held.close()
            self.parts.close()

    def _write(self, crash: crashing.Step | None, *steps: Step) -> None:
        """A client that is killed at a step asks again with the same key, as its user would."""
        context = Context("user:ada", idempotency=Idempotency("machine", str(uuid4()), b""))
        log: EventLog = self.parts.log
        with killed_at(crash):
            log.commands(context).execute_together(*steps)
        log.commands(context).execute_together(*steps)

    def _go_on(self, picks: list[int]) -> None:
        """There is something to do for whatever runs next."""
        for pick in picks if self.streams else ():
            self.append([pick], 1, None)

    def _joining(self, contact: UUID) -> Command:
        name = f"name{uuid4().hex}"
        self.names[contact].append(name)
        return partial(join, name=name, contact=contact)

    def _pick(self, number: int) -> UUID:
        return self.streams[number % len(self.streams)]


def prove(seed_: int, examples: int) -> bool:
    """Runs so many examples; a failure is shrunk and told with the steps that lead to it."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    with postgres_backend() as postgres, kafka_backend() as kafka:
        Machine.servers = (postgres, kafka)
        machine: Any = seed(seed_)(Machine)
        run_state_machine_as_test(machine, settings=chosen)
    say(f"{examples} runs of the state machine, up to {STEPS} steps each: {Machine.facts} facts, killed at")
    for step, times in sorted(crashing.KILLED.items()):
        say(f"  {step:34} {times:5} times")
    return True
