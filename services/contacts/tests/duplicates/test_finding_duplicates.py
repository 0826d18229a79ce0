"""Finding duplicates as contacts change (C5)."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from crm.chassis.database import Database

from .conftest import HOME, queue


def test_c5_who_resembles_somebody_known_is_suggested_with_evidence(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None]
) -> None:
    person("Olga Weiss", emails=["olga@example.org"])
    one = person("Anna Zwetschgenbaum", address=HOME)
    match()
    assert queue(suite) == []
    other = person("Zwetschgenbaum, Anna", address=HOME | {"street": "Zwetschgenweg 5a"})
    match()
    (pair,) = queue(suite)
    assert {pair["first"], pair["second"]} == {one, other}
    assert pair["score"] > 0.99
    assert pair["rule"] == "likeness"
    assert {"given name: same", "family name: same", "street: same but for number"} <= set(pair["evidence"])
    shown = suite.get(f"/duplicates/{pair['id']}").json()
    assert {shown["first"]["name"], shown["second"]["name"]} == {"Anna Zwetschgenbaum", "Zwetschgenbaum, Anna"}


def test_c5_a_contact_that_changes_is_compared_again(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None]
) -> None:
    person("Anna Zwetschgenbaum", address=HOME)
    other = person("Olga Weiss")
    match()
    suite.patch(f"/contacts/{other}", json={"name": "Anna Zwetschgenbaum", "address": HOME}).raise_for_status()
    match()
    assert len(queue(suite)) == 1
    suite.patch(f"/contacts/{other}", json={"name": "Olga Weiss", "address": None}).raise_for_status()
    match()
    assert queue(suite) == []
    assert len(queue(suite, status="withdrawn")) == 1


def test_c13_erased_people_leave_the_queue_and_are_not_suggested(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], db: Database
) -> None:
    one = person("Anna Zwetschgenbaum", address=HOME)
    person("Anna Zwetschgenbaum", address=HOME)
    match()
    case = queue(suite)[0]["id"]
    suite.delete(f"/contacts/{one}").raise_for_status()
    person("Anna Zwetschgenbaum", address=HOME)
    match()
    assert [one in (each["first"], each["second"]) for each in queue(suite)] == [False]
    assert suite.get(f"/duplicates/{case}").status_code == 410
    with db.connection() as connection:
        (left,) = connection.execute("SELECT count(*) FROM match_keys_v2 WHERE contact_id = %s", (one,)).fetchone() or (
            None,
        )
    assert left == 0
