"""The inbox: rows from facts, in memory."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from crm.chassis.testing.views import DAY_ONE, recorded
from crm.events import Fact
from crm.events.service_desk import (
    TicketAssigned,
    TicketClosed,
    TicketFact,
    TicketLinked,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketReplied,
    TicketSolved,
)
from crm.service_desk.inbox import InboxRow, inbox
from crm.service_desk.ticket import tickets

TICKET, ADA, NEXT = UUID(int=7), UUID(int=1), UUID(int=8)
opened = TicketOpened(
    contact=ADA,
    provisional=True,
    number=7,
    queue="repairs",
    priority="low",
    kind="incident",
    subject="Bell",
    body="The bell does not ring.",
    name="Ada",
    email="ada@x.example",
)
assigned, given_back = TicketAssigned(assignee="kim"), TicketAssigned(assignee=None)
answered = TicketReplied(by="agent", public=True, body="Oil it.")
noted = TicketReplied(by="agent", public=False, body="She calls often.")
complained = TicketReplied(by="customer", public=True, body="Still silent.")
solved = TicketSolved(closes_at=datetime(2026, 6, 9, tzinfo=UTC))


def rows_after(*facts: Fact, actors: dict[int, str] | None = None) -> InboxRow:
    """The row after facts of one hour after another; `actors` by version, where it is not user:ada."""
    return inbox.fold(
        recorded(
            TICKET,
            fact,
            version,
            occurred_at=DAY_ONE + timedelta(hours=version),
            actor=(actors or {}).get(version, "user:ada"),
        )
        for version, fact in enumerate(facts, start=1)
    )[TICKET]


def hour(number: int) -> datetime:
    return DAY_ONE + timedelta(hours=number)


def test_a_new_ticket_is_in_the_inbox() -> None:
    row = rows_after(opened)
    assert (row.number, row.contact, row.state, row.queue) == (7, ADA, "new", "repairs")
    assert (row.subject, row.name, row.email) == ("Bell", "Ada", "ada@x.example")
    assert (row.opened_at, row.last_message_at, row.answered_at) == (hour(1), hour(1), None)


def test_a_row_says_what_the_ticket_itself_says() -> None:
    history: list[TicketFact] = [
        opened,
        noted,
        TicketPriorityChanged(was="low", priority="urgent"),
        assigned,
        given_back,
        answered,
        solved,
        complained,
        TicketReopened(reason="customer replied"),
        solved,
        TicketClosed(automatic=True),
        TicketLinked(ticket=NEXT, number=9),
    ]
    for length in range(1, len(history) + 1):
        row, ticket = rows_after(*history[:length]), tickets.fold(history[:length])
        assert ticket
        for name in ticket.__struct_fields__:
            assert getattr(row, name) == getattr(ticket, name), (length, name)
        assert row.version == length


def test_d5_the_first_public_answer_of_a_human_counts() -> None:
    assert rows_after(opened, noted).answered_at is None
    assert rows_after(opened, complained).answered_at is None
    assert rows_after(opened, answered, actors={2: "policy:greeting"}).answered_at is None
    assert rows_after(opened, answered, actors={2: "service:bot"}).answered_at is None
    assert rows_after(opened, answered, answered, actors={2: "service:bot"}).answered_at == hour(3)
    assert rows_after(opened, answered, answered).answered_at == hour(2)


def test_d5_reopening_does_not_start_the_first_answer_again() -> None:
    row = rows_after(opened, answered, solved, TicketReopened(reason="not solved"), answered)
    assert row.answered_at == hour(2)


def test_a_message_that_is_told_late_does_not_turn_the_clock_back() -> None:
    late = recorded(TICKET, complained, 3, occurred_at=hour(1))
    facts = [recorded(TICKET, opened, 1, occurred_at=hour(0)), recorded(TICKET, answered, 2, occurred_at=hour(5)), late]
    row = inbox.fold(facts)[TICKET]
    assert (row.last_message_at, row.version) == (hour(5), 3)
