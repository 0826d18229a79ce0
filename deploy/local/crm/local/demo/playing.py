"""Playing the demo, from an empty folder to the last line on the screen."""

import json
import sys
from pathlib import Path

from rich.console import Console

from crm.chassis.audit import Audit, Place, audit
from crm.local.calling import Refused, calling
from crm.local.demo import story, telling
from crm.local.demo.calls import StoryStuck, Voice
from crm.local.demo.cast import Cast
from crm.local.demo.people import AGAIN, PERSONS, UNUSABLE, people_csv, persons
from crm.local.demo.stage import temporary_layout
from crm.local.demo.tracing import spans_in, trace_of
from crm.local.importing import Choices, following, upload
from crm.local.lifecycle import ToldToStop, stoppable
from crm.local.progress import Progress
from crm.local.running import running
from crm.local.suite import Description, Layout, service_named
from crm.local.terminal import terminal

LEFT_ALONE = 130
"""The exit code after Ctrl-C, as shells have it."""
OTHERS = 24
"""How many people of the file have agreed to mails as well."""


def play(console: Console, *, as_json: bool = False) -> int:
    """Starts a suite, plays the story, stops everything, and shows what it led to. Returns the exit code.

    With `as_json` the standard output has the history as JSON and nothing else; the rest goes to the error output.
    Raises `ServerFailed` or `OSError` if the suite cannot be started.
    """
    console = terminal(stderr=True) if as_json else console
    try:
        with stoppable(), temporary_layout() as layout:
            return _play(console, layout, as_json=as_json)
    except ToldToStop:
        return LEFT_ALONE
    except (StoryStuck, Refused) as stuck:
        terminal(stderr=True).print(f"The story cannot go on: {stuck}", style="red", markup=False, soft_wrap=True)
        return 1


def _play(console: Console, layout: Layout, *, as_json: bool) -> int:
    with Progress(console) as progress, running(layout, progress) as suite:
        _import(suite.description, layout, progress)
        cast = _cast(suite.description, layout)
        tale, items = story.perform(cast, _others(), progress)
        funnel = story.funnel(cast, tale)
        done = _audit(suite.description, progress)
    if as_json:
        sys.stdout.write(json.dumps({"contact_id": tale.contact, "items": items}, indent=2, ensure_ascii=False) + "\n")
    else:
        trace = trace_of(spans_in(layout.traces), items[0]["trace_id"])  # who has stopped, has written all spans
        console.print(telling.shown(tale.contact, items), telling.numbers(funnel), telling.counted(done))
        console.print(telling.traced(trace), telling.next_steps())
    told = story.sequence(items)
    if told != story.STORY:
        console.print(telling.differing(told))
    return 0 if told == story.STORY and done.is_clean else 1


def _import(suite: Description, layout: Layout, progress: Progress) -> None:
    """Imports the file of people, and tells what became of its rows."""
    rows = PERSONS + AGAIN + len(UNUSABLE)
    progress(f"Importing {rows:,} people of eight countries")
    file = layout.folder / "people.csv"
    file.write_bytes(people_csv().encode())
    with calling(suite) as apis:
        *_, job = following(apis, upload(apis, file, Choices()))
    if (job["registered"], job["matched"], job["rejected"]) != (PERSONS, AGAIN, len(UNUSABLE)):
        raise StoryStuck(f"the import came to something else than the file has: {job}")
    progress.done()
    progress.note(
        f"  {job['registered']:,} are contacts now, {job['matched']} rows were the same people in another spelling,"
        f" {job['rejected']} were unusable"
    )


def _cast(suite: Description, layout: Layout) -> Cast:
    """A form that may do no more than it must, and three colleagues, each with a token of their own."""

    def voice(subject: str, *permissions: str, channel: str = "api") -> Voice:
        return Voice(suite, layout.issuer().issue(subject, permissions), channel)

    return Cast(
        form=voice("web-form", "sales:write", "contacts:consent", channel="web"),
        marketing=voice("lea", "campaigns:*", "contacts:*", "analytics:read"),
        sales=voice("mia", "sales:*", "contacts:read", "contacts:read-addresses"),
        desk=voice("tom", "service-desk:*"),
        mails=Path(suite["mail"]),
    )


def _others() -> list[str]:
    return [each.email for each in persons()[-OTHERS:]]


def _audit(suite: Description, progress: Progress) -> Audit:
    """Counts everything in every store and topic."""
    places = []
    for name, dsn in suite["postgres"].items():
        if name in suite["services"]:
            timeline = next((each.table.name for each in service_named(name).views if each.family == "history"), None)
            places.append(Place(name, dsn, timeline))
    progress("Counting every fact in every log, topic and history")
    return audit(places, suite["kafka"])
