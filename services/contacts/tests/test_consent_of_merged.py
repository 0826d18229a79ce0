"""C7, C9: what somebody allows who was known under two ids, and what of it stays with whom after an unmerge."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog
from crm.chassis.people.links import preference_token
from crm.contacts.consent import consent_stream
from crm.events.consents import ConsentRequested

WHAT = {"channel": "email", "purpose": "news"}
GRANT = {**WHAT, "wording_version": "1", "source": "form", "evidence": {}}
WITHDRAW = {**WHAT, "source": "mail"}


@pytest.fixture
def two(suite: TestClient) -> tuple[UUID, UUID]:
    people = (("Ada", "ada@one.example"), ("Ada L.", "ada@two.example"))
    ids = [suite.post("/contacts", json={"name": name, "emails": [email]}).json()["id"] for name, email in people]
    return UUID(ids[0]), UUID(ids[1])


@pytest.fixture
def say(suite: TestClient, views: Any) -> Callable[..., Any]:
    def say(contact: UUID, path: str, **body: Any) -> Any:
        answer = suite.post(f"/contacts/{contact}/{path}", json=body).raise_for_status()
        views.catch_up()
        return answer.json()

    return say


def by_mail(suite: TestClient, contact: UUID) -> dict[str, Any]:
    cells = suite.get(f"/contacts/{contact}/consents/matrix").raise_for_status().json()["cells"]
    (cell,) = [each for each in cells if (each["channel"], each["address"]) == ("email", None)]
    return dict(cell)


def test_c7_the_most_restrictive_word_counts_until_they_agree_anew(
    suite: TestClient, say: Any, two: tuple[UUID, UUID]
) -> None:
    one, other = two
    say(other, "consents/withdraw", **WITHDRAW)
    say(one, "consents", **GRANT)
    say(one, "merge", absorb=[str(other)], survivor=str(one))
    cell = by_mail(suite, one)
    assert (cell["state"], cell["contact_id"], "most restrictive" in cell["why"]) == ("withdrawn", str(other), True)
    say(one, "consents", **GRANT)
    assert by_mail(suite, other)["state"] == "granted"


def test_c11_before_a_merge_each_id_has_a_matrix_of_its_own(
    suite: TestClient, say: Any, two: tuple[UUID, UUID], log: EventLog
) -> None:
    one, other = two
    say(other, "consents/withdraw", **WITHDRAW)
    say(one, "consents", **GRANT)
    before = log.stream(consent_stream(one, "email", "news"))[-1].recorded_at.isoformat()
    say(one, "merge", absorb=[str(other)], survivor=str(one))
    states = []
    for contact in (one, other):
        answer = suite.get(f"/contacts/{contact}/consents/matrix", params={"as_known_at": before})
        cells = answer.raise_for_status().json()["cells"]
        states += [each["state"] for each in cells if each["channel"] == "email"]
    assert states == ["granted", "withdrawn"]


def test_c9_what_was_chosen_by_a_link_stays_with_the_id_it_names(
    suite: TestClient, say: Any, two: tuple[UUID, UUID], keys: MemoryKeys, views: Any
) -> None:
    one, other = two
    for contact in two:
        say(contact, "consents", **GRANT)
    merge = suite.post(f"/contacts/{one}/merge", json={"absorb": [str(other)], "survivor": str(one)})
    views.catch_up()
    page = f"/preferences/{preference_token(keys, other)}"
    assert "Everything is taken back" in suite.post(page, data={"everything": "withdraw"}).text
    views.catch_up()
    assert by_mail(suite, one)["state"] == "withdrawn"
    merge_id = suite.get(f"/contacts/{one}/merges").json()["items"][0]["merge_id"]
    assert merge.status_code == 201
    say(one, "unmerge", merge_id=merge_id, reason="Twins")
    assert [by_mail(suite, each)["state"] for each in two] == ["granted", "withdrawn"]


def test_m3_a_merged_person_is_asked_at_any_of_their_addresses(say: Any, two: tuple[UUID, UUID], log: EventLog) -> None:
    one, other = two
    say(one, "merge", absorb=[str(other)], survivor=str(one))
    body = {"purpose": "news", "wording_version": "1", "source": "form", "evidence": {}}
    asked = say(one, "consents/request", **body, address="ada@two.example")
    fact = log.stream(UUID(asked["id"]))[-1].fact
    assert isinstance(fact, ConsentRequested)
    assert fact.address == "ada@two.example"
