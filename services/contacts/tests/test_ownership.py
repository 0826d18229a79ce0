"""Whose contacts and accounts somebody sees and changes, where a deployment does not let everybody see everything."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer, RecordAccess
from crm.chassis.database import Database
from crm.chassis.documents.access import Operation, operations_of
from crm.chassis.log import EventLog
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.services import Projector
from crm.contacts.service import service

ALL = "contacts:read-all"
OWNERS = ("kim", "team:north", "team:south", "lee", None)
READABLE: dict[RecordAccess, set[str | None]] = {
    "all": set(OWNERS),
    "own-team": {"kim", "team:north", None},
    "own": {"kim", None},
}
"""Kim is in team north."""


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(each for each in operations_of("contacts", service.openapi()) if each.permissions)


def everything_but_all() -> list[str]:
    asked = {permission for each in operations() for permission in each.permissions}
    return sorted({*asked, "contacts:read-addresses"} - {ALL})


As = Callable[..., TestClient]


@pytest.fixture
def kim(tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: Projector) -> Iterator[As]:
    """Kim, who may do everything with the records within reach, in a deployment."""
    issuer, opened = LocalIssuer(tmp_path / "issuer"), ExitStack()

    def client(access: RecordAccess, *more: str) -> TestClient:
        api = services.api_of(service, issuer, log, settings.model_copy(update={"record_access": access}), db)
        token = issuer.issue("kim", [*everything_but_all(), *more], teams=["north"])
        return opened.enter_context(services.client_of(api, token))

    with opened:
        yield client


@pytest.fixture
def of(suite: TestClient, views: Projector) -> Callable[..., UUID]:
    """Makes a contact or an account that somebody owns, shown by every view."""

    def make(owner: str | None, kind: str = "contacts", name: str = "Ada", **more: Any) -> UUID:
        made = suite.post(f"/{kind}", json={"name": name, **more}).raise_for_status().json()["id"]
        if owner and kind == "contacts":
            suite.patch(f"/contacts/{made}/profile", json={"owner": owner}).raise_for_status()
        elif owner:
            suite.put(f"/accounts/{made}/owner", json={"owner": owner}).raise_for_status()
        views.catch_up()
        return UUID(made)

    return make


Of = Callable[..., UUID]


def refusal_of(answer: Any) -> bool:
    """Whether it is refused as somebody else's, and says what is missing."""
    told = answer.status_code == 403 and ALL in answer.json()["detail"]
    assert not told or f'scope="{ALL}"' in answer.headers["WWW-Authenticate"]
    return told


def listed(client: TestClient, path: str, member: str = "id") -> set[UUID]:
    return {UUID(each[member]) for each in client.get(path).raise_for_status().json()["items"]}


def of_one_record() -> list[Operation]:
    return [each for each in operations() if re.search("{(contact|account)_id}", each.path)]


def address_of(operation: Operation, contact: UUID, account: UUID) -> str:
    path = operation.path.replace("{contact_id}", str(contact)).replace("{account_id}", str(account))
    return re.sub("{[^}]+}", str(uuid4()), path)


def test_every_endpoint_of_one_record_refuses_that_of_somebody_else(kim: As, of: Of) -> None:
    client, foreign = kim("own"), (of("lee"), of("lee", "accounts"))
    assert len(of_one_record()) > 70
    for each in of_one_record():
        answer = client.request(each.method, address_of(each, *foreign), json={})
        assert refusal_of(answer), f"{each.method} {each.path}: {answer.status_code} {answer.text}"


def test_no_endpoint_of_one_record_refuses_what_is_within_reach(kim: As, of: Of) -> None:
    mine, anybodys = (of("kim"), of("kim", "accounts")), (of(None), of(None, "accounts"))
    foreign = of("lee"), of("lee", "accounts")
    reads = [each for each in of_one_record() if each.method == "GET" and "stream" not in each.path]
    asked = [(kim("own"), mine), (kim("own"), anybodys), (kim("all"), foreign), (kim("own", ALL), foreign)]
    for each, (client, record) in product(reads, asked):
        assert not refusal_of(client.get(address_of(each, *record))), each.path


