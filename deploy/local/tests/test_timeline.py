"""The history as a table, and finding whom somebody means."""

from collections.abc import Iterator
from datetime import UTC
from io import StringIO
from typing import Any
from uuid import UUID

import httpx
import pytest
from rich.console import Console

from crm.local.calling import Apis, NothingRuns, Refused
from crm.local.suite import Description
from crm.local.timeline import NotOne, Person, find_person, timeline

ADA, EVE = UUID(int=1), UUID(int=2)
CONTACT = {"id": str(ADA), "name": "Ada", "emails": [{"email": "ada@a.example"}], "phones": [{"phone": "+49 30 1"}]}
SUITE: Description = {
    "services": {"contacts": "http://contacts.test"},
    "kafka": "",
    "postgres": {},
    "token": "",
    "processes": [],
    "mail": "",
}


def item(
    at: str, summary: str, service: str = "sales", actor: str = "user:bob", channel: str = "api"
) -> dict[str, Any]:
    return {"occurred_at": at, "summary": summary, "service": service, "actor": actor, "channel": channel}


def answer(request: httpx.Request) -> httpx.Response:
    asked = request.url.params
    if request.url.path == "/identities":
        known = {"email": "ada@a.example", "phone": "+49 30 1", "external_id": "erp:7"}
        if any(asked.get(kind) == name for kind, name in known.items()):
            return httpx.Response(200, json={"contact_id": str(ADA), "provisional": False})
        return httpx.Response(404, json={"detail": "Nobody is known by this."})
    if request.url.path == "/contacts":
        names = [name for name in ("Ada", "Adam") if asked["search"] in name]
        return httpx.Response(200, json={"items": [CONTACT | {"name": each, "emails": []} for each in names]})
    if request.url.path == f"/contacts/{EVE}":
        return httpx.Response(410, json={"detail": "This person was erased."})
    if request.url.path.endswith("/history"):
        first = int(asked.get("cursor", 0))
        last = first + min(2, int(asked["limit"]))
        return httpx.Response(200, json={"items": list(range(first, last)), "next": str(last) if last < 5 else None})
    return httpx.Response(200, json=CONTACT)


@pytest.fixture
def apis() -> Iterator[Apis]:
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        yield Apis(SUITE, client)


@pytest.mark.parametrize("words", [str(ADA), "ada@a.example", "+49 30 1", "erp:7", "Adam"])
def test_a_person_is_found_by_what_people_know(apis: Apis, words: str) -> None:
    assert find_person(apis, words) == Person(ADA, "Ada", ("ada@a.example", "+49 30 1"))


def test_several_people_are_listed(apis: Apis) -> None:
    with pytest.raises(NotOne, match=f"(?s)several.*{ADA}  Ada.*Adam"):
        find_person(apis, "Ad")


def test_nobody_is_told(apis: Apis) -> None:
    with pytest.raises(NotOne, match="Nobody is known by 'x@y.example'"):
        find_person(apis, "x@y.example")


def test_an_erased_person_still_has_a_history(apis: Apis) -> None:
    assert find_person(apis, str(EVE)) == Person(EVE, "An erased person")


@pytest.mark.parametrize(("most", "found"), [(None, 5), (3, 3), (0, 0)])
def test_pages_are_followed(apis: Apis, most: int | None, found: int) -> None:
    assert len(list(apis.pages("contacts", f"/contacts/{ADA}/history", {}, most))) >= found


def test_a_service_that_is_away_is_named(apis: Apis) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with httpx.Client(transport=httpx.MockTransport(away)) as client, pytest.raises(NothingRuns, match="contacts does"):
        Apis(SUITE, client).get("contacts", "/contacts")


def test_a_refusal_is_the_services_own_sentence(apis: Apis) -> None:
    with pytest.raises(Refused, match="Nobody is known by this"):
        apis.get("contacts", "/identities", {"email": "x@y.example"})


def shown(*items: dict[str, Any]) -> str:
    console = Console(width=120, record=True, file=StringIO())
    console.print(timeline(Person(ADA, "Ada [Lovelace]", ("ada@a.example",)), items, UTC))
    return console.export_text()


def test_days_stand_above_their_lines_and_nothing_is_markup() -> None:
    text = shown(
        item("2026-01-02T10:00:00Z", "Lead [captured]", actor="contact:1", channel="web"),
        item("2026-01-02T09:00:00Z", "Mail sent", service="campaigns", actor="policy:welcoming"),
        item("2026-01-01T23:30:00+01:00", "Imported", service="contacts", actor="import:7", channel="import"),
    )
    assert "Ada [Lovelace]" in text
    assert "Lead [captured]" in text
    assert (
        text.index("Fri 02 Jan 2026") < text.index("10:00:00") < text.index("Thu 01 Jan 2026") < text.index("22:30:00")
    )
    for words in ("the customer, web", "by itself (welcoming)", "an import"):
        assert words in text


def test_an_empty_history_says_so() -> None:
    assert "Nothing happened yet" in shown()
