"""Rules of tickets: opening, who has them, how urgent they are."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events import Fact, summarise
from crm.events.service_desk import (
    ErasureAcknowledged,
    TicketAssigned,
    TicketClosed,
    TicketOpened,
    TicketPriorityChanged,
    TicketReplied,
    TicketSolved,
)
from crm.service_desk.ticket import assign, change_priority, open_ticket, tickets

given = scenarios(tickets)

ADA = UUID(int=1)
TICKET = UUID(int=2)
CLOSES_AT = datetime(2026, 6, 9, tzinfo=UTC)

asked: dict[str, Any] = {
    "contact": ADA,
    "provisional": True,
    "number": 7,
    "subject": "Bell",
    "body": "The bell does not ring.",
    "queue": "support",
    "priority": "normal",
    "kind": "incident",
}
opened = TicketOpened(**asked)
assigned = TicketAssigned(assignee="kim")
solved, closed = TicketSolved(closes_at=CLOSES_AT), TicketClosed(automatic=False)


def state_after(*facts: Fact) -> str:
    ticket = tickets.fold(facts)  # type: ignore[arg-type]  # the facts of a ticket
    assert ticket
    return ticket.state


def test_opening_a_ticket_remembers_who_asked_what() -> None:
    given().when(open_ticket, **asked).then(opened)
    given().when(open_ticket, **asked, name="Ada", phone="030 1234567").then(
        TicketOpened(**asked, name="Ada", phone="030 1234567")
    )
    assert state_after(opened) == "new"


def test_a_ticket_is_opened_once() -> None:
    given(opened).when(open_ticket, **asked).then_rejected("already open")


def test_who_takes_a_new_ticket_up_opens_it() -> None:
    given(opened).when(assign, assignee="kim").then(assigned)
    assert state_after(opened, assigned) == "open"


def test_a_ticket_is_assigned_to_the_same_agent_once() -> None:
    given(opened, assigned).when(assign, assignee="kim").then_nothing()
    given(opened, assigned).when(assign, assignee="lee").then(TicketAssigned(assignee="lee"))


def test_a_ticket_can_be_given_back_to_its_queue() -> None:
    given(opened, assigned).when(assign, assignee=None).then(TicketAssigned(assignee=None))
    given(opened).when(assign, assignee=None).then_nothing()
    assert state_after(opened, assigned, TicketAssigned(assignee=None)) == "open"


def test_changing_the_priority_tells_what_it_was() -> None:
    given(opened).when(change_priority, priority="urgent").then(TicketPriorityChanged(was="normal", priority="urgent"))
    given(opened).when(change_priority, priority="normal").then_nothing()
    assert state_after(opened, TicketPriorityChanged(was="normal", priority="urgent")) == "new"


def test_a_solved_ticket_may_change_hands_and_stays_solved() -> None:
    given(opened, solved).when(assign, assignee="kim").then(assigned)
    assert state_after(opened, solved, assigned) == "solved"


def test_d12_a_closed_ticket_stays_as_it_is() -> None:
    for command, arguments in ((assign, {"assignee": "lee"}), (change_priority, {"priority": "low"})):
        given(opened, solved, closed).when(command, **arguments).then_rejected("closed and stays as it is")


def test_nothing_happens_to_a_ticket_that_does_not_exist() -> None:
    given().when(assign, assignee="kim").then_rejected("no such ticket", Unknown)
    given().when(change_priority, priority="low").then_rejected("no such ticket", Unknown)


def test_what_is_no_ticket_is_not_found_as_one() -> None:
    with pytest.raises(Unknown):
        tickets.fold([ErasureAcknowledged(contact=ADA)])  # type: ignore[list-item]


def test_a_ticket_is_about_its_contact() -> None:
    state = tickets.fold([opened])
    assert state
    assert tickets.about
    assert set(tickets.about(TICKET, state)) == {ADA}


def test_summaries_tell_what_happened_in_one_line() -> None:
    assert summarise(opened) == "Ticket #7 opened: Bell"
    assert summarise(assigned) == "Ticket assigned to kim"
    assert summarise(TicketReplied(by="agent", public=True, body="Oil it.")) == "Reply by agent: Oil it."
    assert len(summarise(TicketReplied(by="customer", public=True, body="x" * 5_000))) < 150
