"""From likeness to facts: pairs are judged, and those that can still be decided about are suggested."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from uuid import UUID

from crm.chassis.decider import Command, Erased, Rejected, Unknown
from crm.chassis.log import Commands, Conflict, EventLog, Step
from crm.contacts.duplicates.normalising import Traits
from crm.contacts.duplicates.weighing import Population, weigh
from crm.contacts.lookup import Found, find
from crm.contacts.merge_case import case_stream, merge_cases, suggest, withdraw
from crm.events.duplicates import DuplicateRule, DuplicateSuggested

TOGETHER = 50
"""Suggestions in one append."""
_DIGITS = 4


@dataclass(frozen=True)
class Suggestion:
    """Two contacts that are probably one person, and why."""

    first: UUID
    second: UUID
    score: float
    rule: DuplicateRule
    evidence: tuple[str, ...]

    @property
    def fact(self) -> DuplicateSuggested:
        return DuplicateSuggested(
            first=self.first, second=self.second, score=self.score, rule=self.rule, evidence=list(self.evidence)
        )


def judge(a: Traits, b: Traits, population: Population, *, least: float | None = None) -> Suggestion | None:
    """What two contacts come to; None if they are not to be suggested (or less alike than `least`)."""
    first, second = (a, b) if a.contact_id < b.contact_id else (b, a)
    likeness = weigh(first, second, population) if least is None else weigh(first, second, population, least=least)
    evidence = likeness.evidence if likeness else []
    if not a.verified.isdisjoint(b.verified):
        told = ("verified identifier: same", *evidence)
        return Suggestion(first.contact_id, second.contact_id, 1.0, "verified-identifier", told)
    if likeness is None:
        return None
    score = round(likeness.probability, _DIGITS)
    return Suggestion(first.contact_id, second.contact_id, score, "likeness", tuple(evidence))


class Suggesting:
    """Records suggestions of one role, on behalf of `do`. Repeated, it records nothing new."""

    def __init__(self, log: EventLog, do: Commands) -> None:
        self._log, self._do = log, do

    def offer(self, suggestions: Iterable[Suggestion]) -> int:
        """Suggests pairs under the ids their people go by now, and returns how many that was news of.

        Aliases of one person, erased people and decided pairs are passed over.
        """
        news, rest = 0, iter(suggestions)
        while some := tuple(islice(rest, TOGETHER)):
            best = {}
            for each in sorted(self._by_person(some), key=lambda each: each.score):
                best[case_stream(each.first, each.second)] = partial(suggest, suggested=each.fact)
            news += self._record(list(best.items()))
        return news

    def take_back(self, pairs: Iterable[tuple[UUID, UUID]]) -> int:
        """Withdraws pairs that are not alike any more, unless other ids of these people may be."""
        gone = [pair for pair in pairs if all(self._alone(each) for each in pair)]
        return self._record([(case_stream(*pair), withdraw) for pair in gone])

    def _by_person(self, suggestions: Sequence[Suggestion]) -> Iterator[Suggestion]:
        people = {each: self._person(each) for s in suggestions for each in (s.first, s.second)}
        for each in suggestions:
            one, other = people[each.first], people[each.second]
            if one is None or other is None or one.contact_id == other.contact_id:
                continue
            first, second = sorted((one.contact_id, other.contact_id))
            yield Suggestion(first, second, each.score, each.rule, each.evidence)

    def _person(self, contact_id: UUID) -> Found | None:
        try:
            return find(self._log, contact_id)
        except (Unknown, Erased):
            return None

    def _alone(self, contact_id: UUID) -> bool:
        found = self._person(contact_id)
        return found is not None and found.family.ids == {contact_id}

    def _record(self, commands: Sequence[tuple[UUID, Command]]) -> int:
        if not commands:
            return 0
        steps = [Step(merge_cases, stream, command) for stream, command in commands]
        try:
            return len(self._do.execute_together(*steps).event_ids)
        except (Rejected, Conflict):
            if len(commands) == 1:
                return 0  # somebody decided at this moment, or was erased
        return sum(self._record([each]) for each in commands)
