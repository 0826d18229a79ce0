"""What the story leaves on the screen: a history, a count, a trace, and what to try next."""

import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from crm.chassis.audit import Audit
from crm.local.demo.cast import EMAIL, NAME, PHONE
from crm.local.demo.people import persons
from crm.local.demo.story import STORY
from crm.local.suite import Layout
from crm.local.timeline import Person, timeline


def shown(contact: str, items: list[dict[str, Any]]) -> RenderableType:
    """The person's history, as sales sees it."""
    return _part("One history", timeline(Person(UUID(contact), NAME, (EMAIL, PHONE)), items))


def numbers(funnel: dict[str, int]) -> RenderableType:
    """What came of the mail, as marketing sees it."""
    steps = ("got the mail", "clicked", "asked for an offer", "bought")
    told = "  →  ".join(f"{count} {step}" for count, step in zip(funnel.values(), steps, strict=True))
    return _part("What came of the mail", Text(told))


def counted(done: Audit) -> RenderableType:
    """That nothing is missing."""
    numbers = f"{done.facts:,} facts in five logs, {done.records:,} records on Kafka, {done.contacts:,} contacts"
    text = Text(f"{numbers} with {done.items:,} lines of history.\n")
    if done.is_clean:
        text.append("Every fact is where it belongs: nothing lost, nothing doubled, all in order.", style="green")
    for each in done.findings:
        text.append(f"{each.invariant}: {each.sentence} ({each.cases} cases): {', '.join(each.ids[:3])}\n", style="red")
    return _part("Complete?", text)


def traced(tree: RenderableType) -> RenderableType:
    """What one command led to."""
    return _part("One command, across services", tree)


def differing(items: tuple[tuple[str, str], ...]) -> RenderableType:
    """Where a history leaves the story."""
    lines = [Text("The history is not the story's.", style="bold red")]
    for at in range(max(len(items), len(STORY))):
        told, meant = (each[at] if at < len(each) else None for each in (items, STORY))
        if told != meant:
            lines.append(Text(f"  line {at + 1}: {told} instead of {meant}"))
    return Group(*lines)


def next_steps() -> RenderableType:
    """Real commands and addresses, for a suite that stays."""
    somebody = persons()[0].email
    contacts = Layout(Path()).url("contacts")
    steps = (
        ("make up", "start a suite that stays, with these people:"),
        (f"{_python()} -m crm.local.demo.people > people.csv", ""),
        (f"{_rapport()} import people.csv", ""),
        (f"{_rapport()} history {somebody}", "the history of one of them"),
        (f"{_rapport()} audit", "is anything lost, doubled or out of order?"),
        (f"{contacts}/docs", "every call, to be tried in the browser"),
        (f"{contacts}/asyncapi.yaml", "what is on Kafka, for those who subscribe"),
    )
    width = max(len(command) for command, _ in steps)
    lines = [
        Text.assemble((command.ljust(width + 2), "bold" if why or "rapport" in command else ""), (why, "dim"))
        for command, why in steps
    ]
    return _part("Try next", Group(*lines))


def _part(title: str, content: RenderableType) -> RenderableType:
    return Group(Text(""), Rule(title, align="left", style="dim"), Padding(content, (1, 0, 0, 0)))


def _rapport() -> str:
    return str(_near(Path(sys.executable).with_name("rapport")))


def _python() -> str:
    return str(_near(Path(sys.executable)))


def _near(path: Path) -> Path:
    """As seen from here, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