@pytest.mark.parametrize(("access", "owner"), list(product(READABLE, OWNERS)))
def test_a_record_is_read_and_changed_by_whom_the_deployment_lets(
    kim: As, of: Of, access: RecordAccess, owner: str | None
) -> None:
    contact, account, client = of(owner), of(owner, "accounts"), kim(access)
    may = owner in READABLE[access]
    for answer in (
        client.get(f"/contacts/{contact}"),
        client.get(f"/accounts/{account}"),
        client.post(f"/contacts/{contact}/tags", json={"tag": "vip"}),
        client.post(f"/accounts/{account}/tags", json={"tag": "vip"}),
    ):
        assert (answer.is_success, refusal_of(answer)) == (may, not may)


@pytest.mark.parametrize("access", list(READABLE))
def test_lists_hold_what_may_be_read_and_nothing_else(kim: As, of: Of, access: RecordAccess) -> None:
    people = {of(each, name=f"Ada {each}"): each for each in OWNERS}
    organisations = {of(each, "accounts", name=f"Company {each}"): each for each in OWNERS}
    client = kim(access)

    def readable(records: dict[UUID, str | None]) -> set[UUID]:
        return {each for each, owner in records.items() if owner in READABLE[access]}

    assert listed(client, "/contacts") == listed(client, "/contacts?search=ada") == readable(people)
    assert listed(client, "/accounts") == listed(client, "/accounts?search=company") == readable(organisations)
    table = client.get("/exports/contacts?columns=rapport_id").text.split()[1:]
    assert set(map(UUID, table)) == readable(people)
    whole = kim(access, ALL)
    assert (listed(whole, "/contacts"), listed(whole, "/accounts")) == (set(people), set(organisations))


def test_who_nobody_owns_can_be_claimed_and_is_then_out_of_reach_for_others(kim: As, of: Of) -> None:
    lead, client = of(None), kim("own")
    client.patch(f"/contacts/{lead}/profile", json={"owner": "kim"}).raise_for_status()
    client.patch(f"/contacts/{lead}/profile", json={"owner": "lee"}).raise_for_status()
    assert refusal_of(client.get(f"/contacts/{lead}"))


def merge(suite: TestClient, views: Projector, survivor: UUID, absorbed: UUID, **choices: UUID) -> None:
    body = {"absorb": [str(absorbed)], "survivor": str(survivor), "choices": {n: str(v) for n, v in choices.items()}}
    suite.post(f"/contacts/{survivor}/merge", json=body).raise_for_status()
    views.catch_up()


@pytest.mark.parametrize(
    ("survivor", "absorbed", "chosen", "may"),
    [
        ("lee", "kim", "absorbed", True),
        ("kim", "lee", "absorbed", False),
        ("kim", "lee", "survivor", True),
        ("lee", "kim", "survivor", False),
        (None, "lee", None, False),
        (None, "kim", None, True),
        (None, None, None, True),
    ],
)
def test_of_a_merged_person_the_owner_of_the_whole_counts_under_every_id(
    kim: As,
    of: Of,
    suite: TestClient,
    views: Projector,
    survivor: str | None,
    absorbed: str | None,
    chosen: str | None,
    may: bool,
) -> None:
    first, second, client = of(survivor), of(absorbed), kim("own")
    merge(suite, views, first, second, **({"owner": first if chosen == "survivor" else second} if chosen else {}))
    for each in (first, second):
        assert client.get(f"/contacts/{each}").is_success is may
    assert listed(client, "/contacts") == ({first} if may else set())


