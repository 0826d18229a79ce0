"""An access package as PDF, for people: in parts, so that what is made at once stays small."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, cast
from uuid import UUID

import msgspec
import typst

from crm.contacts.accessing.package import RIGHTS, Package
from crm.contacts.item import Item

_TEMPLATE = files("crm.contacts.accessing") / "package.typ"
_NOT_TOLD = ("contact", "contacts")
"""Members of a fact that say no more than whose history it is."""

Parts = Callable[[], Iterable[list[Item]]]


def render(package: Package, part: int, items: Iterable[Item], fonts: Sequence[Path] = ()) -> bytes:
    """One part (from 1) as PDF; the first one tells who the person is to us as well.

    Latin, Greek and Cyrillic are printed; what other scripts need are `fonts`, folders of font files.
    """
    shown = {
        "part": part,
        "parts": package.parts,
        "made": _time(package.made_at),
        "date": [package.made_at.year, package.made_at.month, package.made_at.day],
        "request": str(package.request_id),
        "person": _about(package) if part == 1 else None,
        "rights": RIGHTS,
        "items": [_line(each) for each in items],
    }
    inputs = {"data": msgspec.json.encode(shown).decode()}
    found = typst.Fonts(include_system_fonts=False, font_paths=list(fonts))
    made = typst.compile(_TEMPLATE.read_bytes(), sys_inputs=inputs, font_paths=found)
    assert isinstance(made, bytes)
    return made


def archive(package: Package, document: Iterable[bytes], parts: Parts, fonts: Sequence[Path] = ()) -> Iterator[bytes]:
    """A ZIP file with the JSON and every part as PDF, piece by piece as it is made."""
    pipe = _Pipe()
    with zipfile.ZipFile(cast(IO[bytes], pipe), "w", zipfile.ZIP_DEFLATED) as packed:
        with packed.open("package.json", "w", force_zip64=True) as entry:
            for piece in document:
                entry.write(piece)
                yield pipe.take()
        for number, items in enumerate(parts(), start=1):
            packed.writestr(f"history-{number:04}.pdf", render(package, number, items, fonts))
            yield pipe.take()
    yield pipe.take()


class _Pipe:
    """Where the archive is written to and read from; it cannot seek, so nothing is kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """There is nothing behind it."""

    def take(self) -> bytes:
        """What was written since."""
        found, self._pieces = b"".join(self._pieces), []
        return found


def _about(package: Package) -> dict[str, Any]:
    complete = {True: "Yes", False: "No: we are still gathering some of it", None: "Cannot be told at this moment"}
    return {
        "ids": [f"{each} (key {package.keys[str(each)]})" for each in package.ids],
        "profile": list(flat(package.profile)),
        "consents": [list(flat(each)) for each in package.consents],
        "requests": [list(flat(each)) for each in package.requests],
        "sources": [[name, str(facts)] for name, facts in package.sources.items()],
        "recipients": package.recipients,
        "counts": [[each.service, str(each.facts), complete[each.complete]] for each in package.counts],
        "total": package.total,
        "complete": complete[package.complete],
    }


def _line(item: Item) -> dict[str, Any]:
    told = {name: value for name, value in item.data.items() if name not in _NOT_TOLD}
    return {
        "at": _time(item.occurred_at),
        "what": item.summary,
        "where": f"{item.service}, {item.channel}",
        "details": list(flat(told)),
    }


def flat(value: Any, name: str = "") -> Iterator[list[str]]:
    """A value of any shape as lines of a name and a text."""
    match value:
        case None | "":
            return
        case dict():
            for key, each in value.items():
                yield from flat(each, f"{name} {key}".strip())
        case list() | tuple() | set() | frozenset():
            for each in value:
                yield from flat(each, name)
        case _:
            yield [name.replace("_", " "), _text(value)]


def _text(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case datetime():
            return _time(value)
        case UUID():
            return str(value)
        case _:
            return str(value)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
