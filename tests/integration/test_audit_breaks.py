"""The audit finds what it is there to find: each invariant is broken on purpose, reported with the ids, and mended."""

import signal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.running_suite import RunningSuite, eventually

pytestmark = pytest.mark.xdist_group("suite")

ONE_CHECKPOINT = "WHERE feed = %(feed)s AND shard = %(shard)s"


@pytest.fixture
def lead(suite: RunningSuite) -> str:
    """A lead of a contact, shown in the history, so that every store has something to break."""
    contact = suite.write("contacts", "POST", "/contacts", {"name": "Audit Person"}).json()
    body = {"name": "Audit Person", "contact": contact["id"], "source": "web"}
    lead = suite.write("sales", "POST", "/leads", body).json()
    qualified = suite.write("sales", "POST", f"/leads/{lead['id']}/qualify", {}).json()
    suite.history(contact["id"], contact["token"], qualified["token"])
    return str(lead["id"])


def report(suite: RunningSuite, invariant: str, case: str) -> None:
    """The audit exits non-zero and names the invariant and the case."""
    found = suite.audit()
    assert found.returncode != 0, found.stdout
    assert invariant in found.stdout
    assert case in found.stdout.replace("\n", ""), found.stdout


def broken(suite: RunningSuite, service: str, breaking: str, mending: str, params: dict[str, Any]) -> Any:
    class Breaking:
        def __enter__(self) -> None:
            with suite.database(service) as db:
                db.execute(breaking, params)

        def __exit__(self, *_: object) -> None:
            with suite.database(service) as db:
                db.execute(mending, params)

    return Breaking()


