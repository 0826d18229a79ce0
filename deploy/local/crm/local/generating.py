"""Writes what is generated from the code, or checks that it is up to date: `python -m crm.local.generating [--check]`."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from crm.chassis.documents.asyncapi import asyncapi
from crm.chassis.documents.reading import canvas, facts_markdown, to_yaml, with_canvas
from crm.chassis.documents.schemas import example_of, is_compatible, schema_of
from crm.events import Fact, catalogue, type_of
from crm.local.suite import services

ROOT = Path(__file__).parents[4]
SCHEMAS = ROOT / "shared/events/schemas"


class Incompatible(Exception):  # noqa: N818
    """A fact type changed in a way that old readers or old facts do not survive."""


def documents() -> Iterator[tuple[Path, str]]:
    """Every generated file and what it should hold."""
    declared = services()
    for fact_class in catalogue.BY_TYPE.values():
        yield from _schema_files(fact_class)
    yield ROOT / "docs/events.md", facts_markdown([(each.name, each.purpose) for each in declared])
    for service in declared:
        folder = ROOT / "services" / service.name
        openapi = service.openapi()
        yield folder / "asyncapi.yaml", to_yaml(asyncapi(service.name, service.purpose))
        yield folder / "openapi.json", _to_json(openapi)
        readme = (folder / "README.md").read_text("utf-8")
        yield folder / "README.md", with_canvas(readme, canvas(service, list(operations(openapi))))


def _schema_files(fact_class: type[Fact]) -> Iterator[tuple[Path, str]]:
    """The newest revision of a schema and its example. Older revisions are kept for ever and must stay readable."""
    schema, folder = schema_of(fact_class), SCHEMAS / type_of(fact_class)
    revisions = sorted(folder.glob("*.schema.json"), key=lambda path: int(path.name.split(".")[0]))
    known = [json.loads(path.read_text("utf-8")) for path in revisions]
    for number, old in enumerate(known, 1):
        if not is_compatible(old, schema):
            raise Incompatible(
                f"{type_of(fact_class)} no longer fits its revision {number}. Keep its fields, or make the next version"
                " of the type and an upcast."
            )
    number = len(known) if known and known[-1] == schema else len(known) + 1
    yield folder / f"{number}.schema.json", _to_json(schema)
    yield folder / f"{number}.example.json", _to_json(example_of(schema))


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Method, path and summary of every operation."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if not path.startswith(("/health", "/metrics", "/asyncapi", "/schemas", "/openapi")):
                yield method.upper(), path, operation.get("summary", "")


def _to_json(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """Writes all documents; with `--check` only compares. Returns the exit code."""
    stale = [(path, text) for path, text in documents() if not path.exists() or path.read_text("utf-8") != text]
    if "--check" in arguments:
        for path, _ in stale:
            print(f"out of date: {path.relative_to(ROOT)} (run `make generate`)")
        return 1 if stale else 0
    for path, text in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))


