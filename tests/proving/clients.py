"""The clients of the state machine, and what they remember: by stream, the facts that were acknowledged."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

from crm.chassis.decider import Command, Moved
from crm.chassis.log import Context, Idempotency, Step
from crm.chassis.testing.facts import count, join, members
from crm.chassis.testing.held import HeldTransaction
from tests.proving import crashing
from tests.proving.crashing import killed_at
from tests.proving.parts import Parts
from tests.proving.roll import erase, persons

JOINED, COUNTED, ERASED = "MemberJoined", "MemberCounted", "ContactErased"

Model = dict[UUID, list[str]]


class Clients:
    """They write, at once or slowly, are killed and ask again, and take the model along."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.model: Model = defaultdict(list)
        self.streams: list[UUID] = []
        self.slow: list[tuple[HeldTransaction, Model]] = []
        self.erased: dict[UUID, list[str]] = {}
        """By contact, the names that must not be found any more."""
        self._names: dict[UUID, list[str]] = defaultdict(list)

    def open(self, contact: UUID, crash: crashing.Step | None) -> None:
        """Somebody joins, unless they were erased."""
        if contact not in self.erased:
            stream = uuid4()
            self._write(crash, Step(members, stream, self._joining(contact)))
            self.model[stream].append(JOINED)
            self.streams.append(stream)

    def append(self, streams: Sequence[UUID], times: int, crash: crashing.Step | None) -> None:
        """One append to several streams."""
        streams = list(dict.fromkeys(streams))
        self._write(crash, *(Step(members, each, partial(count, times=times)) for each in streams))
        for each in streams:
            self.model[each] += [COUNTED] * times

    def be_too_late(self, stream: UUID) -> None:
        """Two decide on the same version; the second is refused, and nothing of it is kept."""
        seen = len(self.model[stream])
        self._write(None, Step(members, stream, count, seen))
        self.model[stream].append(COUNTED)
        other = Step(members, uuid4(), partial(join, name="nobody"))
        try:
            self._parts.log.commands(Context("user:late")).execute_together(Step(members, stream, count, seen), other)
        except Moved:
            return
        raise AssertionError("a stale version was accepted")

    def begin_slowly(self, contact: UUID, times: int) -> None:
        """An append in a transaction that stays open; it took its id before all that follows."""
        if contact not in self.erased:
            log, held = self._parts.held()
            stream = uuid4()
            steps = [Step(members, stream, self._joining(contact))]
            steps += [Step(members, stream, partial(count, times=times))] if times else []
            log.commands(Context("user:slow")).execute_together(*steps)
            self.slow.append((held, {stream: [JOINED, *[COUNTED] * times]}))

    def end_slowly(self, number: int, *, commits: bool) -> None:
        """One of these transactions ends."""
        held, facts = self.slow.pop(number % len(self.slow))
        if commits:
            held.commit()
            self.model |= facts
            self.streams += facts
        else:
            held.rollback()
        held.close()

    def forget(self, contact: UUID) -> None:
        """Somebody is erased, also where a slow transaction still holds a name of theirs."""
        if contact in self._names:
            self._write(None, Step(persons, contact, erase))
            self._parts.keys.destroy(contact)
            self.erased[contact] = self._names.pop(contact)
            self.model[contact].append(ERASED)

    def close(self) -> None:
        """Whatever is still open is given up."""
        for held, _ in self.slow:
            held.close()

    def _write(self, crash: crashing.Step | None, *steps: Step) -> None:
        """A client that is killed at a step asks again with the same key, as its user would."""
        context = Context("user:ada", idempotency=Idempotency("machine", str(uuid4()), b""))
        with killed_at(crash):
            self._parts.log.commands(context).execute_together(*steps)
        self._parts.log.commands(context).execute_together(*steps)

    def _joining(self, contact: UUID) -> Command:
        name = f"name{uuid4().hex}"
        self._names[contact].append(name)
        return partial(join, name=name, contact=contact)
