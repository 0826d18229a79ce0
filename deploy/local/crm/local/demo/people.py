"""People who do not exist, from eight countries, as a file that somebody might really have.

The same file each time; `python -m crm.local.demo.people > people.csv` writes it. Telephone numbers are of ranges kept
for films where a country has such a range, and mail goes nowhere (RFC 2606).
"""

import csv
import io
import json
import random
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

SEED = 1843
PERSONS, AGAIN = 1_200, 60
"""How many people are in the file, and how many of them a second time, spelt in another way."""
DOMAINS = ("example.com", "example.org", "example.net")
HEADER = ("First name", "Last name", "E-mail", "Phone", "Street", "ZIP", "City", "Country", "Customer number")

UNUSABLE = (
    ("Ada", "Byron", "ada.byron(at)example.com", "+44 20 7946 0999", "1 High Street", "SE1 7PB", "London", "GB", ""),
    ("", "", "", "+49 30 23125 999", "", "10115", "Berlin", "DE", ""),
    ("Jean", "Valjean", "jean@valjean@example.org", "", "55 rue Plumet", "75007", "Paris", "FR", ""),
    ("Lars", "Larsson", "lars.larsson@example.net", "", "Storgatan 1", "111 20", "Stockholm", "Atlantis", ""),
    ("Test", "Test"),
    ("Rosa", "Verdi", "rosa.verdi@", "", "Via Roma 1", "00184", "Roma", "IT", ""),
    ("", "", "", "", "", "", "", "", "K-20999"),
    ("José", "Pérez", "josé pérez", "", "Calle Mayor, 1", "28013", "Madrid", "España", ""),
)
"""Rows of which nobody can be made, each for a reason of its own."""


@dataclass(frozen=True)
class Person:
    """Somebody, as one row of the file tells of them."""

    given: str
    family: str
    email: str
    phone: str
    street: str
    postal_code: str
    city: str
    country: str
    number: str

    @property
    def row(self) -> tuple[str, ...]:
        return (
            *(self.given, self.family, self.email, self.phone),
            *(self.street, self.postal_code, self.city, self.country, self.number),
        )


def persons() -> list[Person]:
    """Everybody once, in the order of the file."""
    chance = random.Random(SEED)
    names: dict[str, dict[str, Any]] = json.loads(files(__package__).joinpath("names.json").read_text("utf-8"))
    each_country = [_inhabitants(code, country, chance) for code, country in names.items()]
    everybody = [next(inhabitants) for _ in range(PERSONS // len(names)) for inhabitants in each_country]
    chance.shuffle(everybody)
    taken: set[str] = set()
    return [replace(_reached(each, taken), number=f"K-{10_001 + at}") for at, each in enumerate(everybody)]


def people_csv() -> str:
    """The file: everybody, some of them again under another spelling, and rows that are nobody."""
    chance = random.Random(SEED + 1)
    rows = [each.row for each in persons()]
    for person in chance.sample(persons(), AGAIN):
        _put(rows, _spelt_otherwise(person, chance).row, chance)
    for row in UNUSABLE:
        _put(rows, row, chance)
    file = io.StringIO()
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows([HEADER, *rows])
    return file.getvalue()


def _inhabitants(code: str, country: dict[str, Any], chance: random.Random) -> Iterator[Person]:
    """People of a country, no two with the same name or number."""
    names = [(given, family) for given in country["given"] for family in country["family"]]
    chance.shuffle(names)
    places = [dict(place) for place in country["places"]]
    for place in places:
        place["free"] = chance.sample(range(10 ** country["digits"]), k=min(99, 10 ** country["digits"]))
    for given, family in names:
        place = chance.choice([each for each in places if each["free"]])
        number = f"{place['free'].pop():0{country['digits']}}"
        line = country["address"].format(street=chance.choice(country["streets"]), number=chance.randint(1, 120))
        phone = f"{place['phone']}{number}"
        yield Person(given, family, "", phone, line, place["postal_code"], place["city"], code, "")


def _reached(person: Person, taken: set[str]) -> Person:
    """With an address of their own."""
    name = f"{_ascii(person.given)}.{_ascii(person.family)}"
    domain = DOMAINS[sum(name.encode()) % len(DOMAINS)]
    email = f"{name}@{domain}"
    if email in taken:
        email = f"{name}.{person.country.lower()}@{domain}"
    taken.add(email)
    return replace(person, email=email)


def _spelt_otherwise(person: Person, chance: random.Random) -> Person:
    """The same person, as another colleague typed them in."""
    ways = (
        replace(person, family=person.family.upper(), email=person.email.upper(), number=""),
        replace(person, given=f"{person.given[0]}.", email="", phone=person.phone.replace(" ", "."), number=""),
        replace(person, email="", phone=person.phone.replace("+", "00").replace(" ", "").replace("-", ""), number=""),
        replace(person, email=f"  {person.email.title()} ", phone="", street="", number=""),
        replace(person, given=person.family, family=person.given, email="", phone=""),
    )
    return chance.choice(ways)


def _put(rows: list[tuple[str, ...]], row: tuple[str, ...], chance: random.Random) -> None:
    """Somewhere in the second half, so that a person is there before they come again."""
    rows.insert(chance.randint(len(rows) // 2, len(rows)), row)


def _ascii(name: str) -> str:
    """As in an address: Müller is mueller, Łukasz is lukasz, O'Connor is oconnor."""
    for letter, written in {"ü": "ue", "ö": "oe", "ä": "ae", "ß": "ss", "ł": "l", "å": "a"}.items():
        name = name.lower().replace(letter, written)
    plain = unicodedata.normalize("NFKD", name)
    return "".join(each for each in plain if each.isascii() and each.isalnum())


if __name__ == "__main__":
    sys.stdout.buffer.write(people_csv().encode())
