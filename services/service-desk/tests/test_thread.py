"""A ticket with its messages, as one consistent picture."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.chassis.decider import Unknown
from crm.chassis.log import Commands, Context, EventLog
from crm.chassis.testing.views import DAY_ONE
from crm.service_desk.reply import Message, reply
from crm.service_desk.thread import read_thread
from crm.service_desk.ticket import open_ticket, tickets

ANSWER, NOTE = Message("agent", "Oil it."), Message("agent", "She calls often.", public=False)


@pytest.fixture
def do(log: EventLog) -> Commands:
    return log.commands(Context("user:kim", channel="phone"))


@pytest.fixture
def ticket(do: Commands) -> UUID:
    stream = uuid4()
    asked = partial(open_ticket, contact=uuid4(), provisional=False, number=1, subject="Bell", body="It is silent.")
    command = partial(asked, queue="support", priority="normal", kind="incident")
    do(tickets, stream, command, occurred_at=DAY_ONE)
    return stream


def test_a_thread_tells_who_said_what_and_how(log: EventLog, do: Commands, ticket: UUID) -> None:
    do(tickets, ticket, partial(reply, message=NOTE), occurred_at=DAY_ONE + timedelta(hours=1))
    question, note = read_thread(log, ticket).messages
    assert (question.by, question.public, question.body, question.at) == ("customer", True, "It is silent.", DAY_ONE)
    assert (note.by, note.public, note.actor, note.channel) == ("agent", False, "user:kim", "phone")
    assert note.id == f"{ticket}:2"


def test_a_message_that_comes_while_reading_is_in_the_next_picture(
    log: EventLog, do: Commands, ticket: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = log.get

    def get_and_lag(*args: Any, **options: Any) -> Any:
        folded = get(*args, **options)
        do(tickets, ticket, partial(reply, message=ANSWER))
        return folded

    monkeypatch.setattr(log, "get", get_and_lag)
    thread = read_thread(log, ticket)
    assert (thread.version, thread.ticket.state, len(thread.messages)) == (1, "new", 1)


def test_nobody_reads_a_ticket_that_is_not_there(log: EventLog) -> None:
    with pytest.raises(Unknown):
        read_thread(log, uuid4())
