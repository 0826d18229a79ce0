"""Legal holds: what is kept of an erased person, by whom it is read, and how it ends (C13)."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.decider import Unknown
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.scenarios import scenarios
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import Records
from crm.chassis.timers import TimerWorker
from crm.contacts.contact import contacts
from crm.contacts.erasing import erasing
from crm.contacts.erasure import erase
from crm.contacts.holding import expire_holds, held_stream, held_values, keep, lift, place
from crm.contacts.legal_hold import HOLD_EXPIRY
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.events import Fact, catalogue
from crm.events.contacts import ContactErased, ContactRegistered
from crm.events.holds import LegalHoldEnded, LegalHoldPlaced, ValuesHeld
from crm.events.particulars import PostalAddress

given = scenarios(contacts)
NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOLD, OTHER = UUID(int=1), UUID(int=2)
ada = ContactRegistered(name="Ada", emails=["ada@example.org"], address=PostalAddress(city="London"))
placed = LegalHoldPlaced(hold=HOLD, fields=["name", "address"], reason="tax law, 147 AO", until=NOW + timedelta(days=9))
open_ended = LegalHoldPlaced(hold=OTHER, fields=["name"], reason="case 12/26")


def test_c13_a_hold_lists_fields_and_gives_a_reason() -> None:
    hold = partial(place, hold=HOLD, fields=["name", "address"], reason=" tax law, 147 AO ", now=NOW)
    given(ada).when(hold, until=placed.until).then(placed)
    given(ada, placed).when(hold, until=placed.until).then_nothing()
    given(ada).when(hold, until=NOW).then_rejected("over already")
    given(ada).when(place, hold=HOLD, fields=[], reason="tax law", now=NOW).then_rejected("which fields")
    given(ada).when(place, hold=HOLD, fields=["name"], reason=" ", now=NOW).then_rejected("which law")
    given(ada, ContactErased()).when(hold).then_rejected("was erased")


def test_c13_a_hold_ends_by_hand_or_by_time_also_after_the_erasure() -> None:
    lifted, expired = LegalHoldEnded(hold=OTHER, why="lifted"), LegalHoldEnded(hold=HOLD, why="expired")
    given(ada, open_ended, ContactErased()).when(lift, hold=OTHER).then(lifted)
    given(ada, open_ended, lifted).when(lift, hold=OTHER).then_rejected("has ended", Unknown)
    given(ada, placed, open_ended, ContactErased()).when(expire_holds, due_at=placed.until).then(expired)
    given(ada, open_ended).when(expire_holds, due_at=NOW).then_nothing()


def test_c13_the_next_hold_to_end_by_time_has_a_timer() -> None:
    assert contacts.timers
    for history, due in (
        ([ada, open_ended], {}),
        ([ada, placed, open_ended, ContactErased()], {HOLD_EXPIRY: placed.until}),
        ([ada, placed, LegalHoldEnded(hold=HOLD, why="lifted")], {}),
    ):
        contact = contacts.fold(history)
        assert contact
        assert contacts.timers(contact) == due


def test_c13_a_hold_keeps_the_listed_fields_once_and_nothing_else() -> None:
    before, contact = contacts.fold([ada]), uuid4()
    assert before
    kept = ValuesHeld(hold=HOLD, contact=contact, fields=["name"], name="Ada")
    asked = partial(keep, hold=HOLD, contact=contact, before=before)
    scenarios(held_values)().when(asked, fields=["name"]).then(kept)
    scenarios(held_values)(kept).when(asked, fields=["name"]).then_nothing()
    scenarios(held_values)().when(asked, fields=["phones"]).then_nothing()


def answer_everything(log: EventLog, runtime: Runtime) -> None:
    """Lets the policy answer every fact, also those that it makes itself; twice, as after a crash."""
    for _ in range(4):
        for sealed in log.read(None, 200):
            if sealed.type in erasing.types:
                erasing.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)


@pytest.fixture
def officer(tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: Projector) -> Iterator[TestClient]:
    issuer = LocalIssuer(tmp_path / "issuer")
    api = services.api_of(service, issuer, log, settings, db)
    with services.client_of(api, issuer.issue("ada", ["contacts:*", "keys:read"])) as client:
        yield client


@pytest.fixture
def person(officer: TestClient) -> UUID:
    body = {"name": "Ada", "emails": ["ada@example.org"], "address": {"city": "London", "country": "GB"}}
    return UUID(officer.post("/contacts", json=body).raise_for_status().json()["id"])


@pytest.fixture
def hold(officer: TestClient, person: UUID) -> str:
    """The address of a hold on the name and the address."""
    asked = {"fields": ["name", "address"], "reason": "tax law"}
    officer.post(f"/contacts/{person}/legal-holds", json=asked).raise_for_status()
    (held,) = officer.get(f"/contacts/{person}/legal-holds").json()["items"]
    return f"/contacts/{person}/legal-holds/{held['id']}"


@pytest.fixture
def forgotten(log: EventLog, runtime: Runtime, views: Projector) -> Callable[[UUID], None]:
    """Lets the policies and all services do their part of an erasure."""
    heard = Records(log.keys)

    def forget(contact: UUID) -> None:
        answer_everything(log, runtime)
        views.catch_up()
        for each in (each for each in catalogue.BY_TYPE.values() if each.__name__ == "ErasureAcknowledged"):
            fact: Fact = each(contact=contact)  # type: ignore[call-arg]
            if ".contacts." not in str(each.__struct_config__.tag):
                views.hear(heard.record(uuid4(), fact, subject=contact))
            else:
                service.acknowledgements.acknowledge(log, contact)
        views.catch_up()

    return forget


def test_c13_an_erasure_under_hold_keeps_the_listed_fields_until_the_hold_is_lifted(
    officer: TestClient,
    log: EventLog,
    person: UUID,
    hold: str,
    forgotten: Callable[[UUID], None],
    runtime: Runtime,
    views: Projector,
) -> None:
    officer.delete(f"/contacts/{person}").raise_for_status()
    forgotten(person)
    under_hold = officer.get(f"/contacts/{person}/erasure").json()
    assert (under_hold["waiting_for"], under_hold["complete"]) == ([], False)
    assert [(each["reason"], each["fields"]) for each in under_hold["legal_holds"]] == [
        ("tax law", ["name", "address"])
    ]
    (kept,) = officer.get(f"/contacts/{person}/held-values").json()["items"]
    assert (kept["name"], kept["address"]["city"], kept["emails"]) == ("Ada", "London", [])
    assert log.keys.is_destroyed(person)

    officer.post(f"{hold}/lift").raise_for_status()
    answer_everything(log, runtime)
    views.catch_up()
    done = officer.get(f"/contacts/{person}/erasure").json()
    assert (done["complete"], done["legal_holds"]) == (True, [])
    assert officer.get(f"/contacts/{person}/held-values").json()["items"] == []
    stream = held_stream(UUID(hold.rsplit("/", 1)[1]), person)
    assert [e.fact.name for e in log.stream(stream) if isinstance(e.fact, ValuesHeld)] == [None]


def test_c13_what_a_hold_keeps_is_in_no_view_and_its_key_is_given_to_nobody(
    officer: TestClient, log: EventLog, person: UUID, hold: str, forgotten: Callable[[UUID], None], db: Database
) -> None:
    officer.delete(f"/contacts/{person}").raise_for_status()
    forgotten(person)
    kept_at = held_stream(UUID(hold.rsplit("/", 1)[1]), person)
    assert officer.get(f"/keys/{kept_at}").status_code == 404
    assert all("London" not in str(each) for each in officer.get(f"/contacts/{person}/history").json()["items"])
    with db.connection() as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows: list[Any] = [connection.execute(f"SELECT t::text FROM {name} AS t").fetchall() for (name,) in names]
    assert "London" not in str(rows)


def test_c13_holds_are_for_who_answers_for_them(
    tmp_path: Path, log: EventLog, settings: Settings, db: Database, person: UUID, hold: str
) -> None:
    issuer = LocalIssuer(tmp_path / "another")
    api = services.api_of(service, issuer, log, settings, db)
    with services.client_of(api, issuer.issue("bob", ["contacts:read", "contacts:write", "contacts:privacy"])) as bob:
        assert bob.get(f"/contacts/{person}/held-values").status_code == 403
        assert bob.post(f"{hold}/lift").status_code == 403


def test_c13_a_hold_ends_by_itself_on_its_day_and_the_erasure_with_it(db: Database, keys: MemoryKeys) -> None:
    log = service.log(PostgresStore(db), keys)
    runtime = Runtime(None, db, keys, log)  # type: ignore[arg-type]  # this policy reads no settings
    contact, until = uuid4(), NOW + timedelta(days=9)
    do = log.commands(Context("user:ada", occurred_at=NOW))
    do(contacts, contact, partial(register, name="Ada"))
    do(contacts, contact, partial(place, hold=HOLD, fields=["name"], reason="tax law", until=until, now=NOW))
    do(contacts, contact, erase)
    answer_everything(log, runtime)
    stream = held_stream(HOLD, contact)
    assert log.get(held_values, stream).state.name == "Ada"
    assert not TimerWorker(service.timers, db, log, clock=lambda: NOW).fire_due()
    later = TimerWorker(service.timers, db, log, clock=lambda: until + timedelta(minutes=1))
    assert later.fire_due() == 1
    answer_everything(log, runtime)
    assert keys.is_destroyed(stream)
    assert log.get(held_values, stream).state.name is None
