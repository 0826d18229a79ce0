"""What a person is given who asks what is known of them (C13): from all services, bounded, and counted (I12)."""

import io
import json
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import Records
from crm.contacts.accessing import as_pdf
from crm.contacts.accessing import package as package_module
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.contacts.lookup import find
from crm.events.sales import LeadCaptured
from crm.events.service_desk import TicketOpened, TicketReplied


@pytest.fixture
def ada(suite: TestClient) -> UUID:
    body = {
        "name": "Ada Lovelace",
        "emails": ["ada@example.org"],
        "address": {"street": "St James's Square 12", "city": "London", "country": "GB"},
        "external_ids": [{"system": "erp", "id": "4711"}],
    }
    return UUID(suite.post("/contacts", json=body).raise_for_status().json()["id"])


@pytest.fixture
def elsewhere(log: EventLog) -> Records:
    return Records(log.keys)


@pytest.fixture
def known(suite: TestClient, views: Projector, elsewhere: Records, ada: UUID, do: Commands) -> UUID:
    """Ada has a past in three services, some of it under an alias."""
    alias = uuid4()
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=ada)), Step(contacts, ada, partial(recognise, alias=alias))
    )
    evidence = {"channel": "email", "purpose": "marketing", "wording_version": "7", "source": "web", "evidence": {}}
    suite.post(f"/contacts/{ada}/consents", json=evidence).raise_for_status()
    for direction in ("inbound", "internal"):
        said = {"kind": "call", "direction": direction, "subject": f"An {direction} word *not markup*", "body": "#x"}
        suite.post(f"/contacts/{ada}/interactions", json=said).raise_for_status()
    lead = LeadCaptured(contact=alias, provisional=True, source="web", name="Ada", interest="an engine")
    views.hear(elsewhere.record(uuid4(), lead, subject=alias))
    ticket = TicketOpened(
        contact=ada, provisional=False, number=7, queue="support", priority="low", kind="question", subject="Bell"
    )
    reply = TicketReplied(by="agent", public=False, body="Secretly, oil it.")
    views.hear(elsewhere.record(uuid4(), ticket, reply, subject=ada))
    views.catch_up()
    return ada


@pytest.fixture
def begun(suite: TestClient, known: UUID, views: Projector) -> Callable[[str], str]:
    """A request that is worked on, and its address."""

    def begin(kind: str = "access") -> str:
        answer = suite.post("/requests", json={"contact_id": str(known), "kind": kind}).raise_for_status()
        address = answer.headers["Location"]
        suite.post(f"{address}/verify", json={"method": "signed-in"}).raise_for_status()
        suite.post(f"{address}/start").raise_for_status()
        views.catch_up()
        return str(address)

    return begin


def fetched(suite: TestClient, address: str) -> dict[str, Any]:
    answer = suite.get(f"{address}/package.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_c13_the_package_tells_everything_from_all_services_under_all_ids(
    suite: TestClient, log: EventLog, known: UUID, begun: Callable[[str], str]
) -> None:
    package = fetched(suite, begun("access"))
    assert package["profile"]["name"] == "Ada Lovelace"
    assert package["ids"][0] == str(known)
    assert set(package["ids"]) == set(map(str, find(log, known).family.ids))
    assert [each["granted"] for each in package["consents"]] == [True]
    assert set(package["keys"].values()) == {"in use"}
    assert package["recipients"] == ["Rapport contacts", "Rapport sales", "Rapport service-desk", "erp"]
    said = json.dumps(package["history"])
    for told in ("an engine", "Secretly, oil it.", "An inbound word", "An internal word"):
        assert told in said
    moments = [each["occurred_at"] for each in package["history"]]
    assert moments == sorted(moments)


def test_i12_the_package_states_the_counts_of_each_service_and_whether_that_is_all(
    suite: TestClient, begun: Callable[[str], str]
) -> None:
    package = fetched(suite, begun("access"))
    counts = {each["service"]: (each["facts"], each["complete"]) for each in package["counts"]}
    assert counts["sales"] == (1, None)  # without Kafka nobody can tell
    assert counts["service-desk"] == (2, None)
    assert counts["analytics"] == (0, None)
    assert counts["contacts"][1] is True
    assert package["facts"] == package["items"] == len(package["history"]) == sum(each[0] for each in counts.values())
    assert package["complete"] is None


