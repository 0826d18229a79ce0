"""Rules of replies, and of the ticket that follows a closed one."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events.service_desk import (
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketSolved,
)
from crm.service_desk.reply import ClosedAlready, Message, carry_on, follow_up_of, link, reply
from crm.service_desk.ticket import Ticket, tickets

given = scenarios(tickets)

ADA, TICKET = UUID(int=1), UUID(int=2)
NEXT = follow_up_of(TICKET)

opened = TicketOpened(
    contact=ADA,
    provisional=True,
    number=7,
    queue="repairs",
    priority="high",
    kind="incident",
    subject="Bell",
    body="The bell does not ring.",
    name="Ada",
)
answer, note = Message("agent", "Oil it."), Message("agent", "She calls often.", public=False)
complaint = Message("customer", "Still silent.")
answered = TicketReplied(by="agent", public=True, body="Oil it.")
noted = TicketReplied(by="agent", public=False, body="She calls often.")
complained = TicketReplied(by="customer", public=True, body="Still silent.")
assigned = TicketAssigned(assignee="kim")
solved, closed = TicketSolved(closes_at=datetime(2026, 6, 9, tzinfo=UTC)), TicketClosed(automatic=True)
came_back = TicketReopened(reason="customer replied")
followed = TicketOpened(
    contact=ADA,
    provisional=False,
    number=9,
    queue="repairs",
    priority="high",
    kind="incident",
    subject="Bell",
    follows=TICKET,
)


def after(*facts: TicketOpened | TicketAssigned | TicketReplied | TicketSolved | TicketClosed | TicketLinked) -> Ticket:
    ticket = tickets.fold(facts)
    assert ticket
    return ticket


def test_a_public_answer_takes_a_new_ticket_up() -> None:
    given(opened).when(reply, message=answer).then(answered)
    assert after(opened, answered).state == "open"


def test_d5_a_note_is_no_answer() -> None:
    given(opened).when(reply, message=note).then(noted)
    assert after(opened, noted).state == "new"


def test_more_from_the_customer_leaves_a_ticket_where_it_is() -> None:
    given(opened).when(reply, message=complaint).then(complained)
    assert after(opened, complained).state == "new"
    assert after(opened, assigned, complained).state == "open"


def test_d12_a_customers_reply_brings_a_solved_ticket_back() -> None:
    given(opened, solved).when(reply, message=complaint).then(complained, came_back)
    ticket = tickets.fold([opened, solved, complained, came_back])
    assert ticket
    assert (ticket.state, ticket.closes_at) == ("open", None)


def test_what_an_agent_adds_leaves_a_ticket_solved() -> None:
    for message, fact in ((answer, answered), (note, noted)):
        given(opened, solved).when(reply, message=message).then(fact)
        assert after(opened, solved, fact).state == "solved"


def test_only_agents_write_notes() -> None:
    given(opened).when(reply, message=Message("customer", "Psst.", public=False)).then_rejected("only agents")
    whisper = Message("customer", "Psst.", public=False)
    given().when(carry_on, closed=TICKET, after=after(opened), number=9, message=whisper).then_rejected("only agents")


def test_d12_a_closed_ticket_takes_no_reply() -> None:
    for message in (answer, note, complaint):
        with pytest.raises(ClosedAlready):
            given(opened, solved, closed).when(reply, message=message)


def test_d12_a_reply_to_a_closed_ticket_opens_one_that_follows_it() -> None:
    was = after(opened, assigned, solved, closed)
    given().when(carry_on, closed=TICKET, after=was, number=9, message=complaint).then(followed, complained)
    follow_up = after(followed, complained)
    assert (follow_up.state, follow_up.assignee, follow_up.follows) == ("new", None, TICKET)
    given(opened, solved, closed).when(link, follow_up=NEXT, number=9).then(TicketLinked(ticket=NEXT, number=9))


def test_d12_an_agents_answer_does_so_too_but_no_note() -> None:
    was = after(opened, solved, closed)
    given().when(carry_on, closed=TICKET, after=was, number=9, message=answer).then(followed, answered)
    assert after(followed, answered).state == "open"
    given().when(carry_on, closed=TICKET, after=was, number=9, message=note).then_rejected("takes no more notes")


def test_d12_a_second_reply_finds_the_ticket_that_follows() -> None:
    was = after(opened, solved, closed)
    again = {"closed": TICKET, "after": was, "number": 10}
    given(followed, complained).when(carry_on, **again, message=answer).then(answered)
    given(followed, complained, solved).when(carry_on, **again, message=complaint).then(complained, came_back)
    with pytest.raises(ClosedAlready):
        given(followed, solved, closed).when(carry_on, **again, message=complaint)


def test_a_closed_ticket_is_linked_once_and_keeps_what_it_says() -> None:
    linked = TicketLinked(ticket=NEXT, number=9)
    given(opened, solved, closed, linked).when(link, follow_up=NEXT, number=10).then_nothing()
    ticket = after(opened, solved, closed, linked)
    assert (ticket.state, ticket.followed_by) == ("closed", NEXT)


def test_one_ticket_follows_a_closed_one() -> None:
    assert follow_up_of(TICKET) == NEXT
    assert len({TICKET, NEXT, follow_up_of(NEXT)}) == 3


def test_nobody_replies_to_a_ticket_that_does_not_exist() -> None:
    given().when(reply, message=answer).then_rejected("no such ticket", Unknown)
    given().when(link, follow_up=NEXT, number=9).then_rejected("no such ticket", Unknown)
