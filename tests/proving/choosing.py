"""Which faults come when: chosen by a seed, so that a run can be had again."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tests.proving.chores import POISONED, Poison, Rebuild
from tests.proving.faults import BadNetwork, Fault, Frozen, Killed, ServerDown, ServerFrozen
from tests.proving.mid_mail import SENDER, KilledSending
from tests.proving.proxy import DIRECTIONS

MOST_AT_ONCE = 5
PEOPLE_POISONED = 4
SILENT_S = 12.0
"""Longer than a relay may be silent: it loses its lead, and wakes up fenced."""


@dataclass(frozen=True)
class Planned:
    """A fault, when it begins, counted from the beginning of its round, and how long it lasts. Seconds."""

    fault: Fault
    at_s: float
    lasts_s: float


class Chooser:
    """Rounds of faults without end. `names` are the roles that may be hit."""

    def __init__(self, seed: int, names: Sequence[str]) -> None:
        self._chance = random.Random(seed)
        self._names = sorted(names)
        self._services = sorted({each.rpartition("-")[0] for each in self._names})

    def rounds(self) -> Iterator[list[Planned]]:
        """What happens together: faults that overlap, mostly of different parts."""
        while True:
            number = self._chance.randint(1, MOST_AT_ONCE)
            planned: list[Planned] = []
            while len(planned) < number:
                fault, lasts_s = self._fault()
                if not any(_touches(fault, each.fault) for each in planned):
                    planned.append(Planned(fault, self._chance.uniform(0, 1.5), lasts_s))
            yield sorted(planned, key=lambda each: each.at_s)

    def _fault(self) -> tuple[Fault, float]:
        chance = self._chance
        kind = chance.choices(
            ("role", "sender", "service", "freeze", "server", "freeze server", "network"), (50, 6, 7, 12, 7, 4, 14)
        )
        match kind[0]:
            case "role" | "service" | "sender" as killed:
                return self._killed(killed), 0.0
            case "freeze":
                return Frozen(chance.choice(self._names)), SILENT_S if chance.random() < 0.1 else chance.uniform(0.1, 3)
            case "server":
                server, immediate = chance.choice((("postgres", True), ("postgres", False), ("kafka", False)))
                return ServerDown(_server(server), immediate), chance.uniform(0, 1.5)
            case "freeze server":
                return ServerFrozen(_server(chance.choice(("postgres", "kafka")))), chance.uniform(0.1, 3)
            case _:
                return self._bad_network()

    def _killed(self, what: str) -> Fault:
        if what == "sender":
            return KilledSending()
        if what == "role":
            return Killed((self._chance.choice(self._names),))
        service = self._chance.choice(self._services)
        return Killed(tuple(each for each in self._names if each.rpartition("-")[0] == service))

    def _bad_network(self) -> tuple[Fault, float]:
        server = _server(self._chance.choice(("postgres", "kafka")))
        match self._chance.choice(("latency", "reset", "black hole")):
            case "latency":
                return BadNetwork(server, "latency", delay_s=self._chance.uniform(0.002, 0.05)), self._lasting()
            case "reset":
                return BadNetwork(server, "reset"), 0.0
            case _:
                ways = self._chance.choice((DIRECTIONS, DIRECTIONS[:1], DIRECTIONS[1:]))
                return BadNetwork(server, "black hole", ways), self._lasting()

    def _lasting(self) -> float:
        return self._chance.uniform(0.2, 4)


def rebuilds(seed: int, views: Sequence[tuple[str, str]]) -> Iterator[Rebuild]:
    """Every view to be rebuilt in turn, those that are poisoned in between; half are killed once. No end."""
    chance = random.Random(f"{seed} rebuilds")
    while True:
        for each in chance.sample(views, len(views)):
            for service, view in (chance.choice(POISONED)[:2], each):
                yield Rebuild(service, view, chance.uniform(1, 6) if chance.random() < 0.5 else None)


def poisons(seed: int, contacts: Sequence[str], leaving: Callable[[], Sequence[str]]) -> Iterator[Poison]:
    """Views that cannot take facts about a few of the contacts, every other time also of one who may leave. No end."""
    chance = random.Random(f"{seed} poisons")
    while True:
        for place in chance.sample(POISONED, len(POISONED)):
            people = chance.sample(contacts, PEOPLE_POISONED)
            if chance.random() < 0.5:
                people += leaving()[-1:]
            yield Poison(place, tuple(people), chance.uniform(1, 8))


def _server(name: str) -> Literal["postgres", "kafka"]:
    return "kafka" if name == "kafka" else "postgres"


def _touches(one: Fault, other: Fault) -> bool:
    """Whether two faults are about the same part, so that ending one would disturb the other."""
    return bool(_parts(one) & _parts(other))


def _parts(fault: Fault) -> set[str]:
    match fault:
        case Killed(names):
            return set(names)
        case KilledSending():
            return {SENDER}
        case Frozen(name):
            return {name}
        case BadNetwork(server):
            return {f"network of {server}"}
        case ServerDown(server) | ServerFrozen(server):
            return {server}
        case _:
            return set()