def test_c13_the_package_tells_also_what_was_corrected_or_taken_back(
    suite: TestClient, known: UUID, views: Projector, begun: Callable[[str], str]
) -> None:
    said = {"kind": "note", "direction": "internal", "subject": "Rather rude", "visibility": "private"}
    note = suite.post(f"/contacts/{known}/interactions", json=said).raise_for_status().json()["id"]
    suite.post(f"/contacts/{known}/interactions/{note}/amend", json={"subject": "A bit rude"}).raise_for_status()
    suite.post(f"/contacts/{known}/interactions/{note}/retract", json={"reason": "not true"}).raise_for_status()
    views.catch_up()
    package = fetched(suite, begun("access"))
    told = json.dumps(package["history"])
    assert all(each in told for each in ("Rather rude", "A bit rude", "not true"))
    assert package["facts"] == package["items"]


def test_c13_what_somebody_takes_elsewhere_is_what_they_gave(suite: TestClient, begun: Callable[[str], str]) -> None:
    request = begun("portability")
    package = fetched(suite, request)
    said = json.dumps(package["history"])
    assert "an engine" in said and "An inbound word" in said
    assert "Secretly" not in said and "An internal word" not in said
    assert "counts" not in package
    assert suite.get(f"{request}/package.pdf").status_code == 409


def test_c13_a_person_can_read_it(suite: TestClient, begun: Callable[[str], str]) -> None:
    request = begun("access")
    answer = suite.get(f"{request}/package.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    assert suite.get(f"{request}/package.pdf", params={"part": 2}).status_code == 404


def test_a_value_of_any_shape_is_told_line_by_line() -> None:
    phones = [{"entered": "030 1", "e164": None}, {"entered": "030 2", "e164": "+49302"}]
    told = {
        "name": "Ada",
        "phones": phones,
        "address": {"city": "London"},
        "tags": ["a", "b"],
        "nobody": [],
        "vip": True,
    }
    assert list(as_pdf.flat(told)) == [
        ["name", "Ada"],
        ["phones entered", "030 1"],
        ["phones entered", "030 2"],
        ["phones e164", "+49302"],
        ["address city", "London"],
        ["tags", "a"],
        ["tags", "b"],
        ["vip", "yes"],
    ]


def test_c13_a_long_history_comes_in_parts(
    suite: TestClient, begun: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package_module, "PART", 4)
    request = begun("access")
    facts = fetched(suite, request)["items"]
    packed = zipfile.ZipFile(io.BytesIO(suite.get(f"{request}/package.zip").content))
    parts = [each for each in packed.namelist() if each.endswith(".pdf")]
    assert len(parts) == -(-facts // 4)
    assert json.loads(packed.read("package.json"))["items"] == facts
    assert packed.testzip() is None
    assert suite.get(f"{request}/package.pdf", params={"part": len(parts)}).content.startswith(b"%PDF-")


def test_c13_nobody_is_told_anything_before_the_identity_is_verified(
    suite: TestClient, known: UUID, views: Projector
) -> None:
    request = suite.post("/requests", json={"contact_id": str(known), "kind": "access"}).headers["Location"]
    refused = suite.get(f"{request}/package.json")
    assert (refused.status_code, "identity" in refused.json()["detail"]) == (409, True)
    restrict = suite.post("/requests", json={"contact_id": str(known), "kind": "restrict"}).headers["Location"]
    assert "no package" in suite.get(f"{restrict}/package.json").json()["detail"]


def test_c13_there_is_no_package_of_an_erased_person(
    suite: TestClient, known: UUID, begun: Callable[[str], str]
) -> None:
    request = begun("access")
    suite.delete(f"/contacts/{known}").raise_for_status()
    assert suite.get(f"{request}/package.json").status_code == 410
    assert suite.get(f"{request}/package.pdf").status_code == 410
