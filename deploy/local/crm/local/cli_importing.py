"""Commands about imports: a file comes in, perhaps only to see what it would do, and is taken back."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from crm.local.calling import described
from crm.local.suite import Layout
from crm.local.terminal import terminal

app = typer.Typer()
console = terminal()


class RowKind(StrEnum):
    """What the rows of a file are."""

    people = "people"
    accounts = "accounts"
    interactions = "interactions"
    affiliations = "affiliations"


class OnMatch(StrEnum):
    """What happens to those who are known already."""

    skip = "skip"
    update = "update"


@app.command(
    "import",
    epilog="Examples:  rapport import people.csv  ·  rapport import people.csv --map Mail=email --dry-run  ·  "
    "rapport import cards.vcf --key email --on-match update --rejected again.vcf",
)
def import_file(
    file: Annotated[
        Path, typer.Argument(help="A CSV file of any dialect and encoding, or vCards.", exists=True, dir_okay=False)
    ],
    mapping: Annotated[
        list[str] | None, typer.Option("--map", help="COLUMN=FIELD, where a header does not say it. Repeatable.")
    ] = None,
    template: Annotated[str | None, typer.Option(help="A mapping that was saved under this name.")] = None,
    kind: Annotated[RowKind | None, typer.Option(help="What the rows are; else the header tells.")] = None,
    key: Annotated[
        str | None, typer.Option(help="What rows are matched by: any, none, email, phone, external_id:SYSTEM.")
    ] = None,
    on_match: Annotated[OnMatch | None, typer.Option(help="What happens to those who are known already.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what each row would do.")] = False,
    rejected: Annotated[
        Path | None, typer.Option(help="Where rejected rows go, to be corrected and imported.", dir_okay=False)
    ] = None,
) -> None:
    """Import people, accounts or interactions from a file; an import that was cut goes on where it was."""
    suite = described(Layout.from_environment())
    from crm.local.importing import Choices, columns, import_file

    fields = {"template": template, "kind": kind, "key": key, "on_match": on_match}
    given = {name: str(value) for name, value in fields.items() if value is not None}
    choices = Choices(columns(mapping or []), given, dry_run=dry_run, rejected=rejected)
    raise typer.Exit(import_file(suite, file, choices, console))


@app.command(epilog="Example:  rapport revert-import 3f0c2a52-…")
def revert_import(import_id: Annotated[str, typer.Argument(help="The id that `rapport import` has told.")]) -> None:
    """Take an import back: the rows that nobody has touched since; the others are listed with the reason."""
    suite = described(Layout.from_environment())
    from crm.local.importing import revert

    raise typer.Exit(revert(suite, import_id, console))
