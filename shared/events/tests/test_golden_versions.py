"""Facts as every older version of a type wrote them, kept in `golden`, and what they are read as today."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm.events import ERASED, catalogue, upcasts, wire
from crm.events.fact import personal_fields

GOLDEN = Path(__file__).parent / "golden"
every_older_version = pytest.mark.parametrize("fact_type", sorted(upcasts.UPCASTS))


def golden(fact_type: str) -> dict[str, Any]:
    """What it says in `clear` and of a person (`personal`), and how it is `read`."""
    kept: dict[str, Any] = json.loads((GOLDEN / f"{fact_type}.json").read_text("utf-8"))
    return kept


def written(kept: dict[str, Any]) -> bytes:
    return json.dumps(kept["clear"] | {"personal": "sealed"}).encode()


@every_older_version
def test_what_an_older_version_wrote_is_read_as_the_newest(fact_type: str) -> None:
    kept = golden(fact_type)
    assert kept["clear"]["type"] == fact_type
    fact = wire.decode(fact_type, written(kept), lambda _: json.dumps(kept["personal"]).encode())
    assert msgspec.to_builtins(fact) == kept["read"]


@every_older_version
def test_c13_of_an_erased_person_nothing_personal_is_read(fact_type: str) -> None:
    kept = golden(fact_type)
    fact = wire.decode(fact_type, written(kept), lambda _: None)
    personal = personal_fields(catalogue.BY_TYPE[upcasts.current_type(fact_type)])
    told = msgspec.to_builtins(fact)
    assert {name: told[name] for name in told.keys() - personal} == {
        name: value for name, value in kept["read"].items() if name not in personal
    }
    assert all(told[name] in (ERASED, None, []) for name in personal)
