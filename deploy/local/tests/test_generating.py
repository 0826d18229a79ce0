"""Generated files: written once, checked ever after, and an incompatible change is stopped before it is written."""

import json
from pathlib import Path

import pytest

from crm.chassis.documents.kept import revisions
from crm.chassis.documents.schemas import schema_of
from crm.events import Fact, Personal, catalogue
from crm.local.generating import Incompatible, documents, main

TYPE = "crm.sales.bell-rang.v1"
SCHEMAS = "shared/events/crm/events/schemas"


class BellRang(Fact, frozen=True, tag=TYPE):
    summary = "{by} rang"
    by: Personal[str]
    times: int = 1


class BellRangLonger(Fact, frozen=True, tag=TYPE):
    summary = "{by} rang"
    by: Personal[str]
    times: int = 1
    seconds: int | None = None


class BellRangOtherwise(Fact, frozen=True, tag=TYPE):
    summary = "{by} rang"
    by: Personal[str]
    times: str = "once"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository in which nothing was generated yet."""
    return tmp_path


def declare(monkeypatch: pytest.MonkeyPatch, fact_class: type[Fact]) -> None:
    monkeypatch.setitem(catalogue.BY_TYPE, TYPE, fact_class)


def write(root: Path) -> None:
    for path, text in documents(root):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def kept(root: Path) -> list[str]:
    return [path.name for path in revisions(root / SCHEMAS / TYPE)]


def test_what_was_written_is_up_to_date_until_something_changes(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], root) == 1
    assert main([], root) == 0
    assert main(["--check"], root) == 0
    (root / "docs/events.md").write_text("edited by hand")
    capsys.readouterr()
    assert main(["--check"], root) == 1
    assert capsys.readouterr().err == "out of date: docs/events.md (run `make generate`)\n"


def test_every_kind_of_document_is_there(root: Path) -> None:
    names = {str(path.relative_to(root)) for path, _ in documents(root)}
    assert {"docs/events.md", "services/sales/asyncapi.yaml", "services/sales/openapi.json"} <= names
    assert {"services/service-desk/README.md", "services/analytics/asyncapi.yaml"} <= names
    assert f"{SCHEMAS}/crm.sales.opportunity-won.v1/1.schema.json" in names


def test_a_compatible_change_is_the_next_revision_and_the_last_one_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(monkeypatch, BellRang)
    write(root)
    first = (root / SCHEMAS / TYPE / "1.schema.json").read_text()
    declare(monkeypatch, BellRangLonger)
    write(root)
    assert kept(root) == ["1.schema.json", "2.schema.json"]
    assert (root / SCHEMAS / TYPE / "1.schema.json").read_text() == first
    example = json.loads((root / SCHEMAS / TYPE / "2.example.json").read_text())
    assert example.keys() == {"type", "times", "seconds", "personal"}


def test_other_words_are_no_revision(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(monkeypatch, BellRang)
    write(root)
    monkeypatch.setattr(BellRang, "__doc__", "Told otherwise.")
    schema_of.cache_clear()
    write(root)
    assert kept(root) == ["1.schema.json"]
    assert "Told otherwise." in (root / SCHEMAS / TYPE / "1.schema.json").read_text()


def test_an_incompatible_change_is_not_written(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(monkeypatch, BellRang)
    write(root)
    declare(monkeypatch, BellRangOtherwise)
    with pytest.raises(Incompatible, match="`times` takes other values than before"):
        write(root)
    assert main([], root) == 1
    assert "make the next version of the type and an upcast" in capsys.readouterr().err
    assert kept(root) == ["1.schema.json"]
