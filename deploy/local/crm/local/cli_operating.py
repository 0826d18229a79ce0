"""Commands for operators: parked facts, stopped and rebuilt views, publishing again."""

import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import typer
from rich import box
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm.local.calling import described
from crm.local.suite import Layout
from crm.local.terminal import terminal

_Service = Annotated[str | None, typer.Option(help="Only in one service.")]
_View = Annotated[str | None, typer.Option(help="Only of one view or policy.")]
_Name = Annotated[str, typer.Argument(metavar="SERVICE/VIEW", help="Such as contacts/directory.")]
_Entry = Annotated[str, typer.Argument(metavar="SERVICE/NUMBER", help="As `rapport parked list` shows it.")]


app = typer.Typer()
parked = typer.Typer(help="See, retry or give up facts that could not be applied.", no_args_is_help=True)
app.add_typer(parked, name="parked")
console = terminal()


@app.command(epilog="Example:  rapport rebuild contacts/history")
def rebuild(view: _Name) -> None:
    """Build a view anew from the whole history beside the live one, then switch; one that was cut goes on."""
    service, name = _split(view)
    with _tended(service) as tended, _bar() as bar:
        chosen = tended.view(name)
        task = bar.add_task(f"Rebuilding {service}/{name}", total=tended.size_of(chosen))
        done = tended.rebuild(chosen, lambda progress: bar.advance(task, progress.facts))
        bar.update(task, completed=done.facts, total=done.facts)
    told = f"{service}/{name} was built from {done.facts:,} facts in {done.seconds:.1f} s"
    console.print(f"{told}; it stood still for {done.switch_s * 1000:.0f} ms.", highlight=False)


@app.command(epilog="Examples:  rapport resume sales/board  ·  rapport resume sales/board --lenient")
def resume(
    view: _Name,
    lenient: Annotated[bool, typer.Option("--lenient", help="Park what fails, however much it is.")] = False,
) -> None:
    """Let a view go on that stopped because too many facts failed, once the cause is mended."""
    service, name = _split(view)
    with _tended(service) as tended:
        went_on = tended.resume(name, lenient=lenient)
    console.print(f"{service}/{name} goes on." if went_on else f"{service}/{name} had not stopped.")


@app.command(epilog='Example:  rapport republish sales --reason "the topic was lost with its disk"')
def republish(
    service: Annotated[str, typer.Argument(help="Whose log.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept, so name nobody.", prompt=True)],
) -> None:
    """Publish a service's whole log again, to a topic that was recreated or has lost facts."""
    from crm.local.tending import publish_again

    layout = Layout.from_environment()
    topic = publish_again(layout, described(layout), service, reason)
    console.print(f"The relay publishes the whole log of {service} to {topic}; consumers skip what they have seen.")


@parked.command("list", epilog="Examples:  rapport parked list  ·  rapport parked list --service sales --view board")
def list_parked(service: _Service = None, view: _View = None) -> None:
    """List the facts that wait for a person; those behind them on their stream wait too."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("Entry", "View", "Fact", "Type", "Error", "At", "Since (UTC)"):
        table.add_column(column, overflow="fold")
    for name in _names(service):
        with _tended(name) as tended:
            found = tended.parked(view)
        for each in found:
            fact = f"{each.stream}:{each.version}" if each.stream else f"record {each.shard}/{each.version}"
            since = f"{each.parked_at:%Y-%m-%d %H:%M:%S}"
            entry = f"{name}/{each.id}"
            table.add_row(entry, each.view, fact, each.type or "", each.error or "", each.message or "", since)
    console.print(table if table.row_count else "Nothing is parked.")


@parked.command(epilog="Example:  rapport parked show sales/12")
def show(entry: _Entry) -> None:
    """Show one parked fact with its envelope; what is personal in it stays sealed."""
    service, number = _numbered(entry)
    with _tended(service) as tended:
        found, sealed = tended.show(number)
    sys.stdout.write(json.dumps({"entry": vars(found), "fact": sealed}, indent=2, default=str) + "\n")


@parked.command(epilog="Examples:  rapport parked retry  ·  rapport parked retry --service sales --error ValueError")
def retry(
    service: _Service = None,
    view: _View = None,
    stream: Annotated[UUID | None, typer.Option(help="Only one stream.")] = None,
    error: Annotated[str | None, typer.Option(help="Only one class of error.")] = None,
) -> None:
    """Try parked facts again, each stream in its order: of one service, view, stream or class of error, or all."""
    applied = waiting = 0
    for name in _names(service):
        with _tended(name) as tended:
            done = tended.retry(view, stream, error)
        applied, waiting = applied + done.applied, waiting + done.waiting
    console.print(f"{applied} facts were applied; {waiting} still wait.", highlight=False)


@parked.command(epilog='Example:  rapport parked discard sales/12 --reason "a test record of a partner"')
def discard(
    entry: _Entry, reason: Annotated[str, typer.Option(help="Why; it is kept, so name nobody.", prompt=True)]
) -> None:
    """Give one parked fact up for good, and go on with its stream behind it; the entry stays, with the reason."""
    service, number = _numbered(entry)
    with _tended(service) as tended:
        done = tended.discard(number, reason)
    console.print(f"Discarded; {done.applied} facts behind it were applied, {done.waiting} still wait.")


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)


def _tended(service: str) -> Any:
    from crm.local.tending import tending  # what it needs takes a while to import

    layout = Layout.from_environment()
    return tending(layout, described(layout), service)


def _names(service: str | None) -> Iterable[str]:
    return [service] if service else described(Layout.from_environment())["services"]


def _split(name: str) -> tuple[str, str]:
    service, slash, view = name.partition("/")
    if not slash:
        raise ValueError(f"Name the service too, such as contacts/{name}.")
    return service, view


def _numbered(entry: str) -> tuple[str, int]:
    service, number = _split(entry)
    if not number.isdigit():
        raise ValueError(f"{entry!r} is no entry of the parking lot; `rapport parked list` shows them.")
    return service, int(number)
