"""The kill loop: the real suite under load, its parts killed, frozen and cut off at random; then the verdict."""

import shutil
import tempfile
import threading
import time
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.proving.calling import Client
from tests.proving.choosing import Chooser, Planned, poisons, rebuilds
from tests.proving.flow import Flow
from tests.proving.load import Load, load, people
from tests.proving.memory import Memory
from tests.proving.operators import Operators, at_work, views
from tests.proving.stage import Stage, stage
from tests.proving.telling import say
from tests.proving.verdict import Verdict, judge

CONTACTS = 60
MOST_NEW = 1_000
"""How many facts may be on their way, at least, before everything must have been shown once more."""
AHEAD = 0.02
"""How much further, of all that is to be done, the facts may be than the kills, or the kills than the facts."""


@dataclass
class Goal:
    """How much is enough: so many kills and facts, or so much time."""

    kills: int
    facts: int
    hours: float | None = None
    _began: float = field(default_factory=time.monotonic)

    def reached(self, kills: int, facts: int) -> bool:
        if self.hours is not None:
            return time.monotonic() >= self._began + self.hours * 3600
        return kills >= self.kills and facts >= self.facts

    def wants_facts(self, kills: int, facts: int, new: int) -> bool:
        """Whether the clients should go on: along with the kills, so that there is load to the end.

        `new` are those since everything flowed last: of what was never shown there is a bounded number.
        """
        if self.hours is not None:
            return new < MOST_NEW
        return facts / self.facts < kills / self.kills + AHEAD and new < max(MOST_NEW, 3 * self.facts / self.kills)

    def wants_kills(self, kills: int, facts: int) -> bool:
        return self.hours is not None or kills / self.kills < facts / self.facts + AHEAD


@dataclass
class Tally:
    """What was done so far."""

    faults: int = 0
    kills: int = 0
    worst_s: float = 0.0
    worst: str = ""
    shown: int = 0
    """How many facts there were when all of them were known to be shown."""

    def recovered(self, fault: str, seconds: float) -> None:
        if seconds > self.worst_s:
            self.worst_s, self.worst = seconds, fault


def prove(seed: int, goal: Goal) -> bool:
    """Runs the loop and judges. What is found wrong is told, and the folder with logs and databases stays."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-proving-"))
    clean = False
    try:
        with stage(folder) as running:
            verdict, tally, memory = _run(running, seed, goal)
        clean = not verdict.violations
        _tell(verdict, tally, memory)
    finally:
        if clean:
            shutil.rmtree(folder)
        else:
            say(f"What is left of it: {folder}")
    return clean


def _run(running: Stage, seed: int, goal: Goal) -> tuple[Verdict, Tally, Memory]:
    memory, tally = Memory(), Tally()
    with closing(Client(running.suite, memory, threading.Event())) as client:
        contacts = people(client, CONTACTS)
    chooser = Chooser(seed, [each["name"] for each in running.suite.described["processes"]])
    with closing(Flow(running.suite, memory, contacts[0])) as flow:
        flow.wait()
        began = time.monotonic()
        wanted = partial(_wants_facts, goal, tally, memory)
        with (
            load(running.suite, memory, contacts, seed, wanted) as clients,
            _operators(running, seed, contacts, clients) as operators,
        ):
            for planned in chooser.rounds():
                if goal.reached(tally.kills, memory.facts):
                    break
                clients.check()
                operators.check()
                while not goal.wants_kills(tally.kills, memory.facts):
                    tally.shown = memory.facts
                    flow.wait()
                tally.shown = memory.facts
                _round(running, planned, flow, tally, began)
        say(f"{time.monotonic() - began:7.1f} s  the load is over; judging")
        flow.wait()
    verdict = judge(running, memory, clients)
    verdict.figures = operators.figures | verdict.figures
    return verdict, tally, memory


def _operators(running: Stage, seed: int, contacts: list[str], clients: Load) -> AbstractContextManager[Operators]:
    """One who rebuilds views, and one who mends what cannot be handled. The first contact is left to the probes."""
    return at_work(
        running, (rebuilds(seed, views()), poisons(seed, contacts[1:], lambda: list(clients.leaving.present)))
    )


def _wants_facts(goal: Goal, tally: Tally, memory: Memory) -> bool:
    return goal.wants_facts(tally.kills, memory.facts, memory.facts - tally.shown)


def _round(running: Stage, planned: list[Planned], flow: Flow, tally: Tally, began: float) -> None:
    """Lets faults happen together, waits until everything flows again, and tells how long that took after each."""
    start = time.monotonic()
    _play(running, planned, start)
    slowest = flow.wait()
    for each in planned:
        tally.faults += 1
        tally.kills += each.fault.kills
        seconds = time.monotonic() - start - each.at_s - each.lasts_s
        tally.recovered(str(each.fault), seconds)
        lasting = f" for {each.lasts_s:.1f} s" if each.lasts_s else ""
        when, what = f"{start + each.at_s - began:7.1f} s", f"{each.fault}{lasting}"
        say(f"{when}  {what:60}  all flowed again after {seconds:5.1f} s, last {slowest}")


def _play(running: Stage, planned: list[Planned], start: float) -> None:
    moments = [(each.at_s, False, each.fault) for each in planned]
    moments += [(each.at_s + each.lasts_s, True, each.fault) for each in planned]
    left = sorted(moments, key=lambda moment: moment[:2])
    try:
        while left:
            at_s, ends, fault = left[0]
            threading.Event().wait(max(0.0, start + at_s - time.monotonic()))
            left.pop(0)
            fault.end(running) if ends else fault.begin(running)
    finally:
        for _, ends, fault in left:  # interrupted: whatever stands still must go on before it can be stopped
            if ends:
                fault.end(running)


def _tell(verdict: Verdict, tally: Tally, memory: Memory) -> None:
    figures = {
        "faults": tally.faults,
        "of them processes killed": tally.kills,
        "worst time until all flowed again": f"{tally.worst_s:.1f} s ({tally.worst})",
        "commands acknowledged to clients": memory.answers,
        "of them sent more than once": memory.repeats,
        "facts acknowledged to clients": memory.facts,
    } | verdict.figures
    for name, figure in figures.items():
        say(f"{name:44} {figure:,}" if isinstance(figure, int) else f"{name:44} {figure}")
    for each in verdict.violations:
        say(f"VIOLATED  {each}")
    say("Clean." if not verdict.violations else f"{len(verdict.violations)} violations.")
