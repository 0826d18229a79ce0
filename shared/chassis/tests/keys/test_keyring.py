"""The keyring in PostgreSQL: restarts, outages, races, rights, and what it says then."""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

from crm.chassis.keys import (
    Destroyed,
    Keyring,
    KeyringUnavailable,
    MemoryKeys,
    connections,
    migrate_keyring,
)
from crm.chassis.keys.connections import Connections
from crm.chassis.keys.wrapping import MasterKeys, of_subject

MASTER, NEWER = b"M" * 32, b"N" * 32
ADA, BOB = uuid4(), uuid4()
OpenKeyring: TypeAlias = Callable[..., Keyring]
Admin: TypeAlias = psycopg.Connection[Any]


def others(admin: Admin, what: str = "count(*)") -> Any:
    row = admin.execute(
        f"SELECT {what} FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'rapport keys'".encode()
    ).fetchone()
    assert row
    return row[0]


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"


def test_migrating_twice_and_by_several_at_once(database: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate_keyring, [database] * 3))
    migrate_keyring(database)
    assert Keyring(database, MASTER).unseal(Keyring(database, MASTER).seal(ADA, "1", b"Ada")) == b"Ada"


def test_a_keyring_that_was_not_migrated_says_so(open_keyring: OpenKeyring, database: str) -> None:
    with pytest.raises(KeyringUnavailable, match="migrate it"):
        open_keyring(database.replace(urlsplit(database).path, "/postgres")).create([ADA])


def test_nothing_connects_before_the_first_use_and_two_at_most_afterwards(
    open_keyring: OpenKeyring, admin: Admin
) -> None:
    keys = open_keyring(cache_s=0)
    threads = threading.active_count()
    assert others(admin) == 0
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: keys.create([uuid4()]), range(100)))
    assert others(admin) in (1, 2)
    assert threading.active_count() == threads


def test_the_first_use_after_a_restart_of_the_server_succeeds(open_keyring: OpenKeyring, admin: Admin) -> None:
    keys = open_keyring(cache_s=0)
    keys.create([ADA])
    others(admin, "bool_and(pg_terminate_backend(pid, 5000))")
    until(lambda: others(admin) == 0)
    keys.create([BOB])
    assert keys.disclose(ADA) and keys.disclose(BOB)


def test_a_server_that_refuses_is_reported_at_once_and_left_alone_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = Keyring("postgresql://u:secret@127.0.0.1:1/x", MASTER)
    started = time.monotonic()
    with pytest.raises(KeyringUnavailable, match="Check that its PostgreSQL runs"):
        keys.seal(ADA, "1", b"Ada")
    assert time.monotonic() - started < 1
    monkeypatch.setattr(connections._Impatient, "connect", lambda *_, **__: pytest.fail("asked again"))
    for ask in (
        lambda: keys.unseal(MemoryKeys().seal(ADA, "1", b"Ada")),
        lambda: keys.claim_ids("email", "ada"),
        lambda: keys.destroy(ADA),
    ):
        with pytest.raises(KeyringUnavailable, match="does not answer"):
            ask()


def test_it_serves_again_when_the_server_is_back(
    monkeypatch: pytest.MonkeyPatch, keyring_dsn: str, open_keyring: OpenKeyring
) -> None:
    monkeypatch.setattr(connections, "PAUSE_S", 0)
    keys = open_keyring()
    really_connect = connections._Impatient.connect
    monkeypatch.setattr(connections._Impatient, "connect", lambda *_, **__: really_connect("host=127.0.0.1 port=1"))
    with pytest.raises(KeyringUnavailable, match="does not answer"):
        keys.create([ADA])
    monkeypatch.setattr(connections._Impatient, "connect", really_connect)
    keys.create([ADA])


def test_a_server_that_is_silent_is_given_up(keyring_dsn: str) -> None:
    impatient = Connections(keyring_dsn, answer_s=0.2)
    started = time.monotonic()
    with pytest.raises(KeyringUnavailable, match="does not answer"):
        impatient.run(lambda db: db.execute("SELECT pg_sleep(1.5)"))
    assert time.monotonic() - started < 1.2