def test_a_merged_person_whose_owner_was_changed_since_is_listed_by_the_new_one(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    first, second, client = of("kim"), of("lee"), kim("own")
    merge(suite, views, first, second, owner=second)
    for owner, shown in (("kim", {first}), ("lee", set()), (None, {first})):
        suite.patch(f"/contacts/{first}/profile", json={"owner": owner}).raise_for_status()
        views.catch_up()
        assert listed(client, "/contacts") == shown


@pytest.mark.parametrize(("chosen", "may"), [("first", True), ("second", False)])
def test_of_merged_accounts_the_owner_of_the_whole_counts(
    kim: As, of: Of, suite: TestClient, views: Projector, chosen: str, may: bool
) -> None:
    ids = {"first": of("kim", "accounts"), "second": of("lee", "accounts")}
    body = {"absorb": [str(ids["second"])], "choices": {"owner": str(ids[chosen])}}
    suite.post(f"/accounts/{ids['first']}/merge", json=body).raise_for_status()
    views.catch_up()
    client = kim("own")
    assert [client.get(f"/accounts/{each}").is_success for each in ids.values()] == [may, may]
    assert listed(client, "/accounts") == ({ids["first"]} if may else set())


def test_ids_in_bodies_and_queries_are_looked_at_as_well(kim: As, of: Of) -> None:
    client, mine, foreign = kim("own"), of("kim"), of("lee")
    account, others = of("kim", "accounts"), of("lee", "accounts")
    for path, body in (
        (f"/contacts/{mine}/merge", {"absorb": [str(foreign)]}),
        (f"/contacts/{mine}/merge/preview", {"absorb": [foreign.hex]}),
        (f"/contacts/{mine}/identify", {"contact": str(foreign)}),
        (f"/accounts/{account}/merge", {"absorb": [str(others)]}),
        ("/duplicates", {"first": str(mine), "second": str(foreign)}),
        ("/requests", {"contact_id": str(foreign), "kind": "access"}),
    ):
        assert refusal_of(client.post(path, json=body)), path
    assert refusal_of(client.put(f"/accounts/{account}/parent", json={"parent": str(others)}))
    assert refusal_of(client.get(f"/requests?contact_id={foreign}"))
    assert refusal_of(client.get(f"/contacts?account={others}"))
    assert client.post(f"/contacts/{mine}/merge", json={"absorb": [str(of(None))]}).is_success


def test_pairs_are_listed_and_decided_where_both_are_within_reach(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    def pair(first: UUID, second: UUID) -> UUID:
        body = {"first": str(first), "second": str(second)}
        answer = suite.post("/duplicates", json=body).raise_for_status()
        views.catch_up()
        return UUID(answer.json()["id"])

    mine, foreign = pair(of("kim"), of(None)), pair(of("kim"), of("lee"))
    client = kim("own")
    assert listed(client, "/duplicates") == {mine}
    assert listed(kim("all"), "/duplicates") == {mine, foreign}
    assert client.get(f"/duplicates/{mine}").is_success
    for answer in (
        client.get(f"/duplicates/{foreign}"),
        client.post(f"/duplicates/{foreign}/dismiss", json={}),
        client.post(f"/duplicates/{foreign}/approve", json={}),
    ):
        assert refusal_of(answer)


def test_requests_about_somebody_elses_contact_are_neither_listed_nor_answered(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    def asked_by(contact: UUID) -> UUID:
        answer = suite.post("/requests", json={"contact_id": str(contact), "kind": "access"}).raise_for_status()
        return UUID(answer.json()["id"])

    mine, foreign = asked_by(of("kim")), asked_by(of("lee"))
    views.catch_up()
    client = kim("own")
    assert listed(client, "/requests") == {mine}
    assert client.get(f"/requests/{mine}").is_success
    assert refusal_of(client.get(f"/requests/{foreign}"))
    assert refusal_of(client.post(f"/requests/{foreign}/verify", json={"method": "in-person"}))


def test_nobody_is_found_or_changed_by_an_identifier_out_of_reach(kim: As, of: Of) -> None:
    known = {"emails": ["ada@example.com"], "external_ids": [{"system": "shop", "id": "1"}]}
    foreign, client = of("lee", **known), kim("own")
    account = of("lee", "accounts", external_ids=[{"system": "erp", "id": "7"}])
    assert account != foreign
    assert refusal_of(client.get("/identities?email=ada@example.com"))
    again = {"name": "Countess", "emails": ["ada@example.com"], "on_taken": "use"}
    assert refusal_of(client.post("/contacts", json=again))
    told = {"name": "Countess", "external_id": {"system": "shop", "id": "1"}}
    assert refusal_of(client.put("/contacts/by-external-id", json=told))
    organisation = {"name": "Company", "external_id": {"system": "erp", "id": "7"}}
    assert refusal_of(client.put("/accounts/by-external-id", json=organisation))
    assert client.post("/contacts", json=again | {"on_taken": "refuse"}).status_code == 409


def test_a_visitor_somebody_owns_is_out_of_reach(kim: As, suite: TestClient, of: Of) -> None:
    visitor = suite.post("/visitors", json={"device": "cookie-4711"}).json()["id"]
    suite.patch(f"/contacts/{visitor}/profile", json={"owner": "lee"}).raise_for_status()
    client = kim("own")
    assert refusal_of(client.post("/visitors", json={"device": "cookie-4711"}))
    assert refusal_of(client.post(f"/contacts/{of('kim')}/identify", json={"device": "cookie-4711"}))


def test_the_people_and_the_history_of_an_account_are_those_within_reach(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    account, mine, foreign, other = of("kim", "accounts"), of("kim"), of("lee", name="Eve"), of("lee", "accounts")
    for person, organisation in ((mine, account), (foreign, account), (mine, other)):
        suite.put(f"/contacts/{person}/accounts/{organisation}", json={}).raise_for_status()
    suite.put(f"/accounts/{other}/parent", json={"parent": str(account)}).raise_for_status()
    views.catch_up()
    client = kim("own")
    assert listed(client, f"/accounts/{account}/people", "contact_id") == {mine}
    assert listed(client, f"/accounts/{account}/history", "contact_id") == {mine}
    assert "Eve" not in client.get(f"/accounts/{account}/history").text
    assert listed(client, f"/contacts/{mine}/accounts", "account_id") == {account}
    tree = client.get(f"/accounts/{account}/tree").json()
    assert ([each["id"] for each in tree["accounts"]], tree["complete"]) == ([str(account)], False)
    whole = kim("own", ALL)
    assert listed(whole, f"/accounts/{account}/people", "contact_id") == {mine, foreign}
    assert whole.get(f"/accounts/{account}/tree").json()["complete"] is True


def test_who_shares_an_identifier_is_told_of_those_within_reach(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    of("kim", phones=["030 901820"])
    shares = of("kim", phones=["030 901820"]), of("lee", phones=["030 901820"])
    asked = "/identities/others?phone=030901820"
    assert listed(kim("own"), asked, "contact_id") == {shares[0]}
    assert listed(kim("all"), asked, "contact_id") == set(shares)


def test_importing_needs_everybody(kim: As) -> None:
    files = {"file": ("people.csv", b"name,email\nAda,ada@example.com\n", "text/csv")}
    assert refusal_of(kim("own").post("/imports", files=files))
    assert refusal_of(kim("own").get(f"/imports/{uuid4()}/rows"))
    assert kim("own", ALL).post("/imports", files=files).is_success
    assert kim("all").post("/imports", files=files).is_success


def test_what_an_unmerge_left_open_is_decided_by_who_reaches_all(
    kim: As, of: Of, suite: TestClient, views: Projector
) -> None:
    first, second, client = of("kim"), of("lee"), kim("own")
    merge(suite, views, first, second, owner=first)
    merge_id = suite.get(f"/contacts/{first}/merges").json()["items"][0]["merge_id"]
    suite.post(f"/contacts/{first}/unmerge", json={"merge_id": merge_id, "reason": "Two people"}).raise_for_status()
    views.catch_up()
    assert refusal_of(client.get(f"/contacts/{first}/unmerges/{merge_id}/items"))
    body = {"item": str(uuid4()), "to": str(first)}
    assert refusal_of(client.post(f"/contacts/{first}/unmerges/{merge_id}/reassign", json=body))
    assert kim("own", ALL).get(f"/contacts/{first}/unmerges/{merge_id}/items").is_success
