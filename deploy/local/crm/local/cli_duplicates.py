"""Commands about duplicates: a scan of all contacts, and the queue of pairs."""

from enum import StrEnum
from typing import Annotated

import typer

from crm.local.calling import described
from crm.local.suite import Layout
from crm.local.terminal import terminal

app = typer.Typer()
duplicates = typer.Typer(help="Find contacts that may be one person.", no_args_is_help=True)
app.add_typer(duplicates, name="duplicates")
console = terminal()


class Status(StrEnum):
    """What was decided about a pair so far."""

    suggested = "suggested"
    withdrawn = "withdrawn"
    dismissed = "dismissed"
    approved = "approved"
    merged = "merged"


@duplicates.command(epilog="Example:  rapport duplicates scan")
def scan() -> None:
    """Compare all contacts with each other, and put pairs that may be one person in the queue."""
    suite = described(Layout.from_environment())
    from crm.local.duplicates import scan

    raise typer.Exit(scan(suite, console))


@duplicates.command("list", epilog="Examples:  rapport duplicates list  ·  rapport duplicates list --status dismissed")
def list_pairs(
    status: Annotated[Status, typer.Option(help="What was decided.")] = Status.suggested,
    min_score: Annotated[float, typer.Option(help="The least probability.", min=0, max=1)] = 0.0,
    limit: Annotated[int, typer.Option(help="At most so many pairs.", min=1)] = 20,
) -> None:
    """List pairs of contacts that may be one person, the likeliest first."""
    suite = described(Layout.from_environment())
    from crm.local.duplicates import queue

    console.print(queue(suite, status.value, min_score, limit))
