"""What the master key wraps, and how it is rotated while the keyring serves."""

from collections.abc import Callable
from typing import Any, TypeAlias
from uuid import uuid4

import psycopg
import pytest

from crm.chassis.keys import (
    BrokenSeal,
    KeyMissing,
    Keyring,
    KeyringUnavailable,
    rewrap,
)
from crm.chassis.keys.wrapping import MasterKey

MASTER, NEWER = b"M" * 32, b"N" * 32
ADA, BOB = uuid4(), uuid4()
OpenKeyring: TypeAlias = Callable[..., Keyring]
Admin: TypeAlias = psycopg.Connection[Any]


def test_the_tables_hold_no_key_in_the_clear(open_keyring: OpenKeyring, admin: Admin) -> None:
    keys = open_keyring()
    keys.create([ADA])
    keys.claim_ids("email", "ada@x.example")
    key = keys.disclose(ADA)
    stored = admin.execute("SELECT wrapped FROM keys UNION ALL SELECT wrapped FROM claim_keys").fetchall()
    assert key and len(stored) == 2
    assert all(key not in wrapped and MASTER not in wrapped for (wrapped,) in stored)


def test_a_key_that_was_moved_to_another_subject_does_not_open(open_keyring: OpenKeyring, admin: Admin) -> None:
    keys = open_keyring()
    token = keys.seal(BOB, "1", b"Bob")
    keys.create([ADA])
    admin.execute("UPDATE keys SET wrapped = (SELECT wrapped FROM keys WHERE subject = %s)", (BOB,))
    fresh = open_keyring()
    fresh.prefetch([ADA, BOB])
    assert fresh.unseal(token) == b"Bob", "one damaged row does not stop the others"
    with pytest.raises(KeyMissing, match=str(ADA)):
        fresh.seal(ADA, "1", b"Ada")


def test_another_master_key_is_told_from_a_destroyed_key(open_keyring: OpenKeyring) -> None:
    token = open_keyring().seal(ADA, "1", b"Ada")
    open_keyring().claim_ids("email", "ada")
    stranger = open_keyring(master_key=NEWER)
    for ask in (lambda: stranger.unseal(token), lambda: stranger.claim_ids("email", "ada")):
        with pytest.raises(KeyringUnavailable, match="another master key"):
            ask()


@pytest.mark.parametrize("master_key", [b"", b"short", b"x" * 33])
def test_a_master_key_has_32_bytes(master_key: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes") as refused:
        Keyring("postgresql://unused", master_key)
    assert not master_key or master_key.decode() not in str(refused.value)


def test_a_master_key_is_rotated_while_the_keyring_serves(open_keyring: OpenKeyring, keyring_dsn: str) -> None:
    old = open_keyring()
    subjects = [uuid4() for _ in range(1_203)]
    old.create(subjects)
    ids, token = old.claim_ids("email", "ada"), old.seal(subjects[0], "1", b"Ada")
    old.destroy(subjects[1])

    during = open_keyring(master_key=NEWER, older_master_keys=[MASTER])
    during.create([ADA])
    assert during.unseal(token) == b"Ada"
    assert rewrap(keyring_dsn, MASTER, NEWER) == 1_202 + 1
    assert rewrap(keyring_dsn, MASTER, NEWER) == 0

    new = open_keyring(master_key=NEWER)
    assert new.claim_ids("email", "ada") == ids
    assert all(new.disclose(each) == during.disclose(each) for each in (*subjects[:20], ADA))
    assert new.is_destroyed(subjects[1])


def test_an_interrupted_rotation_goes_on_where_it_stopped(
    open_keyring: OpenKeyring, keyring_dsn: str, admin: Admin
) -> None:
    keys = open_keyring()
    subjects = sorted(uuid4() for _ in range(1_100))
    keys.create(subjects)
    damaged = subjects[700]
    row = admin.execute("SELECT wrapped FROM keys WHERE subject = %s", (damaged,)).fetchone()
    admin.execute("UPDATE keys SET wrapped = substr(wrapped, 1, 20) WHERE subject = %s", (damaged,))
    with pytest.raises(BrokenSeal, match="changed there"):
        rewrap(keyring_dsn, MASTER, NEWER)
    assert row
    admin.execute("UPDATE keys SET wrapped = %s WHERE subject = %s", (row[0], damaged))
    assert rewrap(keyring_dsn, MASTER, NEWER) == 600
    assert open_keyring(master_key=NEWER).disclose(damaged)


def test_a_rotation_does_not_bring_a_destroyed_key_back(
    open_keyring: OpenKeyring, keyring_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = open_keyring()
    keys.create([ADA])
    really_wrap = MasterKey.wrap

    def destroyed_meanwhile(master: MasterKey, key: bytes, owner: bytes) -> bytes:
        keys.destroy(ADA)
        return really_wrap(master, key, owner)

    monkeypatch.setattr(MasterKey, "wrap", destroyed_meanwhile)
    assert rewrap(keyring_dsn, MASTER, NEWER) == 0
    assert open_keyring(master_key=NEWER).is_destroyed(ADA)
