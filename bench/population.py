"""People who do not exist, some of them twice: names by their frequency in eight countries, and typing errors.

The common names and towns are those of `crm.local.demo`, weighed as in real registers (Zipf); more than half of all
family names are of a long tail of rare ones, and two in five people live in small towns.
"""

import json
import random
import string
import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from importlib.resources import files
from itertools import accumulate
from typing import Any

from crm.events.particulars import PostalAddress

RARE_NAMES = 30_000
SMALL_TOWNS = 3_000
PROVIDERS = ("gmail.com", "example.com", "example.org", "mail.example", "post.example", "web.example")
_STARTS = "Ab,Bal,Bor,Cal,Dor,Dres,Eck,Fal,Gar,Gru,Hal,Hin,Jan,Kal,Kor,Lan,Lor,Mal,Mor,Nor,Ol,Pal,Ros,Sal,Tor,Vel"
_MIDDLES = "an,ber,den,el,fer,gar,hol,in,ker,lin,mer,nov,or,pan,rin,sel,tin,ul,ver,wen,zen"
_ENDS = "baum,berg,dahl,er,feld,hoff,in,ini,itz,ke,ley,lund,mann,off,one,ot,owski,sen,son,stein,ton,wald"
_KINDS = ("Straße", "Street", "Road", "Weg", "Allee")


@dataclass(frozen=True)
class Human:
    """Somebody as a row of a file tells of them."""

    given: str
    family: str
    birthday: str | None
    email: str | None
    phone: str | None
    address: PostalAddress | None
    written: str = ""

    @property
    def name(self) -> str:
        return self.written or f"{self.given} {self.family}"


class Registry:
    """Makes people, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        countries: dict[str, dict[str, Any]] = json.loads(
            files("crm.local.demo").joinpath("names.json").read_text("utf-8")
        )
        self._countries = list(countries.values())
        makers = [f"{a}{b}{c}" for a in _STARTS.split(",") for b in _MIDDLES.split(",") for c in _ENDS.split(",")]
        self._rare = self.chance.sample(makers, min(RARE_NAMES, len(makers)))
        self._towns = [(f"{self.chance.randrange(10_000, 99_999)}", f"{self.chance.choice(self._rare)}ville")
                       for _ in range(SMALL_TOWNS)]  # fmt: skip
        self._streets = [f"{self.chance.choice(self._rare)} {kind}" for kind in _KINDS for _ in range(700)]
        self._mailboxes: set[str] = set()
        self._weights = {n: list(accumulate(1 / (each + 3) for each in range(n))) for n in (30, len(self._rare))}

    def human(self) -> Human:
        """Somebody new."""
        chance, country = self.chance, self.chance.choice(self._countries)
        given = self._common(country["given"])
        family = self._common(country["family"]) if chance.random() < 0.4 else self._common(self._rare)
        born = date(1935, 1, 1) + timedelta(days=chance.randrange(75 * 365))
        return Human(
            given,
            family,
            born.isoformat() if chance.random() < 0.5 else None,
            self._mailbox(given, family) if chance.random() < 0.7 else None,
            f"+4930{chance.randrange(10_000_000, 99_999_999)}" if chance.random() < 0.6 else None,
            self._address(country) if chance.random() < 0.8 else None,
        )

    def household(self, human: Human) -> Human:
        """Somebody who lives with them: the same family name and address, nothing else."""
        other = self.human()
        while other.given == human.given:
            other = self.human()
        return replace(other, family=human.family, address=human.address)

    def again(self, human: Human) -> Human:
        """The same person, as another colleague typed them in: one to three things are different or left out."""
        ways = [self._mistype_given, self._mistype_family, self._swap, self._title, self._initial, self._birthday,
                self._mail, self._street, self._leave_out, self._leave_out]  # fmt: skip
        for way in self.chance.sample(ways, self.chance.choice((1, 2, 2, 3))):
            human = way(human)
        # One holder per identifier: a second entry has another address and number, or none.
        email = self._other_mailbox(human.email) if human.email and self.chance.random() < 0.5 else None
        return replace(human, email=email, phone=None if self.chance.random() < 0.7 else human.phone)

    def _mailbox(self, given: str, family: str) -> str:
        """One that nobody has."""
        name = f"{_ascii(given)}.{_ascii(family)}"
        number = self.chance.choice(("", "", str(self.chance.randrange(1000))))
        while (mailbox := f"{name}{number}@{self.chance.choice(PROVIDERS)}") in self._mailboxes:
            number = str(self.chance.randrange(100_000))
        self._mailboxes.add(mailbox)
        return mailbox

    def _common(self, names: list[str]) -> str:
        weights = self._weights.get(len(names))
        return self.chance.choices(names, cum_weights=weights)[0] if weights else self.chance.choice(names)

    def _address(self, country: dict[str, Any]) -> PostalAddress:
        if self.chance.random() < 0.4:
            postal_code, city = self.chance.choice(self._towns)
        else:
            place = self.chance.choice(country["places"])
            postal_code, city = place["postal_code"], place["city"]
        street = self.chance.choice(country["streets"] if self.chance.random() < 0.3 else self._streets)
        line = country["address"].format(street=street, number=self.chance.randint(1, 180))
        return PostalAddress(street=line, postal_code=postal_code, city=city)

    def _mistype_given(self, human: Human) -> Human:
        return replace(human, given=self._mistyped(human.given))

    def _mistype_family(self, human: Human) -> Human:
        return replace(human, family=self._mistyped(human.family))

    def _swap(self, human: Human) -> Human:
        return replace(human, written=f"{human.family} {human.given}") if self.chance.random() < 0.5 else human

    def _title(self, human: Human) -> Human:
        return replace(human, written=f"Dr. {human.given} {human.family}")

    def _initial(self, human: Human) -> Human:
        return replace(human, written=f"{human.given[0]}. {human.family}")

    def _birthday(self, human: Human) -> Human:
        if human.birthday is None:
            return human
        year, month, day = human.birthday.split("-")
        if (month, day) == ("02", "29"):
            return human
        if int(day) <= 12 and self.chance.random() < 0.5:
            return replace(human, birthday=f"{year}-{day}-{month}")
        return replace(human, birthday=f"{year[:3]}{self.chance.randrange(10)}-{month}-{day}")

    def _mail(self, human: Human) -> Human:
        return replace(human, email=human.email.replace(".", "", 1)) if human.email else human

    def _street(self, human: Human) -> Human:
        if human.address is None or human.address.street is None:
            return human
        return replace(
            human,
            address=PostalAddress(
                street=self._mistyped(human.address.street),
                postal_code=human.address.postal_code,
                city=human.address.city,
            ),
        )

    def _leave_out(self, human: Human) -> Human:
        return replace(human, **{self.chance.choice(("birthday", "phone")): None})  # type: ignore[arg-type]

    def _other_mailbox(self, email: str) -> str:
        local, _, domain = email.partition("@")
        return self.chance.choice((f"{local}+crm@{domain}", f"{local}@{self.chance.choice(PROVIDERS)}"))

    def _mistyped(self, text: str) -> str:
        at = self.chance.randrange(1, max(2, len(text)))
        letter = self.chance.choice(string.ascii_lowercase)
        return self.chance.choice((
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + letter + text[at + 1 :],
            text[: at - 1] + text[at : at + 1] + text[at - 1] + text[at + 1 :],
        ))  # fmt: skip


def _ascii(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.lower())
    return "".join(each for each in plain if each.isascii() and each.isalnum())
