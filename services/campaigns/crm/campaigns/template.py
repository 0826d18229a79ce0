"""Templates: plain text with a few fields such as {first_name}. Nothing in them is ever executed.

Links stand in the text as they are; they are the same for everybody, so that a click tells nothing of a person.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter
from urllib.parse import urlsplit

from crm.chassis.decider import Rejected

FIELDS = ("name", "first_name", "last_name", "email", "city", "country")
"""What a mail may say of its recipient; empty where it is not known."""
UNSUBSCRIBE = "unsubscribe_link"
"""Where the text has this field, the link stands there; otherwise it is added at the end."""

_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
_AFTER_A_LINK = ".,;:!?'*)]"
"""Punctuation that ends a sentence, not an address; a bracket only if none was opened."""


@dataclass(frozen=True)
class Words:
    text: str


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Link:
    """`number` is its place among the links of the text, from 1."""

    url: str
    number: int


@dataclass(frozen=True)
class Template:
    """A text, taken apart."""

    parts: tuple[Words | Field | Link, ...]

    @property
    def links(self) -> tuple[str, ...]:
        """The targets, in the order they stand in; link n is at place n - 1."""
        return tuple(each.url for each in self.parts if isinstance(each, Link))

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(each.name for each in self.parts if isinstance(each, Field))

    def render(self, values: Mapping[str, str], link: Callable[[int], str]) -> str:
        """The text for one recipient; `link` gives the address that stands in place of a link."""
        return "".join(_rendered(each, values, link) for each in self.parts)


def _rendered(part: Words | Field | Link, values: Mapping[str, str], link: Callable[[int], str]) -> str:
    match part:
        case Words(text):
            return text
        case Field(name):
            return " ".join(values.get(name, "").split())  # no line of its own, whatever it says
        case Link(number=number):
            return link(number)


def parse_text(text: str) -> Template:
    """The text of a mail. Raises `Rejected` for what it must not contain."""
    parts: list[Words | Field | Link] = []
    number = 0
    for words, field in _pieces(text, "text", (*FIELDS, UNSUBSCRIBE)):
        end = 0
        for found in _LINK.finditer(words):
            url = _address(found.group())
            if not _has_host(url):
                continue
            if field is not None and found.start() + len(url) == len(words):
                raise Rejected("A link must be the same for everybody: take the field out of it.", field="text")
            number += 1
            parts += [Words(words[end : found.start()]), Link(url, number)]
            end = found.start() + len(url)
        parts += [Words(words[end:]), *([Field(field)] if field is not None else [])]
    return Template(tuple(each for each in parts if each != Words("")))


def parse_subject(subject: str) -> Template:
    """The subject of a mail: one line, with fields and without links of ours. Raises `Rejected`."""
    if not subject.strip() or len(subject.splitlines()) > 1:
        raise Rejected("The subject is one line of text.", field="subject")
    pieces = _pieces(subject, "subject", FIELDS)
    parts: list[Words | Field | Link] = []
    for words, field in pieces:
        parts += [Words(words), *([Field(field)] if field else [])]
    return Template(tuple(parts))


def _pieces(text: str, where: str, known: tuple[str, ...]) -> Iterator[tuple[str, str | None]]:
    """Words and the field behind them; `{{` and `}}` are braces."""
    try:
        parsed = list(Formatter().parse(text))
    except ValueError:
        raise Rejected("A brace is left open. Write {{ and }} for braces that are meant.", field=where) from None
    words = ""
    for literal, field, spec, conversion in parsed:
        words += literal
        if field is None:
            continue
        if field not in known or spec or conversion:
            names = ", ".join(f"{{{each}}}" for each in known)
            raise Rejected(f"There is no such field. Known are {names}.", field=where)
        yield words, field
        words = ""
    if words:
        yield words, None


def _has_host(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False


def _address(found: str) -> str:
    """A link without the punctuation that belongs to the sentence around it."""
    while found[-1] in _AFTER_A_LINK and not (found[-1] == ")" and found.count("(") >= found.count(")")):
        found = found[:-1]
    return found
