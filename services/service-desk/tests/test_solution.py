"""Rules of the end of a ticket."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events.service_desk import TicketClosed, TicketFact, TicketOpened, TicketReopened, TicketReplied, TicketSolved
from crm.service_desk.solution import close, close_when_due, reopen, solve
from crm.service_desk.ticket import AUTO_CLOSE, tickets

given = scenarios(tickets)

DUE = datetime(2026, 6, 9, tzinfo=UTC)
opened = TicketOpened(
    contact=UUID(int=1), provisional=False, number=7, queue="support", priority="low", kind="question", subject="Bell"
)
answered = TicketReplied(by="agent", public=True, body="Oil it.")
solved = TicketSolved(closes_at=DUE)
reopened = TicketReopened(reason="not solved")
closed, timed_out = TicketClosed(automatic=False), TicketClosed(automatic=True)


def test_a_ticket_is_solved_once() -> None:
    given(opened).when(solve, closes_at=DUE).then(solved)
    given(opened, answered).when(solve, closes_at=DUE).then(solved)
    given(opened, solved).when(solve, closes_at=DUE + timedelta(days=1)).then_nothing()


def test_d12_a_solved_ticket_waits_to_close() -> None:
    assert tickets.timers
    histories: list[tuple[list[TicketFact], dict[str, datetime]]] = [
        ([opened], {}),
        ([opened, solved], {AUTO_CLOSE: DUE}),
        ([opened, solved, reopened], {}),
        ([opened, solved, closed], {}),
    ]
    for history, timers in histories:
        ticket = tickets.fold(history)
        assert ticket
        assert tickets.timers(ticket) == timers


def test_d12_a_solved_ticket_closes_when_nobody_came_back() -> None:
    given(opened, solved).when(close_when_due, due_at=DUE).then(timed_out)


def test_d12_a_ticket_that_was_reopened_does_not_close_by_time() -> None:
    given(opened, solved, reopened).when(close_when_due, due_at=DUE).then_nothing()
    given(opened, solved, closed).when(close_when_due, due_at=DUE).then_nothing()
    given().when(close_when_due, due_at=DUE).then_nothing()


def test_d12_a_ticket_solved_again_waits_from_then_on() -> None:
    later = DUE + timedelta(days=3)
    again = given(opened, solved, reopened, TicketSolved(closes_at=later))
    again.when(close_when_due, due_at=DUE).then_nothing()
    again.when(close_when_due, due_at=later).then(timed_out)


def test_a_solved_ticket_is_reopened_with_a_reason() -> None:
    given(opened, solved).when(reopen, reason="not solved").then(reopened)
    given(opened, answered).when(reopen, reason="not solved").then_nothing()
    given(opened, solved, reopened).when(reopen, reason="other").then_nothing()


def test_a_solved_ticket_is_closed_by_hand_once() -> None:
    given(opened, solved).when(close).then(closed)
    given(opened, solved, closed).when(close).then_nothing()


def test_a_ticket_is_solved_before_it_is_closed() -> None:
    for history in ((opened,), (opened, answered), (opened, solved, reopened)):
        given(*history).when(close).then_rejected("solve this ticket")


def test_d12_a_closed_ticket_is_neither_solved_nor_reopened() -> None:
    given(opened, solved, closed).when(solve, closes_at=DUE).then_rejected("stays as it is")
    given(opened, solved, timed_out).when(reopen, reason="came back").then_rejected("a reply to it opens")


def test_nothing_ends_that_does_not_exist() -> None:
    given().when(solve, closes_at=DUE).then_rejected("no such ticket", Unknown)
    given().when(reopen, reason="other").then_rejected("no such ticket", Unknown)
    given().when(close).then_rejected("no such ticket", Unknown)