def one_that_is_there(
    suite: RunningSuite, service: str, columns: str, where: str, params: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The first row that is there, to be broken alone; empty if none is.

    A row that a view writes while the others are broken would be mended without having been broken.
    """
    with suite.database(service) as db:
        row = db.execute(f"SELECT {columns} {where} ORDER BY {columns} LIMIT 1", params).fetchone()
    return dict(zip(columns.split(", "), row, strict=True)) if row else {}


def test_a_sound_suite_is_clean(suite: RunningSuite, lead: str) -> None:
    found = eventually(lambda: suite.audit())
    assert found.returncode == 0, found.stdout + found.stderr


def test_i1_a_fact_that_never_reached_kafka_is_named(suite: RunningSuite, lead: str) -> None:
    insert = """INSERT INTO events (originator_id, originator_version, topic, state, tx, append_id, partition_key,
        occurred_at, actor, channel, contact_ids, correlation_id)
        VALUES (%(new)s, 1, 'crm.sales.lead-qualified.v1', '{"type":"crm.sales.lead-qualified.v1"}', '3', %(new)s,
        %(new)s, now(), 'user:test', 'api', '{}', 'c')"""
    new = uuid4()
    with broken(suite, "sales", insert, "DELETE FROM events WHERE originator_id = %(new)s", {"new": new}):
        report(suite, "I1", f"{new}:1")


def test_i2_a_view_that_is_not_where_its_checkpoint_says_is_named(suite: RunningSuite, lead: str) -> None:
    at = "FROM applied WHERE stream = %(lead)s AND version = 2"
    back, forth = (
        f"UPDATE applied SET version = version {sign} 1 WHERE feed = %(feed)s AND stream = %(lead)s" for sign in "-+"
    )
    for service in ("sales", "contacts"):  # its own log, and the topic of another
        one = eventually(partial(one_that_is_there, suite, service, "feed", at, {"lead": lead}))
        with broken(suite, service, back, forth, one | {"lead": lead}):
            report(suite, "I2", lead)


def test_i3_a_stream_that_changed_its_key_is_named(suite: RunningSuite, lead: str) -> None:
    change = "UPDATE events SET partition_key = %(other)s WHERE originator_id = %(lead)s AND originator_version = 2"
    undo = """UPDATE events SET partition_key = first.partition_key FROM events AS first
        WHERE events.originator_id = %(lead)s AND first.originator_id = %(lead)s AND first.originator_version = 1"""
    with broken(suite, "sales", change, undo, {"lead": lead, "other": uuid4()}):
        report(suite, "I3", lead)


def test_i3_a_version_that_settled_too_early_is_named(suite: RunningSuite, lead: str) -> None:
    with suite.database("sales") as db:
        row = db.execute(
            "SELECT tx::text FROM events WHERE originator_id = %s AND originator_version = 2", (lead,)
        ).fetchone()
    assert row
    early = "UPDATE events SET tx = '3' WHERE originator_id = %(lead)s AND originator_version = 2"
    undo = "UPDATE events SET tx = %(tx)s::xid8 WHERE originator_id = %(lead)s AND originator_version = 2"
    with broken(suite, "sales", early, undo, {"lead": lead, "tx": row[0]}):
        report(suite, "I3", f"{lead}:2")


def test_i4_an_append_that_was_torn_apart_is_named(suite: RunningSuite, lead: str) -> None:
    deal = {"title": "Torn", "amount": "10.00", "currency": "EUR"}
    suite.write("sales", "POST", f"/leads/{lead}/convert", deal)
    with suite.database("sales") as db:
        row = db.execute(
            "SELECT append_id, tx::text FROM events WHERE originator_id = %s AND originator_version = 3", (lead,)
        ).fetchone()
    assert row
    params = {"lead": lead, "tx": row[1]}
    tear = "UPDATE events SET tx = '4' WHERE originator_id = %(lead)s AND originator_version = 3"
    undo = "UPDATE events SET tx = %(tx)s::xid8 WHERE originator_id = %(lead)s AND originator_version = 3"
    with broken(suite, "sales", tear, undo, params):
        report(suite, "I4", str(row[0]))


@pytest.mark.parametrize("table", ["relay_position", "checkpoints"])
def test_i5_a_position_that_went_back_is_named(suite: RunningSuite, lead: str, table: str) -> None:
    role, where = ("relay", "") if table == "relay_position" else ("projector", ONE_CHECKPOINT)
    back, forth = (f"UPDATE {table} SET number = number {sign} 1 {where}" for sign in "-+")
    suite.signal("sales", role, signal.SIGSTOP)  # else it would mend it itself
    try:
        one = one_that_is_there(suite, "sales", "feed, shard", "FROM checkpoints")
        with broken(suite, "sales", back, forth, one):
            report(suite, "I5", "sales")
    finally:
        suite.signal("sales", role, signal.SIGCONT)


def test_i7_facts_that_vanished_in_a_view_are_named(suite: RunningSuite, lead: str) -> None:
    one = one_that_is_there(suite, "sales", "feed, shard", "FROM checkpoints")
    more, less = (f"UPDATE checkpoints SET consumed = consumed {sign} 1 {ONE_CHECKPOINT}" for sign in "+-")
    with broken(suite, "sales", more, less, one):
        report(suite, "I7", "sales")


def test_i10_another_number_of_partitions_is_named(suite: RunningSuite, lead: str) -> None:
    change, undo = (f"UPDATE relay_position SET partitions = partitions {sign} 1" for sign in "+-")
    with broken(suite, "sales", change, undo, {}):
        report(suite, "I10", "sales")


def test_i12_an_item_missing_from_a_timeline_is_named(suite: RunningSuite, lead: str) -> None:
    take = "CREATE TABLE taken AS SELECT * FROM history_v2 WHERE stream = %(lead)s"
    give = "INSERT INTO history_v2 SELECT * FROM taken"
    with suite.database("contacts") as db:
        db.execute(take, {"lead": lead})
    with broken(suite, "contacts", "DELETE FROM history_v2 WHERE stream = %(lead)s", give, {"lead": lead}):
        report(suite, "I12", f"{lead}:1")
    with suite.database("contacts") as db:
        db.execute("DROP TABLE taken")


def test_i12_a_fact_that_forgot_its_contact_is_named(suite: RunningSuite, lead: str) -> None:
    forget = "UPDATE events SET contact_ids = '{}' WHERE originator_id = %(lead)s AND originator_version = 2"
    undo = """UPDATE events SET contact_ids = first.contact_ids FROM events AS first WHERE first.originator_version = 1
        AND events.originator_id = %(lead)s AND first.originator_id = %(lead)s AND events.originator_version = 2"""
    with broken(suite, "sales", forget, undo, {"lead": lead}):
        report(suite, "I12", f"{lead}:2")


def test_a_mended_suite_is_clean_again(suite: RunningSuite, lead: str) -> None:
    found = suite.audit()
    assert found.returncode == 0, found.stdout + found.stderr
