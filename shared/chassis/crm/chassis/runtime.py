"""What a running process of a service holds: its settings, its database, its keys, its log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crm.chassis.database import Database
from crm.chassis.keys import Keyring, Keys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.settings import Settings

if TYPE_CHECKING:
    from crm.chassis.service import Service


KEY_CACHE_S = 3.0
"""How long a process may go on using a key that was destroyed meanwhile; an erasure is acknowledged after it."""

CACHED_KEYS = 10_000
"""A key and what opens with it take about two kilobytes."""


@dataclass(frozen=True)
class Runtime:
    """Handed to whatever needs more than the facts: policies with side effects, roles, endpoints."""

    settings: Settings
    database: Database
    keys: Keys
    log: EventLog


@contextmanager
def running(service: "Service", settings: Settings, *, connections: int = 4) -> Iterator[Runtime]:
    """The runtime of a process, closed at the end. Nothing connects before it is used."""
    database = Database(settings.database, max_size=connections, application=service.name)
    keys = Keyring(
        settings.keyring,
        settings.master_key,
        cache_s=KEY_CACHE_S,
        cached_subjects=CACHED_KEYS,
        older_master_keys=settings.older_master_keys,
    )
    try:
        yield Runtime(settings, database, keys, service.log(PostgresStore(database), keys))
    finally:
        keys.close()
        database.close()