def test_who_waits_too_long_for_a_connection_is_told(keyring_dsn: str) -> None:
    single = Connections(keyring_dsn, max_size=1, answer_s=0.2)
    with pytest.raises(KeyringUnavailable, match="busy"):
        single.run(lambda _: single.run(lambda db: db.execute("SELECT 1")))
    single.close()


def test_a_slow_statement_is_ended_by_the_server_and_the_next_one_is_served(
    keyring_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_OPTIONS", "-c statement_timeout=50")
    patient = Connections(keyring_dsn)
    with pytest.raises(KeyringUnavailable, match="57014"):
        patient.run(lambda db: db.execute("SELECT pg_sleep(5)"))
    assert patient.run(lambda db: db.execute("SELECT 1").fetchone()) == (1,)
    patient.close()


def test_a_key_that_is_committed_during_a_creation_is_the_one(
    open_keyring: OpenKeyring, keyring_dsn: str, admin: Admin
) -> None:
    theirs = MasterKeys(MASTER).wrap(b"t" * 32, of_subject(ADA.bytes))
    keys = open_keyring()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(keyring_dsn) as first:
        first.execute("INSERT INTO keys (subject, wrapped) VALUES (%s, %s)", (ADA, theirs))
        creation = pool.submit(keys.create, [ADA, BOB])
        until(lambda: others(admin, "count(*) FILTER (WHERE wait_event_type = 'Lock')") == 1)
        first.commit()
        creation.result(10)
    assert keys.disclose(ADA) == b"t" * 32
    assert open_keyring().unseal(keys.seal(ADA, "1", b"Ada")) == b"Ada"


def test_a_destruction_that_is_committed_during_a_creation_is_told(
    open_keyring: OpenKeyring, keyring_dsn: str, admin: Admin
) -> None:
    keys = open_keyring()
    with ThreadPoolExecutor(1) as pool, psycopg.connect(keyring_dsn) as first:
        first.execute("INSERT INTO keys (subject, destroyed_at) VALUES (%s, now())", (ADA,))
        creation = pool.submit(keys.create, [ADA, BOB])
        until(lambda: others(admin, "count(*) FILTER (WHERE wait_event_type = 'Lock')") == 1)
        first.commit()
        with pytest.raises(Destroyed):
            creation.result(10)


def test_a_role_without_privileges_of_its_own_is_enough(
    keyring_dsn: str, admin: Admin, open_keyring: OpenKeyring
) -> None:
    role = f"keys_{uuid4().hex}"
    admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'p'".encode())
    admin.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO {role}".encode())
    try:
        address = urlsplit(keyring_dsn)
        dsn = address._replace(netloc=f"{role}:p@{address.netloc.rpartition('@')[2]}").geturl()
        keys = open_keyring(dsn)
        token = keys.seal(ADA, "1", b"Ada")
        keys.claim_ids("email", "ada")
        keys.destroy(ADA)
        assert keys.unseal(token) is None
        keys.close()
    finally:
        admin.execute(f"DROP OWNED BY {role}".encode())
        until(lambda: _dropped(admin, role))


def test_no_secret_and_no_person_shows_in_errors_and_logs(
    open_keyring: OpenKeyring, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    keys = open_keyring()
    ada, bob = b"Ada Lovelace", b"Bob Babbage"
    token = keys.seal(ADA, "1", ada)
    key = keys.disclose(ADA)
    admin.execute("ALTER TABLE keys ADD CONSTRAINT broken CHECK (subject IS NULL) NOT VALID")
    shown = [repr(keys), repr(keys._store), caplog.text]
    for ask in (lambda: keys.seal(BOB, "1", bob), lambda: open_keyring(master_key=NEWER).unseal(token)):
        with pytest.raises(KeyringUnavailable) as failed:
            ask()
        shown.append("".join(traceback.format_exception(failed.value)))
    assert key
    for secret in ("Lovelace", "Babbage", "MMMM", "NNNN", key.hex(), repr(key), "\\x"):
        assert not any(secret in each for each in shown)


def _dropped(admin: Admin, role: str) -> bool:
    try:
        admin.execute(f"DROP ROLE {role}".encode())
    except psycopg.errors.DependentObjectsStillExist:
        return False
    return True
