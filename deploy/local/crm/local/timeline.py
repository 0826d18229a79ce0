"""The history of a contact as a table that people read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crm.local.calling import Apis, Refused

GONE = 410
COLOURS = {"contacts": "cyan", "sales": "green", "service-desk": "yellow", "campaigns": "magenta", "analytics": "blue"}
_PHONE = re.compile(r"\+?[\d\s()/.-]{5,}")
_EXTERNAL = re.compile(r"[A-Za-z0-9._-]+:.+")


class NotOne(LookupError):  # noqa: N818 (named as people speak)
    """Words name nobody, or several contacts. The text says whom."""


@dataclass(frozen=True)
class Person:
    """Whose history it is."""

    contact_id: UUID
    name: str
    reach: tuple[str, ...] = ()


def find_person(apis: Apis, words: str) -> Person:
    """The contact whom an id, e-mail address, phone number, external id or part of a name means. Raises `NotOne`."""
    contact_id = _by_identifier(apis, words) or _by_search(apis, words)
    try:
        contact = apis.get("contacts", f"/contacts/{contact_id}")
    except Refused as refusal:
        if refusal.status == GONE:
            return Person(contact_id, "An erased person")
        raise
    reach = [*(each["email"] for each in contact["emails"]), *(each["phone"] for each in contact["phones"])]
    return Person(UUID(contact["id"]), contact["name"], tuple(reach))


def _by_identifier(apis: Apis, words: str) -> UUID | None:
    try:
        return UUID(words)
    except ValueError:
        pass  # then it is something people know
    kinds = {"email": "@" in words, "phone": _PHONE.fullmatch(words), "external_id": _EXTERNAL.fullmatch(words)}
    for kind in (kind for kind, fits in kinds.items() if fits):
        try:
            return UUID(apis.get("contacts", "/identities", {kind: words})["contact_id"])
        except Refused as refusal:
            if refusal.status == GONE:
                raise
    return None


def _by_search(apis: Apis, words: str) -> UUID:
    found = apis.get("contacts", "/contacts", {"search": words, "limit": 10})["items"]
    if len(found) == 1:
        return UUID(found[0]["id"])
    if not found:
        raise NotOne(f"Nobody is known by {words!r}.")
    lines = [f"  {each['id']}  {each['name']}  {', '.join(each['emails'])}" for each in found]
    raise NotOne("\n".join([f"{words!r} may mean several people; name one by id or e-mail address:", *lines]))


def timeline(person: Person, items: Iterable[dict[str, Any]], zone: tzinfo | None = None) -> RenderableType:
    """Items of a history, in their order, day by day; times in `zone` (default: this machine's)."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=False)
    table.add_column("When", style="dim", no_wrap=True)
    table.add_column("What happened", overflow="fold")
    table.add_column("Where", no_wrap=True)
    table.add_column("By", no_wrap=True)
    day, count = "", 0
    for item in items:
        at = datetime.fromisoformat(item["occurred_at"]).astimezone(zone)
        if (today := f"{at:%a %d %b %Y}") != day:
            table.add_row(Text(today, style="bold not dim"), "", "", "")
            day = today
        colour = COLOURS.get(item["service"], "white")
        where = f"[{colour}]{escape(item['service'])}[/{colour}]"
        table.add_row(f"  {at:%H:%M:%S}", escape(item["summary"]), where, escape(_by(item)))
        count += 1
    reach = f"  [dim]{escape('  ·  '.join(person.reach))}[/dim]" if person.reach else ""
    head = Text.from_markup(f"[bold]{escape(person.name)}[/bold]{reach}\n")
    return Group(head, table) if count else Group(head, Text("Nothing happened yet, as far as was asked."))


def _by(item: dict[str, Any]) -> str:
    """Who did it, in people's words."""
    kind, _, name = item["actor"].partition(":")
    if kind in ("policy", "timer"):
        return f"by itself ({name})"
    who = {"contact": "the customer", "import": "an import"}.get(kind, name or kind)
    return who if item["channel"] in ("api", "import") else f"{who}, {item['channel']}"
