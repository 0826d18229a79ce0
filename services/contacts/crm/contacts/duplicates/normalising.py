"""A person made comparable: parts of the name, addresses and numbers without habits of spelling. No I/O.

What is left here is for comparing only. Uniqueness goes by `crm.chassis.people.identity`, which folds far less (C1,
C2).
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import jellyfish

from crm.events.particulars import PostalAddress

_TITLES_AS_TEXT = """
    dr drmed prof professor ing dipl diplom mag med phil rer nat mr mrs ms miss mister herr herrn frau hr fr fru madame
    monsieur mme mlle sig signor signora sr sra srta senor senora sir lord lady jr junior senior esq phd md mba msc bsc
    ba ma doc dott dottssa pan pani
"""
_PARTICLES_AS_TEXT = """
    van von vom der den de del della di da du la le les el ter ten zu zum zur y e af av dos das
"""
_TITLES, _PARTICLES = frozenset(_TITLES_AS_TEXT.split()), frozenset(_PARTICLES_AS_TEXT.split())
_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "a", "œ": "o", "ı": "i", "'": "", "’": ""}
)
_TWO_VOWELS = re.compile("([aou])e")
_MEYER = re.compile("[ae][iy]")
_WORDS = re.compile(r"[^\W_]+")
_STREET_WORDS = {
    "strasse": "str", "street": "st", "str": "str", "avenue": "ave", "av": "ave", "road": "rd", "place": "pl",
    "platz": "pl", "lane": "ln", "drive": "dr", "court": "ct", "crescent": "cres", "boulevard": "blvd", "bd": "blvd",
    "square": "sq", "terrace": "tce", "close": "cl", "circuit": "cct", "gata": "g", "gatan": "g", "calle": "c",
    "rue": "r", "via": "v", "ul": "", "ulica": "",
}  # fmt: skip
_SAME_DOMAIN = {"googlemail.com": "gmail.com"}
SHORTEST_PHONE = 7
"""Digits; shorter numbers are extensions, which many people share."""


class Part(NamedTuple):
    """A part of a name: its words, the words as one, and how that sounds. Empty where there is none."""

    words: tuple[str, ...]
    joined: str
    sound: str


class Street(NamedTuple):
    """A street and the number in it."""

    name: str
    house: str


class Mail(NamedTuple):
    """An e-mail address without dots and tags: a weak key, for suggestions only (C1)."""

    local: str
    domain: str


class Traits(NamedTuple):
    """What of a person can be compared with another one. A birthday is YYYYMMDD; what is not known is empty."""

    contact_id: UUID
    given: Part
    family: Part
    birthday: str
    street: Street
    postal_code: str
    city: str
    mails: tuple[Mail, ...]
    phones: tuple[str, ...]
    verified: frozenset[str]
    """Match keys of identifiers that are known to be this person's."""


NOTHING = Part((), "", "")


def traits_of(
    contact_id: UUID,
    *,
    name: str,
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    address: PostalAddress | None = None,
    birthday: str | None = None,
    verified: Iterable[str] = (),
) -> Traits:
    """A person as known, made comparable. `phones` are in E.164 where readable, `birthday` is ISO 8601."""
    given, family = name_parts(name)
    address = address or PostalAddress()
    return Traits(
        contact_id,
        given,
        family,
        re.sub(r"\D", "", birthday or ""),
        street_of(address.street or ""),
        "".join(_WORDS.findall(fold(address.postal_code or ""))),
        "".join(_WORDS.findall(fold(address.city or ""))),
        tuple(dict.fromkeys(filter(None, map(mail_of, emails)))),
        tuple(dict.fromkeys(filter(None, map(digits_of, phones)))),
        frozenset(verified),
    )


def fold(text: str) -> str:
    """Lower case without accents; Müller, Mueller and Muller become one (and so does Samuel lose its e, everywhere)."""
    lower = text.lower()
    if not lower.isascii():
        plain = unicodedata.normalize("NFKD", lower.translate(_LETTERS))
        lower = "".join(each for each in plain if not unicodedata.combining(each))
    return _TWO_VOWELS.sub(r"\1", lower.replace("'", ""))


def name_parts(name: str) -> tuple[Part, Part]:
    """Given and family name. Titles and particles are left out; one word alone counts as the family name."""
    if "@" in name:
        return NOTHING, NOTHING  # an import that knew no name
    before, comma, after = name.partition(",")
    if comma and not _is_title(after):
        name = f"{after} {before}"
    elif comma:
        name = before
    words = [each for each in fold(name).replace(".", " ").split() if each.strip("-")]
    told = [each for each in words if each not in _TITLES] or words
    kept = [each for each in told if each not in _PARTICLES] or told
    if not kept:
        return NOTHING, NOTHING
    return _part(kept[:-1]), _part(kept[-1:])


def _is_title(text: str) -> bool:
    return all(each in _TITLES for each in _WORDS.findall(fold(text)))


def _part(words: Sequence[str]) -> Part:
    split = tuple(word for each in words for word in _WORDS.findall(each))
    joined = "".join(split)
    return Part(split, joined, jellyfish.metaphone(_MEYER.sub("ai", joined)) if joined else "")


def street_of(text: str) -> Street:
    """The words of a street, the kind of street shortened; the first word that begins with a digit is the number."""
    words, house = [], ""
    for each in _WORDS.findall(fold(text)):
        if each[0].isdigit() and not house:
            house = each
        elif each.endswith("strasse") and each != "strasse":
            words.append(each.removesuffix("asse"))
        elif short := _STREET_WORDS.get(each, each):
            words.append(short)
    return Street(" ".join(words).replace(" str", "str"), house)


def mail_of(entered: str) -> Mail | None:
    """The weak key of an e-mail address. None if it has none."""
    local, at, domain = entered.strip().lower().rpartition("@")
    local = re.sub(r"[._-]", "", local.partition("+")[0])
    return Mail(local, _SAME_DOMAIN.get(domain, domain)) if at and local else None


def digits_of(phone: str) -> str:
    """The digits of a telephone number without prefixes for long distance; empty if that is too short to tell."""
    digits = re.sub(r"\D", "", phone).lstrip("0")
    return digits if len(digits) >= SHORTEST_PHONE else ""
