"""The live window over HTTP, and what it reads from the database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm.analytics.live_counts import read, write
from crm.analytics.window import MINUTES, Cell, Place, Standing, minute_of
from crm.chassis.database import Database
from crm.chassis.settings import Settings
from crm.chassis.testing.shelf import one

SALES, CONTACTS = Place("sales", 0), Place("contacts", 3)

Ask = Callable[[], Any]


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def ask_live(client_of: Callable[[Settings], TestClient], settings: Settings) -> Ask:
    """The answer of a service that has a Kafka; the API itself does not speak to it."""
    client = client_of(settings.model_copy(update={"kafka": "127.0.0.1:1"}))
    return lambda: client.get("/live").raise_for_status().json()


def test_without_kafka_it_is_empty_and_says_so(ask: Callable[..., Any]) -> None:
    answer = ask("/live")
    assert (answer["state"], answer["total"], answer["freshness"]) == ("no kafka", 0, {})
    assert "Kafka is not configured" in answer["note"]
    assert len(answer["minutes"]) == MINUTES
    assert all(each["total"] == 0 and each["by_service"] == {} for each in answer["minutes"])


def test_where_nobody_counts_it_says_so(ask_live: Ask) -> None:
    answer = ask_live()
    assert (answer["state"], answer["total"]) == ("not running", 0)


def test_the_last_hour_by_minute_and_service(db: Database, now: datetime, ask_live: Ask) -> None:
    this, before = minute_of(now), minute_of(now) - 10
    counts = {
        Cell("sales", 0, this): 2,
        Cell("sales", 1, this): 3,
        Cell("contacts", 3, this): 1,
        Cell("sales", 0, before): 4,
        Cell("sales", 0, this - MINUTES): 50,
    }
    write(db, counts, {SALES: Standing(now, 0), CONTACTS: Standing(now, 0)}, now)
    answer = ask_live()
    assert (answer["state"], answer["total"], answer["by_service"]) == ("live", 10, {"contacts": 1, "sales": 9})
    assert [datetime.fromisoformat(each["minute"]) for each in answer["minutes"]] == [
        datetime.fromtimestamp((minute_of(datetime.fromisoformat(answer["as_of"])) - ago) * 60, UTC)
        for ago in range(MINUTES - 1, -1, -1)
    ]
    busy = {minute_of(datetime.fromisoformat(each["minute"])): each for each in answer["minutes"] if each["total"]}
    assert busy[this]["by_service"] == {"contacts": 1, "sales": 5}
    assert busy[before]["by_service"] == {"sales": 4}


@pytest.mark.parametrize(
    ("silent_s", "behind", "state"), [(1, 0, "live"), (1, 7, "catching up"), (60, 0, "stale"), (60, 7, "stale")]
)
def test_it_says_how_current_it_is(
    db: Database, now: datetime, ask_live: Ask, silent_s: int, behind: int, state: str
) -> None:
    answered_at = now - timedelta(seconds=silent_s)
    write(db, {}, {SALES: Standing(answered_at, behind), CONTACTS: Standing(now, 0)}, now)
    answer = ask_live()
    assert answer["state"] == state
    assert answer["freshness"]["sales"]["lag_facts"] == behind
    assert datetime.fromisoformat(answer["freshness"]["sales"]["answered_at"]) == answered_at


def test_writing_again_corrects_and_adds_nothing(db: Database, now: datetime) -> None:
    cell = Cell("sales", 0, minute_of(now))
    for touchpoints in (5, 5, 3):
        write(db, {cell: touchpoints}, {}, now)
    assert list(read(db, now)[0].values()) == [3]


def test_a_worker_learns_that_the_server_has_lost_its_numbers(db: Database, now: datetime) -> None:
    stands = {SALES: Standing(now, 0)}
    assert not write(db, {}, stands, now)
    assert write(db, {}, stands, now)
    with db.connection() as connection:
        connection.execute(b"TRUNCATE live_counts, live_sources")  # as the server does after a crash
    assert not write(db, {}, stands, now)


def test_old_numbers_are_forgotten(db: Database, now: datetime) -> None:
    write(db, {Cell("sales", 0, minute_of(now)): 1}, {SALES: Standing(now, 0)}, now)
    later = now + timedelta(hours=2)
    write(db, {}, {CONTACTS: Standing(later, 0)}, later)
    assert one(db, "SELECT count(*) FROM live_counts") == 0
    assert list(read(db, later)[1]) == ["contacts"]
