"""vCards (versions 2.1, 3 and 4): the cards of a file one by one, and what each says, by field."""

import re
from collections.abc import Callable, Iterable, Iterator

import vobject
from vobject.base import ContentLine, VObjectError

from crm.contacts.importing.values import Unusable, Values

LONGEST_CARD = 3_000_000
"""In characters; photographs are in them."""
BEGIN = re.compile(r"\s*BEGIN:VCARD\s*", re.IGNORECASE)
_END = re.compile(r"\s*END:VCARD\s*", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNREADABLE = Unusable(None, "This card cannot be read. Is it damaged?")


def cards_of(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Each card's text, with the number of the line it begins on. Memory holds one card.

    What stands outside of cards is passed over; a card that does not end, or is too long, is cut.
    """
    card: list[str] = []
    begun = size = 0
    for number, line in enumerate(lines, start=1):
        if BEGIN.fullmatch(line):
            if card:
                yield begun, "".join(card)
            card, begun, size = [], number, 0
        elif not begun:
            continue
        size += len(line)
        if size <= LONGEST_CARD:
            card.append(line)
        if _END.fullmatch(line):
            yield begun, "".join(card)
            card, begun = [], 0
    if card:
        yield begun, "".join(card)


def values_of(card: str) -> Values | Unusable:
    """What a card says, by field."""
    if not _END.fullmatch(card.rstrip().rpartition("\n")[2]):
        return _UNREADABLE
    try:
        lines = sorted(vobject.readOne(card, transform=False, allowQP=True).lines(), key=_rank)
    except (VObjectError, ValueError, LookupError, AttributeError, TypeError, StopIteration):
        return _UNREADABLE
    values: Values = {}
    for line in lines:
        for field, value in _READ[line.name](line) if line.name in _READ else ():
            if value := value.strip():
                values.setdefault(field, []).append(value)
    if "name" not in values and (given := _structured(lines, "N")):
        values |= {f: [v] for f, v in zip(("last_name", "first_name", "middle_name"), given, strict=False) if v.strip()}
    return values | _organisation(lines)


def types_of(line: ContentLine) -> set[str]:
    """The types of an entry, in lower case, however written: `TYPE=a,b`, `TYPE="a,b"`, `TYPE=a;TYPE=b`, `;A`."""
    written = [*line.params.get("TYPE", ()), *line.singletonparams]
    return {each.strip().lower() for some in written for each in some.split(",")}


def _rank(line: ContentLine) -> tuple[bool, int]:
    """The preferred entry of a kind comes first; a role counts where there is no title."""
    first = next(iter(line.params.get("PREF", ())), "")
    preference = int(first) if first.isdigit() else 1 if "pref" in types_of(line) else 100
    return line.name == "ROLE", preference


Reader = Callable[[ContentLine], Iterable[tuple[str, str]]]


def _text(field: str) -> Reader:
    def read(line: ContentLine) -> Iterable[tuple[str, str]]:
        value = line.value if isinstance(line.value, str) else ",".join(line.value)
        yield field, value if getattr(line, "behavior", None) else _unescaped(value)

    return read


def _phone(line: ContentLine) -> Iterable[tuple[str, str]]:
    if not types_of(line) & {"fax", "pager", "modem"}:
        yield "phone", str(line.value).removeprefix("tel:").partition(";")[0]


def _address(line: ContentLine) -> Iterable[tuple[str, str]]:
    _, extended, street, city, region, postal_code, country, *_ = [*_split(str(line.value)), *[""] * 7]
    place = "home_" if "home" in types_of(line) else ""
    street = ", ".join(each for each in (street.strip(), extended.strip()) if each)
    parts = {"street": street, "city": city, "region": region, "postal_code": postal_code, "country": country}
    return [(f"{place}{field}", " ".join(value.split())) for field, value in parts.items()]


def _external_id(line: ContentLine) -> Iterable[tuple[str, str]]:
    """As our own exports write it."""
    system = next(iter(line.params.get("SYSTEM", ())), "import")
    yield f"external_id:{system}", _unescaped(str(line.value))


def _tags(line: ContentLine) -> Iterable[tuple[str, str]]:
    values = line.value if isinstance(line.value, list) else str(line.value).split(",")
    return [("tags", each) for each in values]


_READ: dict[str, Reader] = {
    "FN": _text("name"),
    "EMAIL": _text("email"),
    "TEL": _phone,
    "ADR": _address,
    "TITLE": _text("job_title"),
    "ROLE": _text("job_title"),
    "BDAY": _text("birthday"),
    "URL": _text("website"),
    "NOTE": _text("note"),
    "CATEGORIES": _tags,
    "X-EXTERNAL-ID": _external_id,
}


def _organisation(lines: Iterable[ContentLine]) -> Values:
    """The preferred organisation and its units; those of another one never complete it."""
    name, *units = [each.strip() for each in _structured(lines, "ORG")] or [""]
    told = {"organisation": name, "department": ", ".join(each for each in units if each)}
    return {field: [value] for field, value in told.items() if value}


def _structured(lines: Iterable[ContentLine], name: str) -> list[str]:
    return next((_split(str(each.value)) for each in lines if each.name == name), [])


def _split(value: str) -> list[str]:
    """The parts of a structured value; a backslash keeps what follows it together."""
    return [_unescaped(each) for each in re.findall(r"((?:[^;\\]|\\.)*)(?:;|$)", value, re.DOTALL)]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], text)
