"""Weighing: how probable it is that two contacts are one person, and by which evidence (Fellegi and Sunter). No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log2
from typing import NamedTuple

from crm.contacts.duplicates.chances import BITS, CHANCES
from crm.contacts.duplicates.comparing import (
    DIFFERENT,
    SAME,
    Field,
    Grade,
    birthday_grade,
    mail_grade,
    name_grade,
    phone_grade,
    place_grade,
    street_grade,
)
from crm.contacts.duplicates.normalising import Part, Traits

SUGGESTED_FROM = 0.85
"""The probability from which on a pair is shown to people."""

SMALLEST_POPULATION = 10_000
"""In a small base a coincidence is no less likely than in the town it stands in."""
_ONE_IN = 5
"""So many contacts are expected for each one that is there twice."""
MOST_OF_ADDRESS = 16.0
"""Bits: one door of 65,000."""
MOST_OF_HOUSEHOLD = 11.0
NAMESAKES = 2.0
"""Bits that two names tell less together: given names go with family names as languages go."""
NEIGHBOURS = 1.5
"""And both go with places."""
_ALL_OF_NAME = 100.0
_SWAPPED: tuple[Field, Grade] = ("names", "given and family name swapped")


class Finding(NamedTuple):
    """What a field says. `bits`: how many times likelier one person is, as a power of two."""

    field: Field
    grade: Grade
    bits: float


@dataclass(frozen=True)
class Likeness:
    """How probable it is that two contacts are one person."""

    probability: float
    findings: tuple[Finding, ...]

    @property
    def evidence(self) -> list[str]:
        """In words, the most telling first; it names fields and grades, never values."""
        ordered = sorted(self.findings, key=lambda each: -abs(each.bits))
        return [f"{each.field}: {each.grade}" for each in ordered]


@dataclass(frozen=True)
class Population:
    """Among whom somebody is looked for: how many they are, and which share of them has a common name or postal code.

    Words are `counted_words`; those that are not in `shares` are rare.
    """

    size: int = 0
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def prior_bits(self) -> float:
        """The odds of any two of them, before anything is compared."""
        return log2(2 / _ONE_IN / self._size)

    @property
    def _size(self) -> int:
        return max(self.size, SMALLEST_POPULATION)

    def rarity_bits(self, word: str) -> float:
        """What it tells that two people have the same word: more the rarer it is."""
        return -log2(max(self.shares.get(word, 0.0), 2 / self._size))


def counted_words(person: Traits) -> tuple[str, ...]:
    """The words of a person whose frequency counts: names, and the postal code."""
    words = {f"n{each}" for each in (person.given.joined, person.family.joined) if each}
    return tuple(sorted(words | ({f"p{person.postal_code}"} if person.postal_code else set())))


def weigh(a: Traits, b: Traits, population: Population, *, least: float = SUGGESTED_FROM) -> Likeness | None:
    """How alike two people are. None if that is less than `least`, and then nothing is said about how much."""
    names = _names(a, b, population)
    found = [*names, *_finding("birth date", birthday_grade(a.birthday, b.birthday))]
    needed = log2(least / (1 - least)) - population.prior_bits if least > 0 else float("-inf")
    if _sum(found) + _most(a, b) < needed:
        return None
    address = [*_finding("street", street_grade(a.street, b.street)), *_place(a, b, population)]
    found += address
    found += _finding("e-mail", mail_grade(a, b))
    found += _finding("telephone", phone_grade(a, b))
    bits = _sum(found) - _counted_twice(names, address)
    if bits < needed:
        return None
    return Likeness(1 / (1 + 2.0 ** -(bits + population.prior_bits)), tuple(found))


def _sum(findings: list[Finding]) -> float:
    return sum(each.bits for each in findings)


def _most(a: Traits, b: Traits) -> float:
    """The bits that all other fields could add at most."""
    address = MOST_OF_ADDRESS if (a.street.name and b.street.name) or (a.city and b.city) or a.postal_code else 0.0
    return address + (14.0 if a.mails and b.mails else 0.0) + (14.0 if a.phones and b.phones else 0.0)


def _finding(about: Field, grade: Grade | None) -> list[Finding]:
    return [] if grade is None else [Finding(about, grade, BITS[about][grade])]


def _names(a: Traits, b: Traits, population: Population) -> list[Finding]:
    """The names as they stand, or swapped where that fits better."""
    straight = _two(a.given, b.given, a.family, b.family, population)
    if any(each.grade == SAME for each in straight):
        return straight
    crossed = _two(a.given, b.family, a.family, b.given, population)
    if a.given.joined and b.given.joined:
        crossed += _finding(*_SWAPPED)
    return crossed if crossed and _sum(crossed) > _sum(straight) else straight


def _two(given: Part, other_given: Part, family: Part, other_family: Part, population: Population) -> list[Finding]:
    return [
        *_name("given name", given, other_given, population),
        *_name("family name", family, other_family, population),
    ]


def _name(about: Field, a: Part, b: Part, population: Population) -> list[Finding]:
    grade = name_grade(a, b)
    if grade != SAME:
        return _finding(about, grade)
    m = CHANCES[about][SAME][0]
    return [Finding(about, SAME, log2(m / _ALL_OF_NAME) + population.rarity_bits(f"n{a.joined}"))]


def _place(a: Traits, b: Traits, population: Population) -> list[Finding]:
    grade = place_grade(a, b)
    if grade == SAME and a.postal_code and a.postal_code == b.postal_code:
        bits = log2(CHANCES["place"][SAME][0] / 100) + population.rarity_bits(f"p{a.postal_code}")
        return [Finding("place", SAME, bits)]
    return _finding("place", grade)


def _counted_twice(names: list[Finding], address: list[Finding]) -> float:
    """The bits that are there twice, because fields go together where people are not one person, too.

    A street lies in its town, names of one language live in one place, a household has its name and address in common:
    where given names differ, name and address tell no more than that two people live together.
    """
    twice = max(0.0, _sum(address) - MOST_OF_ADDRESS)
    if len(names) > 1 and all(each.grade == SAME for each in names):
        return twice + NAMESAKES + (NEIGHBOURS if any(each.grade == SAME for each in address) else 0.0)
    if any(each.field == "given name" and each.grade == DIFFERENT for each in names):
        family = sum(each.bits for each in names if each.field == "family name")
        together = max(0.0, family) + max(0.0, _sum(address) - twice)
        twice += max(0.0, together - MOST_OF_HOUSEHOLD)
    return twice
