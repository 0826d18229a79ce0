"""Consents and requests run out by themselves, also after the worker was down; what was moved does not."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, PostgresStore
from crm.chassis.timers import TimerWorker
from crm.contacts.consent import consent_stream, consents, grant, withdraw
from crm.contacts.double_opt_in import request
from crm.contacts.service import service
from crm.events.consents import ConsentExpired, ConsentGranted, ConsentRequested, ConsentRequestExpired

ADA = uuid4()
START = datetime(2026, 3, 1, tzinfo=UTC)
STREAM = consent_stream(ADA, "email", "marketing")
what = {"contact": ADA, "channel": "email", "purpose": "marketing", "source": "form"}


@pytest.fixture
def kept(db: Database, keys: MemoryKeys) -> Iterator[EventLog]:
    """The log of the service in a real database: timers are scheduled in its appends."""
    return service.log(PostgresStore(db), keys)


@pytest.fixture
def record(kept: EventLog) -> Commands:
    return kept.commands(Context("user:ada"))


def fire(log: EventLog, db: Database, now: datetime) -> int:
    return TimerWorker(service.timers, db, log, lambda: now).fire_due()


def test_m3_a_request_runs_out_after_seven_days(kept: EventLog, record: Commands, db: Database) -> None:
    asking = partial(request, **what, wording_version="1", asked_at=START, address="ada@x.example")
    record.execute(consents, STREAM, asking, occurred_at=START)
    assert fire(kept, db, START + timedelta(days=7, seconds=-1)) == 0
    assert fire(kept, db, START + timedelta(days=9)) == 1
    asked, expired = kept.stream(STREAM)
    assert isinstance(asked.fact, ConsentRequested)
    assert expired.fact == ConsentRequestExpired(contact=ADA, channel="email", purpose="marketing")
    assert (expired.occurred_at, expired.actor) == (START + timedelta(days=7), "timer:consent-request-expiry")
    assert expired.causation_id == asked.event_id


def test_a_consent_for_a_time_runs_out_when_its_time_is_over(kept: EventLog, record: Commands, db: Database) -> None:
    until = START + timedelta(days=30)
    agree = partial(grant, **what, wording_version="1", expires_at=until)
    record.execute(consents, STREAM, agree, occurred_at=START)
    assert fire(kept, db, until) == 1
    assert [type(e.fact) for e in kept.stream(STREAM)] == [ConsentGranted, ConsentExpired]
    assert kept.stream(STREAM)[-1].occurred_at == until
    record.execute(consents, STREAM, partial(grant, **what, wording_version="1"))
    assert kept.get(consents, STREAM).state.standing == "granted"


def test_what_was_prolonged_or_withdrawn_does_not_run_out(kept: EventLog, record: Commands, db: Database) -> None:
    first, second = START + timedelta(days=1), START + timedelta(days=2)
    for until in (first, second):
        agree = partial(grant, **what, wording_version="1", expires_at=until)
        record.execute(consents, STREAM, agree, occurred_at=START)
    assert fire(kept, db, first) == 0
    record(consents, STREAM, partial(withdraw, **what))
    assert fire(kept, db, second) == 0
