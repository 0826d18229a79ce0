"""A destruction is final: in the tables, and after an older backup was restored."""

import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from crm.chassis.keys import (
    Keyring,
    KeyringUnavailable,
)
from crm.chassis.testing.backends import PostgresBackend

MASTER, NEWER = b"M" * 32, b"N" * 32
ADA, BOB = uuid4(), uuid4()
OpenKeyring: TypeAlias = Callable[..., Keyring]
Admin: TypeAlias = psycopg.Connection[Any]


def test_a_destruction_is_whole_or_not_at_all(open_keyring: OpenKeyring, admin: Admin) -> None:
    keys = open_keyring()
    token = keys.seal(ADA, "1", b"Ada")
    admin.execute("ALTER TABLE destructions ADD CONSTRAINT broken CHECK (number < 0)")
    with pytest.raises(KeyringUnavailable, match="refused a statement"):
        keys.destroy(ADA)
    assert keys.unseal(token) == b"Ada"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM destructions",
        "UPDATE destructions SET destroyed_at = now()",
        "TRUNCATE destructions",
        "DELETE FROM keys",
        "UPDATE keys SET wrapped = 'x', destroyed_at = NULL",
    ],
)
def test_a_destruction_is_final_also_for_administrators(
    open_keyring: OpenKeyring, admin: Admin, statement: str
) -> None:
    open_keyring().destroy(ADA)
    with pytest.raises(psycopg.errors.RaiseException, match="final"):
        admin.execute(statement)


def test_a_destroyed_key_leaves_its_row_empty(open_keyring: OpenKeyring, admin: Admin) -> None:
    keys = open_keyring()
    keys.create([ADA])
    keys.destroy(ADA)
    assert admin.execute("SELECT subject, wrapped FROM keys").fetchall() == [(ADA, None)]


@pytest.fixture
def restored(postgres_server: PostgresBackend, keyring_dsn: str, open_keyring: OpenKeyring) -> Iterator[str]:
    """A copy of the keyring from before Ada was erased, in a database of its own."""
    keys = open_keyring()
    keys.create([ADA, BOB])
    keys.close()
    name = f"restored_{uuid4().hex}"
    original = urlsplit(keyring_dsn).path.removeprefix("/")
    with psycopg.connect(postgres_server.dsn, autocommit=True) as db:
        in_use = "SELECT 1 FROM pg_stat_activity WHERE datname = %s"
        until(lambda: not db.execute(in_use, (original,)).fetchone())
        db.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(original)))
        yield urlsplit(keyring_dsn)._replace(path=f"/{name}").geturl()
        db.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_a_restored_keyring_serves_after_the_destructions_were_replayed(
    restored: str, open_keyring: OpenKeyring
) -> None:
    live, copy = open_keyring(), open_keyring(restored)
    ada, bob = live.seal(ADA, "1", b"Ada"), live.seal(BOB, "1", b"Bob")
    live.destroy(ADA)
    for ask in (lambda: copy.unseal(ada), lambda: copy.create([uuid4()]), lambda: copy.claim_ids("email", "ada")):
        with pytest.raises(KeyringUnavailable, match="Replay the journal"):
            ask()
    copy.replay(live.destructions())
    assert copy.unseal(ada) is None
    assert open_keyring(restored).unseal(bob) == b"Bob"
    assert list(copy.destructions()) == list(live.destructions())


def test_a_restored_keyring_can_destroy_before_it_serves(restored: str, open_keyring: OpenKeyring) -> None:
    copy = open_keyring(restored)
    copy.destroy(ADA)
    assert [each.subject for each in copy.destructions()] == [ADA]


def test_a_replay_that_fails_does_not_open_a_restored_keyring(restored: str, open_keyring: OpenKeyring) -> None:
    copy = open_keyring(restored)
    with pytest.raises(RuntimeError):
        copy.replay(_interrupted())
    with pytest.raises(KeyringUnavailable, match="Replay the journal"):
        copy.create([uuid4()])


def _interrupted() -> Iterator[Any]:
    raise RuntimeError("the journal's disk broke")
    yield


def until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not happen"
