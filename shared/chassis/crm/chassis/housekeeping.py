"""Housekeeping of a service's own tables."""

import logging
import threading
from datetime import timedelta

import psycopg

from crm.chassis.database import Database

KEY_AGE = timedelta(hours=72)
"""How long a caller's idempotency key is remembered (E13). Marks of policies and timers are kept for ever."""
EVERY_S = 3600.0
CHUNK = 5_000

_FORGET = """
    DELETE FROM idempotency WHERE (caller, key) IN (
        SELECT caller, key FROM idempotency
        WHERE created_at < now() - %s AND caller NOT LIKE 'policy:%%' AND caller NOT LIKE 'timer:%%' LIMIT %s)
"""

_log = logging.getLogger("crm.housekeeping")


def keep_house(database: Database, stop: threading.Event) -> None:
    """Does what is due every hour until told to stop."""
    while not stop.is_set():
        try:
            forget_old_keys(database)
        except psycopg.OperationalError:
            _log.warning("database is away; housekeeping waits")
        stop.wait(EVERY_S)


def forget_old_keys(database: Database) -> int:
    """Deletes idempotency keys older than `KEY_AGE`, in chunks so that no write lasts; returns how many."""
    forgotten = 0
    while True:
        with database.connection() as connection:
            deleted = connection.execute(_FORGET, (KEY_AGE, CHUNK)).rowcount
        forgotten += deleted
        if deleted < CHUNK:
            return forgotten
