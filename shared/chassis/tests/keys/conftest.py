"""Keys of either kind, opened as often as there are processes."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import psycopg
import pytest

from crm.chassis.keys import Keyring, MemoryKeys, migrate_keyring
from crm.chassis.keys.memory import MemoryKeyStore
from crm.chassis.keys.stored import StoredKeys

MASTER = b"M" * 32


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


OpenKeys: TypeAlias = Callable[..., StoredKeys]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keyring_dsn(database: str) -> str:
    """The DSN of a new keyring."""
    migrate_keyring(database)
    return database


@pytest.fixture
def open_keyring(keyring_dsn: str, clock: Clock) -> Iterator[Callable[..., Keyring]]:
    """Opens the same keyring again and again, as its processes do."""
    opened: list[Keyring] = []

    def open_one(dsn: str = keyring_dsn, master_key: bytes = MASTER, **options: object) -> Keyring:
        opened.append(Keyring(dsn, master_key, **{"clock": clock} | options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture(params=["memory", "postgres"])
def open_keys(request: pytest.FixtureRequest, clock: Clock) -> OpenKeys:
    """Opens the same keys again and again: in memory, and in PostgreSQL."""
    if request.param == "postgres":
        found: OpenKeys = request.getfixturevalue("open_keyring")
        return found
    store = MemoryKeyStore()
    return lambda **options: MemoryKeys(store, **{"clock": clock} | options)


@pytest.fixture
def keys(open_keys: OpenKeys) -> StoredKeys:
    return open_keys()


@pytest.fixture
def admin(keyring_dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """Somebody with psql, beside the keyring's own connections."""
    with psycopg.connect(keyring_dsn, autocommit=True, application_name="admin") as connection:
        yield connection
