"""Values of custom attributes: read by the definition in force, kept as texts, shown in their type. No I/O."""

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TypeAlias, assert_never
from urllib.parse import urlsplit

from crm.chassis.decider import Rejected
from crm.contacts.attribute import Definition
from crm.events.attributes import AttributeKind

LONGEST_TEXT = 2_000
MOST_DIGITS = 15
"""So many decimal digits every reader of JSON gets as they were."""
_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")

Shown: TypeAlias = str | bool | int | float | list[str]
"""A value as JSON has it: numbers as numbers, days in ISO 8601, many choices as a list."""


def parse_value(definition: Definition, text: str) -> tuple[str, ...]:
    """A value written as text, as in a file or a filter; many choices stand between semicolons.

    Raises `Rejected` naming the attribute and what it takes.
    """
    match definition.kind:
        case "boolean":
            return (_answer(definition, text),)
        case "choice":
            return (_choose(definition, text),)
        case "many-choice":
            return read_value(definition, [_choose(definition, each) for each in text.split(";") if each.strip()])
        case _:
            return read_value(definition, text)


def read_value(definition: Definition, given: object) -> tuple[str, ...]:
    """A value as it came in JSON. Raises `Rejected` naming the attribute and what it takes."""
    if definition.kind != "many-choice":
        return (_READERS[definition.kind](definition, given),)
    if not isinstance(given, list) or not given:
        raise _takes(definition, "a list of its choices")
    return tuple(dict.fromkeys(_choice(definition, each) for each in given))


def format_value(values: Sequence[str]) -> str:
    """A value as text, as in a file; `parse_value` reads it back."""
    return "; ".join(values)


def show_value(kind: AttributeKind, values: Sequence[str]) -> Shown:
    """A value in its type."""
    match kind:
        case "many-choice":
            return list(values)
        case "boolean":
            return values[0] == "true"
        case "number":
            return float(values[0]) if "." in values[0] else int(values[0])
        case "text" | "date" | "choice" | "link":
            return values[0]
        case _:
            assert_never(kind)


def _takes(definition: Definition, wanted: str) -> Rejected:
    return Rejected(f"{definition.label} takes {wanted}.", field=f"attributes.{definition.name}")


def _text(definition: Definition, given: object) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > LONGEST_TEXT:
        raise _takes(definition, f"a text of at most {LONGEST_TEXT} characters")
    return given.strip()


def _number(definition: Definition, given: object) -> str:
    refusal = _takes(definition, f"a number of at most {MOST_DIGITS} digits")
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise refusal
    try:
        number = Decimal(str(given).strip()).normalize()
    except InvalidOperation:
        raise refusal from None
    if not number:
        return "0"
    if not number.is_finite() or len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) >= MOST_DIGITS:
        raise refusal
    return format(number, "f")


def _day(definition: Definition, given: object) -> str:
    refusal = _takes(definition, "a day such as 2026-01-31")
    if not isinstance(given, str) or len(given.strip()) != len("2026-01-31"):
        raise refusal
    try:
        return date.fromisoformat(given.strip()).isoformat()
    except ValueError:
        raise refusal from None


def _boolean(definition: Definition, given: object) -> str:
    if not isinstance(given, bool):
        raise _takes(definition, "true or false")
    return "true" if given else "false"


def _answer(definition: Definition, text: str) -> str:
    word = text.strip().lower()
    if word not in (*_YES, *_NO):
        raise _takes(definition, "true or false")
    return "true" if word in _YES else "false"


def _choice(definition: Definition, given: object) -> str:
    if not isinstance(given, str) or given not in definition.choices:
        raise _takes(definition, f"one of: {', '.join(definition.choices)}")
    return given


def _choose(definition: Definition, text: str) -> str:
    """The choice that is written so, in any case."""
    found = (each for each in definition.choices if each.casefold() == text.strip().casefold())
    return next(found, None) or _choice(definition, text)


def _link(definition: Definition, given: object) -> str:
    refusal = _takes(definition, "a link such as https://company.example/")
    if not isinstance(given, str) or len(given) > LONGEST_TEXT:
        raise refusal
    try:
        parts = urlsplit(given.strip())
    except ValueError:
        raise refusal from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refusal
    return parts.geturl()


_READERS: dict[AttributeKind, Callable[[Definition, object], str]] = {
    "text": _text,
    "number": _number,
    "date": _day,
    "boolean": _boolean,
    "choice": _choice,
    "link": _link,
}
