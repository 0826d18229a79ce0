"""Facts of contacts, written to their log without a request for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.keys import Keyring
from crm.chassis.log import Context, EventLog, PostgresStore, Step
from crm.contacts.contact import contacts
from crm.contacts.interaction import interactions, log_interaction
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.local.suite import Layout
from tests.integration.running_suite import RunningSuite

TOGETHER = 100
"""How many facts one append has."""


@contextmanager
def contacts_log(database: str, keyring: str, master_key: bytes, *, connections: int = 4) -> Iterator[EventLog]:
    """The log of contacts, over its database and the keyring."""
    pool, keys = Database(database, max_size=connections), Keyring(keyring, master_key)
    try:
        yield service.log(PostgresStore(pool), keys)
    finally:
        pool.close()
        keys.close()


@contextmanager
def log_of(suite: RunningSuite, *, connections: int) -> Iterator[EventLog]:
    """The log of contacts of a running suite."""
    servers, key = suite.described["postgres"], Layout(Path(suite.folder)).master_key()
    with contacts_log(servers["contacts"], servers["keyring"], key, connections=connections) as log:
        yield log


def registered(log: EventLog, number: int) -> list[UUID]:
    """So many new people, who have a name."""
    people: list[UUID] = []
    for _ in range(number // TOGETHER):
        some = [uuid4() for _ in range(TOGETHER)]
        log.keys.create(some)
        steps = (Step(contacts, each, partial(register, name=f"Person {each}")) for each in some)
        log.commands(Context("user:bench")).execute_together(*steps)
        people += some
    return people


def note(log: EventLog, about: Sequence[UUID], occurred_at: datetime | None = None) -> None:
    """Notes about people, each a stream of its own, in one append."""
    measured = partial(log_interaction, kind="note", direction="internal", subject="measured", body=None)
    steps = (Step(interactions, uuid4(), partial(measured, contact=each)) for each in about)
    log.commands(Context("user:bench", occurred_at=occurred_at)).execute_together(*steps)
