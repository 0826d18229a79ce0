"""Accounts are merged and unmerged; nothing is moved, and trees stay trees, also under load (C6, C8, C9)."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Conflict, Context, EventLog, MemoryStore, PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.contacts.account import accounts
from crm.contacts.account_merging import merging, unmerging
from crm.contacts.account_record import register_account
from crm.contacts.account_tree import DEEPEST
from crm.contacts.grouping import placing, tree_of, way_up
from crm.contacts.organisations import Accounts
from crm.contacts.service import service


class Views(Protocol):
    def catch_up(self) -> None: ...


def account(client: TestClient, name: str, **more: Any) -> str:
    return str(client.post("/accounts", json={"name": name, **more}).raise_for_status().json()["id"])


def place(client: TestClient, child: str, parent: str | None) -> None:
    client.put(f"/accounts/{child}/parent", json={"parent": parent}).raise_for_status()


def merge(client: TestClient, survivor: str, *absorbed: str, **more: Any) -> str:
    client.post(f"/accounts/{survivor}/merge", json={"absorb": absorbed, **more}).raise_for_status()
    merges = client.get(f"/accounts/{survivor}").json()["merges"]
    return next(str(each["merge_id"]) for each in merges if each["absorbed"] == list(absorbed))


def unmerge(client: TestClient, survivor: str, merge_id: str) -> None:
    body = {"merge_id": merge_id, "reason": "Two firms"}
    client.post(f"/accounts/{survivor}/unmerge", json=body).raise_for_status()


def test_c8_an_absorbed_account_answers_as_its_survivor_and_takes_nothing_more(api: TestClient) -> None:
    acme, double = account(api, "Acme"), account(api, "ACME Ltd", domains=["acme.example"])
    merge(api, acme, double)
    shown = [api.get(f"/accounts/{each}").raise_for_status().json() for each in (acme, double)]
    assert shown[0] == shown[1]
    assert (shown[0]["id"], shown[0]["aliases"], shown[0]["domains"]) == (acme, [double], ["acme.example"])
    refused = api.patch(f"/accounts/{double}", json={"name": "Eve"})
    assert (refused.status_code, acme in refused.json()["detail"]) == (409, True)
    again = api.post(f"/accounts/{acme}/merge", json={"absorb": [double]})
    assert (again.status_code, "one account already" in again.json()["detail"]) == (409, True)
    assert api.post(f"/accounts/{acme}/merge", json={"absorb": [acme]}).status_code == 409
    assert api.post(f"/accounts/{acme}/merge", json={"absorb": [str(uuid4())]}).status_code == 404


def test_c6_the_preview_is_the_result_and_is_refused_what_the_merge_is(api: TestClient) -> None:
    acme, double = account(api, "Acme", domains=["acme.example"]), account(api, "ACME Ltd", customer=True)
    body = {"absorb": [double], "choices": {"name": double}}
    preview = api.post(f"/accounts/{acme}/merge/preview", json=body).raise_for_status().json()
    assert api.get(f"/accounts/{acme}").json()["merges"] == []
    merge(api, acme, double, choices={"name": double})
    result = api.get(f"/accounts/{acme}").json()
    assert [len(each.pop("merges")) for each in (preview, result)] == [1, 1]
    assert preview == result
    assert (result["name"], result["status"]) == ("ACME Ltd", "customer")
    again = api.post(f"/accounts/{acme}/merge/preview", json=body)
    assert (again.status_code, "one account already" in again.json()["detail"]) == (409, True)


def test_c6_a_choice_counts_then_the_own_value_then_the_first_that_is_there(api: TestClient) -> None:
    acme = account(api, "Acme", external_ids=[{"system": "erp", "id": "1"}])
    double = account(api, "Acme Limited", customer=True, type="partner", address={"city": "Oslo"})
    api.post(f"/accounts/{double}/tags", json={"tag": "key"}).raise_for_status()
    bad = api.post(f"/accounts/{acme}/merge", json={"absorb": [double], "choices": {"owner": double}})
    assert (bad.status_code, bad.json()["field"]) == (409, "choices")
    merge(api, acme, double, choices={"name": double})
    shown = api.get(f"/accounts/{acme}").json()
    assert (shown["name"], shown["type"], shown["status"]) == ("Acme Limited", "customer", "customer")
    assert (shown["address"]["city"], shown["tags"], len(shown["external_ids"])) == ("Oslo", ["key"], 1)
    api.patch(f"/accounts/{acme}", json={"name": "Acme"}).raise_for_status()
    assert api.get(f"/accounts/{double}").json()["name"] == "Acme"


def test_c9_merges_are_undone_in_any_order(api: TestClient) -> None:
    one, two, three = (account(api, name) for name in ("One", "Two", "Three"))
    before = [api.get(f"/accounts/{each}").json() for each in (one, two, three)]
    inner = merge(api, two, three)
    outer = merge(api, one, two)
    assert api.get(f"/accounts/{three}").json()["id"] == one
    unmerge(api, one, inner)
    assert [api.get(f"/accounts/{each}").json()["id"] for each in (one, two, three)] == [one, one, three]
    unmerge(api, one, outer)
    assert [api.get(f"/accounts/{each}").json() for each in (one, two, three)] == before
    gone = api.post(f"/accounts/{one}/unmerge", json={"merge_id": outer, "reason": "Again"})
    assert (gone.status_code, gone.json()["field"]) == (409, "merge_id")


def test_children_and_people_of_the_absorbed_are_shown_under_the_survivor(suite: TestClient, views: Views) -> None:
    acme, double, child = (
        account(suite, "Acme"),
        account(suite, "Bolt", domains=["bolt.example"]),
        account(suite, "Child"),
    )
    place(suite, child, double)
    ada = suite.post("/contacts", json={"name": "Ada"}).json()["id"]
    suite.put(f"/contacts/{ada}/accounts/{double}", json={"role": "Buyer"}).raise_for_status()
    merge_id = merge(suite, acme, double)
    views.catch_up()
    for each in (acme, double):
        tree = suite.get(f"/accounts/{each}/tree").json()["accounts"]
        assert [(node["id"], node["parent"]) for node in tree] == [(acme, None), (child, acme)]
        people = suite.get(f"/accounts/{each}/people").json()["items"]
        assert [(person["name"], person["account_id"]) for person in people] == [("Ada", acme)]
    assert suite.get(f"/accounts/{child}").json()["parent"] == acme
    assert suite.get(f"/contacts/{ada}/accounts").json()["items"][0]["account"] == "Acme"
    for search in ("", "bolt"):
        listed = suite.get("/accounts", params={"search": search}).json()["items"]
        assert acme in [each["id"] for each in listed]
        assert double not in [each["id"] for each in listed]
    unmerge(suite, acme, merge_id)
    views.catch_up()
    assert suite.get(f"/accounts/{child}").json()["parent"] == double
    assert [each["name"] for each in suite.get("/accounts", params={"search": "bolt"}).json()["items"]] == ["Bolt"]
    assert suite.get(f"/accounts/{acme}/people").json()["items"] == []


def test_who_stands_in_another_place_of_a_tree_is_not_absorbed(api: TestClient) -> None:
    top, one, two, far = (account(api, name) for name in ("Top", "One", "Two", "Far"))
    for each in (one, two):
        place(api, each, top)
    place(api, far, two)
    for survivor, absorbed in ((one, top), (top, one), (one, far), (far, top)):
        refused = api.post(f"/accounts/{survivor}/merge", json={"absorb": [absorbed]})
        assert (refused.status_code, "out of its tree" in refused.json()["detail"]) == (409, True), refused.text
    merge(api, one, two)
    assert [each["id"] for each in api.get(f"/accounts/{top}/tree").json()["accounts"]] == [top, one, far]
    ring = api.put(f"/accounts/{top}/parent", json={"parent": far})
    assert ring.status_code == 409
    place(api, one, None)
    assert [each["id"] for each in api.get(f"/accounts/{top}/tree").json()["accounts"]] == [top]


@pytest.mark.parametrize("renamed", range(3))
def test_c8_an_absorbed_account_has_no_place_of_its_own_to_leave(api: TestClient, renamed: int) -> None:
    top, acme, double = (account(api, name) for name in ("Top", "Acme", "Bolt"))
    for turn in range(renamed):  # among others as many facts as the survivor has
        api.patch(f"/accounts/{double}", json={"name": f"Bolt {turn}"}).raise_for_status()
    place(api, acme, top)
    merge(api, acme, double)
    for parent in (None, top):
        refused = api.put(f"/accounts/{double}/parent", json={"parent": parent})
        assert (refused.status_code, acme in refused.json()["detail"]) == (409, True), refused.text
    assert [each["id"] for each in api.get(f"/accounts/{top}/tree").json()["accounts"]] == [top, acme]


def test_an_upsert_by_an_id_of_the_absorbed_revises_the_survivor(api: TestClient) -> None:
    acme, double = account(api, "Acme"), account(api, "Bolt", external_ids=[{"system": "erp", "id": "7"}])
    merge(api, acme, double)
    body = {"external_id": {"system": "erp", "id": "7"}, "name": "Acme Group"}
    assert api.put("/accounts/by-external-id", json=body).raise_for_status().json()["id"] == acme
    assert api.get(f"/accounts/{double}").json()["name"] == "Acme Group"


@pytest.fixture
def log(database: str) -> Iterator[EventLog]:
    """The real one, for what races."""
    migrate(database, (CHASSIS, *service.migrations))
    opened = Database(database, max_size=16)
    yield service.log(PostgresStore(opened), MemoryKeys())
    opened.close()


def wander(log: EventLog, ids: list[UUID], seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(10):
        change(log, ids, choose)


def change(log: EventLog, ids: list[UUID], choose: random.Random) -> None:
    """Places, takes out, merges or unmerges some account, absorbed or not; what is refused changes nothing."""
    one, other = choose.sample(ids, 2)
    known = [m for o in Accounts(log).find_all(ids).values() for m in o.own.merges.in_force]
    plans = [
        partial(placing, log, one, other),
        partial(placing, log, one, None),
        partial(merging, log, UUID(int=choose.getrandbits(128)), one, [other], {}),
    ]
    if known:
        undone = choose.choice(known)
        plans.append(partial(unmerging, log, undone.merge_id, undone.survivor, "Two firms"))
    with suppress(Rejected, Conflict):
        log.commands(Context("user:ada")).execute_planned(choose.choice(plans))


def registered(log: EventLog, number: int, choose: random.Random) -> list[UUID]:
    do, ids = log.commands(Context("user:ada")), [UUID(int=choose.getrandbits(128)) for _ in range(number)]
    for each in ids:
        do.execute(accounts, each, partial(register_account, name=str(each)))
    return ids


def check(log: EventLog, ids: list[UUID]) -> None:
    for each in ids:
        way, _ = way_up(log, each)
        assert len(way) <= DEEPEST
        assert Accounts(log).find(way[-1]).own.parent is None, "a ring"
        nodes = [node.account_id for node in tree_of(log, way[-1]).nodes]
        assert way[0] in nodes
        assert len(nodes) == len(set(nodes))


SEEDS = (*range(20), 47, 111, 161, 188, 189)
"""The last ones moved an absorbed account, with as many facts as its survivor had, and took a tree apart."""


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_one_writer_does_the_trees_stay_trees(seed: int) -> None:
    log, choose = service.log(MemoryStore(), MemoryKeys()), random.Random(seed)
    ids = registered(log, 4, choose)
    for _ in range(40):
        change(log, ids, choose)
        check(log, ids)


def test_sixteen_threads_merge_unmerge_and_move_and_the_trees_stay_trees(log: EventLog) -> None:
    do, ids = log.commands(Context("user:ada")), registered(log, 12, random.Random())
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(partial(wander, log, ids), range(16)))
    check(log, ids)
    undo: set[UUID] = {m.merge_id for o in Accounts(log).find_all(ids).values() for m in o.own.merges.in_force}
    for merge_id in undo:
        owner = next(o for o in Accounts(log).find_all(ids).values() if o.own.merges.find(merge_id))
        do.execute_planned(partial(unmerging, log, merge_id, owner.account_id, "Two firms"))
        check(log, ids)
    raw = log.get_all(accounts, ids)
    assert all(each.state.alias_of is None or each.state.merge_id not in undo for each in raw.values())
