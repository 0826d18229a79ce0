"""What is generated from the code: `python -m crm.local.generating` writes it, with `--check` it only compares."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer

from crm.chassis.auth import Roles
from crm.chassis.documents import access
from crm.chassis.documents.asyncapi import asyncapi
from crm.chassis.documents.canvas import BEGIN, END, canvas, with_canvas
from crm.chassis.documents.compatibility import changes, is_same
from crm.chassis.documents.examples import example_of
from crm.chassis.documents.kept import revisions
from crm.chassis.documents.reading import facts_markdown, to_yaml
from crm.chassis.documents.schemas import schema_of
from crm.events import Fact, catalogue, type_of
from crm.local.suite import services

ROOT = Path(__file__).parents[4]


class Incompatible(Exception):  # noqa: N818
    """A fact type changed in a way that old readers or old facts do not survive."""


def documents(root: Path) -> Iterator[tuple[Path, str]]:
    """Every generated file and what it should hold. Raises `Incompatible`."""
    declared = services()
    names = [each.name for each in declared]
    for fact_class in (each for name in names for each in catalogue.of_service(name)):
        yield from _schema_files(root / "shared/events/crm/events/schemas" / type_of(fact_class), fact_class)
    yield root / "docs/events.md", facts_markdown([(each.name, each.purpose) for each in declared])
    yield from _access(root / "docs/operations.md", {each.name: each.openapi() for each in declared})
    for service in declared:
        folder, openapi = root / "services" / service.name, service.openapi()
        yield folder / "asyncapi.yaml", to_yaml(asyncapi(service.name, service.purpose))
        yield folder / "openapi.json", _to_json(openapi)
        readme = folder / "README.md"
        text = readme.read_text("utf-8") if readme.exists() else f"# {service.name}\n\n{BEGIN}\n{END}\n"
        yield readme, with_canvas(text, canvas(service, openapi, names))


def _access(page: Path, openapis: dict[str, dict[str, Any]]) -> Iterator[tuple[Path, str]]:
    """The table of permissions and roles on the page about operations."""
    text = page.read_text("utf-8") if page.exists() else f"{access.BEGIN}\n{access.END}\n"
    yield page, access.with_access(text, access.access_markdown(openapis, Roles()))


def _schema_files(folder: Path, fact_class: type[Fact]) -> Iterator[tuple[Path, str]]:
    """The newest revision of a schema and its example. Older revisions are kept for ever and must stay readable."""
    schema = schema_of(fact_class)
    known = [json.loads(path.read_text("utf-8")) for path in revisions(folder)]
    for number, old in enumerate(known, 1):
        if found := changes(old, schema):
            raise Incompatible(
                f"{type_of(fact_class)} no longer fits its revision {number}: {'; '.join(found)}. Keep its fields as"
                " they were, or make the next version of the type and an upcast (crm.events.upcasts). If the type was"
                f" never released, remove {folder.name} from {folder.parent.name} and generate again."
            )
    number = len(known) if known and is_same(known[-1], schema) else len(known) + 1
    yield folder / f"{number}.schema.json", _to_json(schema)
    yield folder / f"{number}.example.json", _to_json(example_of(schema))


def _to_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str], root: Path = ROOT) -> int:
    """Writes all documents; with `--check` only compares. Returns the exit code."""
    try:
        stale = [(path, text) for path, text in documents(root) if not path.exists() or path.read_text("utf-8") != text]
    except (Incompatible, ValueError) as error:
        typer.echo(error, err=True)
        return 1
    for path, text in stale:
        if "--check" in arguments:
            typer.echo(f"out of date: {path.relative_to(root)} (run `make generate`)", err=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            typer.echo(f"wrote {path.relative_to(root)}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
