"""Appends wake those who tail the log, by a thread that is there only while there is something to tell."""

import threading

import pytest

from crm.chassis.database import Database, connect
from crm.chassis.log import PostgresStore, postgres
from crm.chassis.testing.waiting import eventually


def _wakers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "wake-readers"]


def test_who_tails_the_log_is_woken_and_the_thread_ends_and_begins_again(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "IDLE_S", 0.05)
    before = len(_wakers())
    pool = Database(database, max_size=1)
    store = PostgresStore(pool)
    with connect(database) as listening:
        listening.execute(f"LISTEN {postgres.CHANNEL}".encode())
        for _ in range(3):
            store.wake_readers()
            assert list(listening.notifies(timeout=10, stop_after=1))
            eventually(lambda: len(_wakers()) <= before)
    pool.close()


def test_a_database_that_is_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "IDLE_S", 0.05)
    before = len(_wakers())
    pool = Database("host=127.0.0.1 port=1 dbname=none", max_size=1)
    pool.close()
    PostgresStore(pool).wake_readers()
    eventually(lambda: len(_wakers()) <= before)
