"""What people arrange in two weeks of virtual time, and what timers must make of it."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from crm.chassis.decider import Aggregate, Command
from crm.contacts.consent import consents, grant, withdraw
from crm.contacts.double_opt_in import HOLDS, request
from crm.contacts.subject_request import TERM, WARNING, receive, refuse, subject_requests
from crm.events import Fact
from crm.events.consents import ConsentExpired, ConsentRequestExpired
from crm.events.requests import SubjectRequestOverdue, SubjectRequestReminded
from crm.events.service_desk import TicketClosed
from crm.service_desk.solution import reopen, solve
from crm.service_desk.ticket import open_ticket, tickets

BEGIN = datetime(2026, 3, 20, tzinfo=UTC)  # in between, summer time begins in Europe
END = BEGIN + timedelta(days=15)
Happened = tuple[type[Fact], datetime]


@dataclass(frozen=True)
class Act:
    """A command of a person, when it is given."""

    at: datetime
    service: str
    aggregate: Aggregate[Any, Any]
    stream: UUID
    command: Command


@dataclass
class Calendar:
    """The acts of people, and by stream what timers make of them."""

    acts: list[Act] = field(default_factory=list)
    expected: dict[UUID, list[Happened]] = field(default_factory=dict)

    def expect(self, stream: UUID, *happened: Happened) -> None:
        self.expected[stream] = sorted((each for each in happened if each[1] < END), key=lambda each: each[1])


def arranged(chance: random.Random, each: int) -> Calendar:
    """So many of each kind; some are prolonged, taken back or answered before their time."""
    calendar = Calendar()
    for plan in (_consent, _double_opt_in, _request, _ticket):
        for _ in range(each):
            plan(calendar, chance, uuid4())
    calendar.acts.sort(key=lambda act: act.at)
    return calendar


def _between(chance: random.Random, first: datetime, last: datetime) -> datetime:
    return first + (last - first) * chance.random()


def _acting(calendar: Calendar, service: str, aggregate: Any, stream: UUID) -> Callable[[datetime, Command], None]:
    return lambda at, command: calendar.acts.append(Act(at, service, aggregate, stream, command))


def _consent(calendar: Calendar, chance: random.Random, stream: UUID) -> None:
    act = _acting(calendar, "contacts", consents, stream)
    given, over = BEGIN + timedelta(minutes=1), _between(chance, BEGIN + timedelta(hours=1), END + timedelta(days=1))
    what: dict[str, Any] = {"contact": uuid4(), "channel": "email", "purpose": "marketing", "source": "form"}
    agree = partial(grant, **what, wording_version="1")
    act(given, partial(agree, expires_at=over))
    match chance.choice(("runs out", "prolonged", "withdrawn")):
        case "prolonged":
            later = over + timedelta(days=2)
            act(_between(chance, given, over), partial(agree, expires_at=later))
            calendar.expect(stream, (ConsentExpired, later))
        case "withdrawn":
            act(_between(chance, given, over), partial(withdraw, **what))
            calendar.expect(stream)
        case _:
            calendar.expect(stream, (ConsentExpired, over))


def _double_opt_in(calendar: Calendar, chance: random.Random, stream: UUID) -> None:
    act = _acting(calendar, "contacts", consents, stream)
    asked = _between(chance, BEGIN, END)
    what: dict[str, Any] = {"contact": uuid4(), "channel": "email", "purpose": "news", "source": "form"}
    act(asked, partial(request, **what, wording_version="1", asked_at=asked, address="a@example.org"))
    if chance.random() < 0.4:
        act(_between(chance, asked, asked + HOLDS), partial(grant, **what, wording_version="1"))
        calendar.expect(stream)
    else:
        calendar.expect(stream, (ConsentRequestExpired, asked + HOLDS))


def _request(calendar: Calendar, chance: random.Random, stream: UUID) -> None:
    act = _acting(calendar, "contacts", subject_requests, stream)
    received = _between(chance, BEGIN - timedelta(days=22), BEGIN - timedelta(days=16))
    act(BEGIN, partial(receive, contact=uuid4(), kind="access", received_at=received))
    due = received + TERM
    if chance.random() < 0.3:
        act(_between(chance, BEGIN, due - WARNING), partial(refuse, reason="unfounded"))
        calendar.expect(stream)
    else:
        calendar.expect(stream, (SubjectRequestReminded, due - WARNING), (SubjectRequestOverdue, due))


def _ticket(calendar: Calendar, chance: random.Random, stream: UUID) -> None:
    act = _acting(calendar, "service-desk", tickets, stream)
    opened = _between(chance, BEGIN, END - timedelta(days=1))
    solved, closes = opened + timedelta(minutes=10), opened + timedelta(days=7)
    asked = partial(open_ticket, contact=uuid4(), provisional=False, number=1, subject="Bell", body="It is silent.")
    act(opened, partial(asked, queue="support", priority="normal", kind="incident"))
    act(solved, partial(solve, closes_at=closes))
    if chance.random() < 0.4:
        again = _between(chance, solved, closes)
        act(again, partial(reopen, reason="not solved"))
        act(again + timedelta(minutes=5), partial(solve, closes_at=again + timedelta(days=7)))
        closes = again + timedelta(days=7)
    calendar.expect(stream, (TicketClosed, closes))


def acts_before(calendar: Calendar, moment: datetime) -> Iterator[Act]:
    """Takes the acts out of the calendar that are due."""
    while calendar.acts and calendar.acts[0].at <= moment:
        yield calendar.acts.pop(0)
