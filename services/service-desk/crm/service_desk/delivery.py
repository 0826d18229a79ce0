"""Delivering a reply into the ticket it belongs in: the one that was addressed, or the last of those that follow it."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from crm.chassis.log import Commands, EventLog, Step, Written
from crm.service_desk.reply import ClosedAlready, Message, carry_on, follow_up_of, link, reply
from crm.service_desk.ticket import Ticket, existing, tickets


def deliver(
    log: Commands,
    streams: EventLog,
    ticket: UUID,
    message: Message,
    *,
    expected: int | None,
    draw_number: Callable[[], int],
) -> Written:
    """Records a reply, and opens the ticket that follows where the addressed one is closed (D12).

    `expected` is the version of the addressed ticket that the caller has seen. The answer names the ticket the reply is
    in, also to a repeated request. Raises `Unknown` and what a command raises.
    """
    while True:
        last, state = _last(streams, ticket)
        number = draw_number() if state.state == "closed" else None
        steps = _steps(last, state, message, number, expected if last == ticket else None)
        if last != ticket:
            steps.append(Step(tickets, ticket, _look, expected))
        try:
            return log.execute_together(*steps)
        except ClosedAlready:
            continue  # a moment ago, and for good: the reply goes one ticket further


def _last(streams: EventLog, ticket: UUID) -> tuple[UUID, Ticket]:
    """The ticket itself, or the last of those that follow it."""
    state = streams.get(tickets, ticket).state
    while state.followed_by is not None:
        ticket = state.followed_by
        state = streams.get(tickets, ticket).state
    return ticket, state


def _steps(last: UUID, state: Ticket, message: Message, number: int | None, expected: int | None) -> list[Step]:
    """The step of the ticket that gets the reply comes first: it is the one that the answer names."""
    if number is None:
        return [Step(tickets, last, partial(reply, message=message), expected)]
    follow_up = follow_up_of(last)
    opened = partial(carry_on, closed=last, after=state, number=number, message=message)
    return [
        Step(tickets, follow_up, opened),
        Step(tickets, last, partial(link, follow_up=follow_up, number=number), expected),
    ]


def _look(ticket: Ticket | None) -> None:
    """Decides nothing: the addressed ticket is only asked for its version."""
    existing(ticket)
