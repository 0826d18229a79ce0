"""What is wrong with a request's values, in words that say what to do, without repeating what was sent."""

import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError

from crm.chassis.http import problems
from crm.chassis.http.problems import FieldError, Problem

MOST_ERRORS = 50
LONGEST_NAME = 60

_SENTENCES: dict[str, str] = {
    "missing": "This is required.",
    "extra_forbidden": "There is no such field here; leave it out.",
    "uuid_parsing": "Give a UUID, such as 018f2f63-7b4c-7d54-9c7e-2b6a3f0e5d11.",
    "uuid_type": "Give a UUID, such as 018f2f63-7b4c-7d54-9c7e-2b6a3f0e5d11.",
    "string_unicode": "Give text without lone surrogates.",
    "url_parsing": "Give a complete URL.",
    "url_syntax_violation": "Give a complete URL.",
    "union_tag_invalid": "Give one of the kinds that the API description lists.",
    "string_pattern_mismatch": "This does not have the form that the API description asks for.",
    "model_attributes_type": "Give a JSON object.",
    "json_type": "Give JSON.",
}
"""For rules whose own text is unclear or may repeat what was sent."""

_SAYS_TOO_MUCH = frozenset({"get_attribute_error", "assertion_error", "multiple_argument_values", "timezone_offset"})
_SIMPLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ADDRESS = "Give a valid e-mail address, such as ada@company.example."
_GENERIC = "This value is not valid here."


def problem_of_validation(error: RequestValidationError, content_type: str) -> Problem:
    """The problem that pydantic's errors become."""
    errors = list(error.errors())
    if any(each["type"] == "json_invalid" for each in errors):
        return Problem(problems.MALFORMED, "The body is not valid JSON.", field="body")
    if any(each["loc"] == ("body",) and isinstance(each.get("input"), bytes) for each in errors):
        return Problem(problems.WRONG_MEDIA_TYPE, "Send the body as application/json.", field="Content-Type")
    fields = [_field_error(each) for each in errors[:MOST_ERRORS]]
    if len(fields) == 1:
        return Problem(problems.INVALID, f"{fields[0].field}: {fields[0].detail}", fields[0].field, fields)
    return Problem(problems.INVALID, f"{len(errors)} values are not valid.", fields[0].field, fields)


def _field_error(error: Mapping[str, Any]) -> FieldError:
    location, *path = error["loc"]
    name = ".".join(shown(part) for part in path) or str(location)
    return FieldError(name, str(location), str(error["type"]), _sentence(error))


def shown(part: object) -> str:
    """A part of a field's path. Keys chosen by the sender are shown only if they look like a field's name."""
    text = str(part)
    is_name = isinstance(part, int) or (len(text) <= LONGEST_NAME and _SIMPLE_NAME.fullmatch(text))
    return text if is_name else "?"


def _sentence(error: Mapping[str, Any]) -> str:
    rule, text = str(error["type"]), str(error["msg"])
    if rule in _SENTENCES:
        return _SENTENCES[rule]
    if "valid email" in text:
        return _ADDRESS
    if rule in _SAYS_TOO_MUCH or _repeats(text, error.get("input")):
        return _GENERIC
    text = text.removeprefix("Value error, ")
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _repeats(text: str, given: object) -> bool:
    """Whether a message quotes what was sent, as the messages of foreign validators may."""
    if isinstance(given, str):
        return bool(given) and given in text
    if isinstance(given, int | float) and not isinstance(given, bool):
        return re.search(rf"(?<![\d.]){re.escape(str(given))}(?![\d.])", text) is not None
    return isinstance(given, dict | list) and bool(given) and str(given) in text
