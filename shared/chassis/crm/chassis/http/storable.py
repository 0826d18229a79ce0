"""Text that can be stored: no NUL characters (PostgreSQL refuses them), no lone surrogates (UTF-8 has none)."""

import json
import math
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl

from fastapi import Request

from crm.chassis.http import problems
from crm.chassis.http.problems import FieldError, Problem, invalid
from crm.chassis.http.validation import shown

_NUL = "Leave out NUL characters (U+0000)."
_SURROGATE = "Leave out lone surrogates: this is not valid Unicode."
_NOT_FINITE = "Give a finite number."

_SUSPICIOUS = re.compile(rb"\\u0000|\\u[dD]|\xed[\xa0-\xbf]|\x00|NaN|Infinity|[0-9][eE]\+?[0-9]{3}")
"""A body whose bytes match none of this holds nothing that is refused here, and is not searched."""


async def storable(request: Request) -> None:
    """Refuses text that cannot be stored, wherever it is in a request. Runs before every endpoint."""
    if "\x00" in request.scope["path"]:
        raise invalid("path", "path", _NUL)
    _check_query(request.scope["query_string"])
    content_type = request.headers.get("content-type", "")
    if "json" in content_type:
        _check_json(await request.body())
    elif getattr(request.scope["route"], "takes_form", False):
        for name, value in (await request.form()).multi_items():
            if isinstance(value, str) and (wrong := _wrong_with(value)):
                raise invalid(shown(name), "body", wrong)


def _check_query(query: bytes) -> None:
    if b"%00" in query:
        for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
            if wrong := _wrong_with(name) or _wrong_with(value):
                raise invalid(shown(name), "query", wrong)


def _check_json(body: bytes) -> None:
    if not _SUSPICIOUS.search(body):
        return
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return  # the endpoint's own reading says so
    errors = [FieldError(path or "body", "body", "unstorable", wrong) for path, wrong in _unstorable(content, "")]
    if errors:
        raise Problem(problems.INVALID, f"{errors[0].field}: {errors[0].detail}", errors[0].field, errors[:10])


def _unstorable(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str | float):
        if wrong := _wrong_with(value):
            yield path, wrong
    elif isinstance(value, dict):
        for name, each in value.items():
            if wrong := _wrong_with(name):
                yield path or "body", wrong
            else:
                yield from _unstorable(each, f"{path}.{shown(name)}" if path else shown(name))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _unstorable(each, f"{path}.{index}" if path else str(index))


def _wrong_with(value: str | float) -> str | None:
    if isinstance(value, float):
        return None if math.isfinite(value) else _NOT_FINITE
    if "\x00" in value:
        return _NUL
    return None if value.isascii() or _is_unicode(value) else _SURROGATE


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
