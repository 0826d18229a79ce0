"""What a process keeps connected to its database, and what becomes of it when the server restarts."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier

import pytest

from crm.chassis.database import Database, connect
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.testing.backends import temporary_folder

SIZE = 4

_ME = "SELECT pg_backend_pid()"
_HANG_UP = "SELECT pg_terminate_backend(%s, 10000)"


def all_at_once(pool: Database) -> set[int]:
    """The servers' processes behind the connections of as many threads as there may be connections."""
    together = Barrier(SIZE, timeout=30)

    def ask(_: int) -> int:
        with pool.connection() as connection:
            row = connection.execute(_ME).fetchone()
            assert row
            together.wait()
            return int(row[0])

    with ThreadPoolExecutor(SIZE) as threads:
        return set(threads.map(ask, range(SIZE)))


@pytest.mark.parametrize("hung_up", [1, SIZE])
def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(database: str, hung_up: int) -> None:
    with closing(Database(database, max_size=SIZE)) as pool:
        before = all_at_once(pool)
        with connect(database) as other:
            for pid in sorted(before)[:hung_up]:
                other.execute(_HANG_UP, (pid,))
        assert len(all_at_once(pool) & before) == SIZE - hung_up


def test_after_a_crash_of_the_server_the_next_question_is_answered() -> None:
    with temporary_folder() as folder, EmbeddedPostgres(folder, fsync=False) as server:
        server.create_database("crm")
        with closing(Database(server.dsn("crm"), max_size=SIZE)) as pool:
            all_at_once(pool)
            server.kill()
            server.start()
            assert len(all_at_once(pool)) == SIZE


def test_a_connection_that_was_told_something_is_kept(database: str) -> None:
    with closing(Database(database, max_size=1)) as pool:
        with pool.connection() as connection:
            connection.execute("LISTEN news")
            row = connection.execute(_ME).fetchone()
        with connect(database) as other:
            other.execute("NOTIFY news")
        with pool.connection() as connection:
            assert connection.execute(_ME).fetchone() == row
