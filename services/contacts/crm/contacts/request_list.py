"""The requests of people about their data, as those who answer them need them: what is due first. Nothing personal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.projection import Db, Page, PageRequest, View
from crm.contacts.owning import owned
from crm.contacts.subject_request import RequestState
from crm.events import Recorded
from crm.events.requests import (
    RequestKind,
    SubjectIdentityVerified,
    SubjectRefusalExplained,
    SubjectRequestCompleted,
    SubjectRequestExtended,
    SubjectRequestOverdue,
    SubjectRequestReceived,
    SubjectRequestRefused,
    SubjectRequestReminded,
    SubjectRequestStarted,
)


@dataclass(frozen=True)
class RequestRow:
    """A request in a list. Times are UTC."""

    id: UUID
    contact_id: UUID
    kind: str
    state: str
    received_at: datetime
    due_at: datetime
    extended: bool
    overdue: bool
    closed_at: datetime | None
    version: int


request_list = View("request_list", RequestRow, key="id", indexes=("due_at, id", "contact_id"))

STATES: dict[type[Any], RequestState] = {
    SubjectIdentityVerified: "identity-verified",
    SubjectRequestStarted: "in-progress",
    SubjectRequestCompleted: "completed",
    SubjectRequestRefused: "refused",
}


@request_list.on(SubjectRequestReceived)
def take_in(_: RequestRow | None, e: Recorded[SubjectRequestReceived]) -> RequestRow:
    f = e.fact
    return RequestRow(e.stream, f.contact, f.kind, "received", e.occurred_at, f.due_at, False, False, None, e.version)


@request_list.on(SubjectIdentityVerified, SubjectRequestStarted)
def advance(row: RequestRow, e: Recorded[SubjectIdentityVerified | SubjectRequestStarted]) -> RequestRow:
    return replace(row, state=STATES[type(e.fact)], version=e.version)


@request_list.on(SubjectRequestExtended)
def put_off(row: RequestRow, e: Recorded[SubjectRequestExtended]) -> RequestRow:
    return replace(row, due_at=e.fact.due_at, extended=True, version=e.version)


@request_list.on(SubjectRequestReminded, SubjectRefusalExplained)
def note(row: RequestRow, e: Recorded[SubjectRequestReminded | SubjectRefusalExplained]) -> RequestRow:
    return replace(row, version=e.version)


@request_list.on(SubjectRequestOverdue)
def mark_overdue(row: RequestRow, e: Recorded[SubjectRequestOverdue]) -> RequestRow:
    return replace(row, overdue=True, version=e.version)


@request_list.on(SubjectRequestCompleted, SubjectRequestRefused)
def close(row: RequestRow, e: Recorded[SubjectRequestCompleted | SubjectRequestRefused]) -> RequestRow:
    return replace(row, state=STATES[type(e.fact)], closed_at=e.occurred_at, version=e.version)


@dataclass(frozen=True)
class Filter:
    """Which requests: those for which all that is given holds. `contacts` are the ids of one person."""

    state: RequestState | None = None
    kind: RequestKind | None = None
    due_before: datetime | None = None
    contacts: Sequence[UUID] | None = None
    within: Territory = EVERYWHERE

    @property
    def where(self) -> tuple[str, list[Any]]:
        """SQL over the columns, and its parameters."""
        asked = {
            "state = %s": self.state,
            "kind = %s": self.kind,
            "due_at < %s": self.due_before,
            "contact_id = ANY(%s)": list(self.contacts) if self.contacts is not None else None,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        mine, owners = owned("contact_id", self.within)
        return " AND ".join([*given, mine]), [*given.values(), *owners]


def find(db: Db, only: Filter, page: PageRequest) -> Page[RequestRow]:
    """Requests, what is due first."""
    where, params = only.where
    return request_list.page(db, where, params, order_by="due_at", page=page)
