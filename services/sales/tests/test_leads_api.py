"""Leads over HTTP."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.log import EventLog
from crm.chassis.people.identity import Identifier
from crm.chassis.people.known import provisional_contact_id
from crm.chassis.testing.views import Records
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered
from crm.events.identifiers import IdentifierClaimed
from crm.events.sales import LeadCaptured

Post = Callable[..., Any]
ADA = {"name": "Ada", "email": "Ada@Company.example", "interest": "Twelve bikes", "source": "trade fair"}


def captured(log: EventLog, lead: str) -> LeadCaptured:
    fact = log.stream(UUID(lead))[0].fact
    assert isinstance(fact, LeadCaptured)
    return fact


def test_capturing_a_lead_answers_where_it_is(client: TestClient, log: EventLog) -> None:
    response = client.post("/leads", json=ADA, headers={"X-Channel": "form"})
    lead = response.json()["id"]
    assert (response.status_code, response.headers["Location"]) == (201, f"/leads/{lead}")
    assert (response.headers["ETag"], response.headers["Consistency-Token"]) == ('"1"', f"sales/{lead}:1")
    (recorded,) = log.stream(UUID(lead))
    assert (recorded.actor, recorded.channel) == ("user:kim", "form")
    assert recorded.contact_ids == (captured(log, lead).contact,)


def test_somebody_unknown_gets_the_id_that_every_service_would_mint(post: Post, log: EventLog) -> None:
    fact = captured(log, post("/leads", **ADA)["id"])
    minted = provisional_contact_id(log.keys, Identifier("email", "ada@company.example"))
    assert (fact.contact, fact.provisional) == (minted, True)
    assert fact.email == "Ada@Company.example"


def test_two_leads_from_the_same_stranger_are_about_one_contact(post: Post, log: EventLog) -> None:
    by_mail = post("/leads", **ADA)
    again = post("/leads", name="A. L.", email="ada@COMPANY.example", phone="030 123456")
    assert captured(log, by_mail["id"]).contact == captured(log, again["id"]).contact


def test_a_number_is_recognised_however_it_is_written(post: Post, log: EventLog) -> None:
    first, second = post("/leads", name="Bo", phone="030 123456"), post("/leads", name="Bo", phone="+49 30 123456")
    assert captured(log, first["id"]).contact == captured(log, second["id"]).contact


def test_what_names_nobody_in_particular_is_never_matched(post: Post, log: EventLog) -> None:
    first, second = (post("/leads", name="Bot", email="noreply@company.example") for _ in range(2))
    assert captured(log, first["id"]).contact != captured(log, second["id"]).contact


def test_somebody_known_is_recognised(post: Post, log: EventLog, views: Any, contacts: Records) -> None:
    ada = uuid4()
    (claim,) = log.keys.claim_ids("email", "ada@company.example")
    views.hear(contacts.record(claim, IdentifierClaimed(kind="email", holder=ada)))
    fact = captured(log, post("/leads", **ADA)["id"])
    assert (fact.contact, fact.provisional) == (ada, False)


def test_a_lead_may_be_captured_for_a_contact(post: Post, log: EventLog) -> None:
    ada = uuid4()
    fact = captured(log, post("/leads", name="Ada", contact=str(ada))["id"])
    assert (fact.contact, fact.provisional) == (ada, False)


def test_a_repeated_request_captures_one_lead(client: TestClient, views: Any) -> None:
    first, again = (client.post("/leads", json=ADA, headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert first == again
    views.catch_up()
    assert len(client.get("/leads").json()["items"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Nobody"},
        {"name": " ", "email": "a@b.example"},
        {"name": "Ada", "email": "not an address"},
        {"name": "Ada", "email": "a@b.example", "sauce": "web"},
        {"name": "Ada", "email": "a@b.example", "occurred_at": "0001-01-01T00:00:00+23:00"},
        {"name": "Ada", "email": "a@b.example", "occurred_at": "2026-01-01T00:00:00"},
    ],
)
def test_a_lead_that_makes_no_sense_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    assert client.post("/leads", json=wrong).status_code == 422


def test_a_lead_is_read_as_it_is_and_as_it_was(client: TestClient, post: Post) -> None:
    lead = post("/leads", **ADA, occurred_at="2026-03-01T08:00:00+01:00")["id"]
    post(f"/leads/{lead}/qualify", occurred_at="2026-03-05T08:00:00Z")
    now = client.get(f"/leads/{lead}")
    assert (now.json()["status"], now.json()["name"], now.headers["ETag"]) == ("qualified", "Ada", '"2"')
    was = client.get(f"/leads/{lead}", params={"as_of": "2026-03-02T00:00:00Z"})
    assert (was.json()["status"], was.headers["ETag"]) == ("new", '"1"')
    assert client.get(f"/leads/{lead}", params={"as_of": "2026-02-01T00:00:00Z"}).status_code == 404


def test_s1_converting_opens_one_opportunity_for_the_same_person(
    client: TestClient, post: Post, log: EventLog, types_of: Callable[[str], list[str]]
) -> None:
    lead = post("/leads", **ADA)["id"]
    post(f"/leads/{lead}/qualify")
    response = client.post(f"/leads/{lead}/convert", json={"amount": "12000.00", "currency": "EUR"})
    answer = response.json()
    opportunity = answer["opportunity"]
    assert (response.status_code, answer["version"], response.headers["ETag"]) == (200, 3, '"3"')
    assert set(answer["token"].removeprefix("sales/").split(",")) == {f"{lead}:3", f"{opportunity}:1"}
    assert types_of(lead) == ["LeadCaptured", "LeadQualified", "LeadConverted"]
    assert types_of(opportunity) == ["OpportunityOpened"]
    deal = client.get(f"/opportunities/{opportunity}").json()
    assert (deal["title"], deal["amount"], deal["lead"]) == ("Twelve bikes", "12000.00", lead)
    assert deal["contact"] == str(captured(log, lead).contact)
    assert client.get(f"/leads/{lead}").json()["opportunity"] == opportunity


def test_s1_both_sides_of_a_conversion_are_one_append(post: Post, log: EventLog) -> None:
    lead = post("/leads", **ADA)["id"]
    post(f"/leads/{lead}/qualify")
    opportunity = post(f"/leads/{lead}/convert", amount="1", currency="EUR")["opportunity"]
    assert log.stream(UUID(lead))[-1].append_id == log.stream(UUID(opportunity))[0].append_id


def test_s1_converting_twice_gives_one_opportunity(post: Post, types_of: Callable[[str], list[str]]) -> None:
    lead = post("/leads", **ADA)["id"]
    post(f"/leads/{lead}/qualify")
    first = post(f"/leads/{lead}/convert", amount="1", currency="EUR")
    again = post(f"/leads/{lead}/convert", amount="2", currency="USD", title="Another")
    assert (again["opportunity"], again["version"]) == (first["opportunity"], first["version"])
    assert types_of(first["opportunity"]) == ["OpportunityOpened"]


def test_s1_converting_at_the_same_moment_gives_one_opportunity(
    client: TestClient, post: Post, types_of: Callable[[str], list[str]]
) -> None:
    lead = post("/leads", **ADA)["id"]
    post(f"/leads/{lead}/qualify")

    def convert(attempt: int) -> Any:
        body = {"amount": str(attempt), "currency": "EUR"}
        return client.post(f"/leads/{lead}/convert", json=body).raise_for_status().json()["opportunity"]

    with ThreadPoolExecutor(8) as people:
        opportunities = set(people.map(convert, range(16)))
    assert len(opportunities) == 1
    assert types_of(lead) == ["LeadCaptured", "LeadQualified", "LeadConverted"]
    assert types_of(opportunities.pop()) == ["OpportunityOpened"]


def test_a_lead_is_qualified_before_it_is_converted(client: TestClient, post: Post) -> None:
    lead = post("/leads", **ADA)["id"]
    refused = client.post(f"/leads/{lead}/convert", json={"amount": "1", "currency": "EUR"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Qualify this lead before you convert it.")
    stranger = client.post(f"/leads/{uuid4()}/convert", json={"amount": "1", "currency": "EUR"})
    assert stranger.status_code == 404


def test_disqualifying_takes_a_reason_of_the_list(client: TestClient, post: Post) -> None:
    lead = post("/leads", **ADA)["id"]
    assert client.post(f"/leads/{lead}/disqualify", json={"reason": "bad mood"}).status_code == 422
    post(f"/leads/{lead}/disqualify", reason="no budget", note="Next year, she said.")
    assert client.get(f"/leads/{lead}").json()["status"] == "disqualified"


def test_a_stale_version_is_refused(client: TestClient, post: Post) -> None:
    lead = post("/leads", **ADA)["id"]
    post(f"/leads/{lead}/qualify")
    bodies = {"disqualify": {"reason": "other"}, "convert": {"amount": "1", "currency": "EUR"}, "qualify": {}}
    for verb, body in bodies.items():
        stale = client.post(f"/leads/{lead}/{verb}", json=body, headers={"If-Match": '"1"'})
        assert (verb, stale.status_code) == (verb, 412)


def test_the_list_shows_the_newest_first_by_status_and_person(client: TestClient, post: Post, views: Any) -> None:
    first = post("/leads", **ADA)["id"]
    second = post("/leads", name="Bo", email="bo@company.example")["id"]
    post(f"/leads/{first}/qualify")
    views.catch_up()
    listed = client.get("/leads").json()["items"]
    assert [each["id"] for each in listed] == [second, first]
    assert [each["id"] for each in client.get("/leads", params={"status": "qualified"}).json()["items"]] == [first]
    person = listed[0]["contact"]
    assert [each["id"] for each in client.get("/leads", params={"contact": person}).json()["items"]] == [second]


def test_the_list_is_paged_without_gaps(client: TestClient, post: Post, views: Any) -> None:
    leads = [post("/leads", name=f"Lead {n}", email=f"lead{n}@company.example")["id"] for n in range(5)]
    views.catch_up()
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor:
        page = client.get("/leads", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
    assert seen == leads[::-1]


def test_a_list_shows_what_was_written_or_says_not_yet(client: TestClient, post: Post, views: Any) -> None:
    token = {"If-Consistent-With": post("/leads", **ADA)["token"]}
    not_yet = client.get("/leads", headers=token)
    assert (not_yet.status_code, "Retry-After" in not_yet.headers) == (503, True)
    views.catch_up()
    shown = client.get("/leads", headers=token)
    assert (shown.status_code, len(shown.json()["items"])) == (200, 1)
    assert shown.headers["Consistency-Token"] == token["If-Consistent-With"]


def test_c8_leads_are_found_by_every_id_of_a_person(
    client: TestClient, post: Post, views: Any, contacts: Records, log: EventLog
) -> None:
    lead = post("/leads", **ADA)["id"]
    ada, provisional = uuid4(), captured(log, lead).contact
    views.catch_up()
    views.hear(contacts.record(provisional, ContactIdentified(holder=ada)))
    for each in (ada, provisional):
        found = client.get("/leads", params={"contact": str(each)}).json()["items"]
        assert [row["id"] for row in found] == [lead]


def test_an_erased_person_is_blank_on_the_list(
    client: TestClient, post: Post, views: Any, contacts: Records, log: EventLog
) -> None:
    lead = post("/leads", **ADA)["id"]
    person = captured(log, lead).contact
    views.catch_up()
    views.hear(contacts.record(person, ContactRegistered(name="Ada"), ContactErased()))
    (row,) = client.get("/leads").json()["items"]
    assert (row["name"], row["email"], row["interest"]) == ("[erased]", None, None)
    assert (row["status"], row["source"]) == ("new", "trade fair")


def test_leads_need_a_permission(client: TestClient, issuer: LocalIssuer) -> None:
    reader = {"Authorization": f"Bearer {issuer.issue('lee', ['sales:read'])}"}
    assert client.get("/leads", headers=reader).status_code == 200
    assert client.post("/leads", json=ADA, headers=reader).status_code == 403
