"""The role `duplicates` at work on a real log: it follows changes and works off scans until it is told to stop (C5)."""

import threading
from collections.abc import Iterator
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.services import Projector
from crm.chassis.testing.waiting import eventually
from crm.contacts.contact import contacts
from crm.contacts.duplicates.match_keys import match_keys
from crm.contacts.duplicates.queue import Case, duplicates
from crm.contacts.duplicates.role import find_duplicates
from crm.contacts.duplicates.scan_job import scans, start
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.events.particulars import PostalAddress

HOME = PostalAddress("Zwetschgenweg 5", "10115", "Berlin")


@pytest.fixture
def runtime(database: str, settings: Settings) -> Iterator[Runtime]:
    migrate(database, (CHASSIS, *service.migrations))
    opened, keys = Database(database), MemoryKeys()
    wanted = settings.model_copy(update={"database": database})
    yield Runtime(wanted, opened, keys, service.log(PostgresStore(opened), keys))
    opened.close()


def registered(do: Commands) -> UUID:
    return do(contacts, uuid4(), partial(register, name="Anna Zwetschgenbaum", address=HOME)).stream


def test_c5_the_role_follows_changes_and_works_off_scans(runtime: Runtime) -> None:
    do = runtime.log.commands(Context("user:ada"))
    views = Projector(service, runtime.database, runtime.log)
    stop, role = threading.Event(), None

    def cases() -> list[Case]:
        views.catch_up()
        return duplicates.select(runtime.database)

    def completed() -> bool:
        with runtime.database.connection() as connection:
            rows = connection.execute("SELECT state, contacts FROM duplicate_scans").fetchall()
        return rows == [("completed", 2)]

    try:
        role = threading.Thread(target=find_duplicates, args=(runtime, stop))
        role.start()
        pair = {registered(do), registered(do)}
        (case,) = eventually(cases)
        assert {case.first, case.second} == pair
        assert len(match_keys.select(runtime.database)) == 2
        scan_id = do(scans, uuid4(), start).stream
        with runtime.database.connection() as connection:
            connection.execute("INSERT INTO duplicate_scans (scan_id, actor) VALUES (%s, 'user:ada')", (scan_id,))
        eventually(completed)
        assert runtime.log.get(scans, scan_id).state.status == "completed"
        assert len(cases()) == 1
    finally:
        stop.set()
        if role:
            role.join(10)
    assert role
    assert not role.is_alive()
