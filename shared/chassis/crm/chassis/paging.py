"""Pages of lists: a limit and a stable cursor, never an offset. Nothing here knows of HTTP or SQL."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")

DEFAULT_PER_PAGE = 50
MOST_PER_PAGE = 500
LONGEST_CURSOR = 4_096
"""In characters."""


class MalformedCursor(ValueError):  # noqa: N818 (named as people speak)
    """A cursor that was not made by this list, or by another order of it. The text is for people."""


@dataclass(frozen=True)
class PageRequest:
    """Which part of a list is asked for: at most `limit` items, those after `cursor`."""

    limit: int = DEFAULT_PER_PAGE
    cursor: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MOST_PER_PAGE:
            raise ValueError(f"A page holds 1 to {MOST_PER_PAGE} items, not {self.limit}.")


@dataclass(frozen=True)
class Page(Generic[T]):
    """One part of a list. `next` is the cursor of the part that follows; None at the end."""

    items: tuple[T, ...]
    next: str | None = None


def to_cursor(order: str, values: Sequence[Any]) -> str:
    """A cursor: where in an order a page ended. It holds the last item's values, so it belongs in no log line."""
    return base64.urlsafe_b64encode(msgspec.json.encode([order, *values])).decode().rstrip("=")


def from_cursor(cursor: str, order: str, types: Sequence[Any]) -> list[Any]:
    """The values a cursor holds, as their types. Raises `MalformedCursor` if it is none, or one of another order."""
    made_for, *values = _read(cursor)
    if made_for == order and len(values) == len(types):
        try:
            return [msgspec.convert(value, kind, strict=False) for value, kind in zip(values, types, strict=True)]
        except msgspec.ValidationError as error:
            raise _malformed() from error
    raise _malformed()


def page_in_memory(
    items: Sequence[T], page: PageRequest, order: str, key: Callable[[T], str], *, descending: bool = False
) -> Page[T]:
    """A part of a short list that is read as a whole, in the order of `key`, which tells its items apart.

    Raises `MalformedCursor` for a cursor of another list.
    """
    ordered = sorted(items, key=key, reverse=descending)
    if page.cursor is not None:
        (last,) = from_cursor(page.cursor, order, [str])
        ordered = [each for each in ordered if (key(each) < last if descending else key(each) > last)]
    shown = tuple(ordered[: page.limit])
    return Page(shown, to_cursor(order, [key(shown[-1])]) if len(ordered) > page.limit else None)


def check_cursor(cursor: str) -> None:
    """Raises `MalformedCursor` if this cannot be a cursor of any list."""
    _read(cursor)


def _read(cursor: str) -> list[Any]:
    try:
        values = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, msgspec.MsgspecError, ValueError) as error:
        raise _malformed() from error
    if not isinstance(values, list) or not values:
        raise _malformed()
    return values


def _malformed() -> MalformedCursor:
    return MalformedCursor("This cursor does not belong to this list. Start again without it.")
