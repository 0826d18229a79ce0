"""Who belongs to which account: one row per affiliation of a contact with an account, kept under their original ids."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from crm.chassis.projection import Db, Page, PageRequest, Subject, View
from crm.contacts.affiliation import Change, Period, after
from crm.events import Personal, Recorded
from crm.events.affiliations import (
    AffiliationBecamePrimary,
    AffiliationBecameSecondary,
    AffiliationDepartmentChanged,
    AffiliationEnded,
    AffiliationPeriodCorrected,
    AffiliationResumed,
    AffiliationRoleChanged,
    AffiliationStarted,
    AffiliationWithdrawn,
)


@dataclass(frozen=True)
class Belonging:
    """A contact and an account. `periods` are all there were, the last one last; each with the role of that time."""

    affiliation_id: UUID
    contact_id: Subject
    account_id: UUID
    primary: bool
    periods: Personal[tuple[Period, ...]]


belonging = View(
    "belonging",
    Belonging,
    key="affiliation_id",
    version=2,
    indexes=("account_id, contact_id, affiliation_id", "contact_id, account_id, affiliation_id"),
)


@belonging.on(
    AffiliationStarted,
    AffiliationResumed,
    AffiliationRoleChanged,
    AffiliationDepartmentChanged,
    AffiliationPeriodCorrected,
    AffiliationEnded,
)
def keep_period(row: Belonging | None, e: Recorded[Change | AffiliationEnded]) -> Belonging:
    known = row or Belonging(e.stream, e.fact.contact, e.fact.account, primary=False, periods=())
    return replace(known, periods=after(known.periods, e.fact))


@belonging.on(AffiliationBecamePrimary, AffiliationBecameSecondary)
def rank(row: Belonging, e: Recorded[AffiliationBecamePrimary | AffiliationBecameSecondary]) -> Belonging:
    return replace(row, primary=isinstance(e.fact, AffiliationBecamePrimary))


@belonging.on(AffiliationWithdrawn)
def strike_out(_: Belonging | None, e: Recorded[AffiliationWithdrawn]) -> None:
    """It was never so."""


_ON = (
    "EXISTS (SELECT FROM jsonb_array_elements(periods) AS period"
    " WHERE coalesce(period->>'valid_from', '0001') <= %s AND coalesce(period->>'valid_to', '9999') >= %s)"
)
"""True where somebody belongs on a day, given twice as text: days of ISO 8601 are ordered as text is."""


def people_of(db: Db, accounts: Iterable[UUID], *, on: date | None = None) -> list[Belonging]:
    """Who belongs to some accounts on a day; without one: everybody who ever did."""
    where, values = _among("account_id", accounts, on)
    return belonging.select(db, where, values, order_by=("account_id", "contact_id"))


def primary_of(db: Db, contacts: Iterable[UUID], on: date) -> list[Belonging]:
    """The primary affiliations of some contacts, of those who belong there on a day."""
    where, values = _among("contact_id", contacts, on)
    return belonging.select(db, f'{where} AND "primary"', values)


def page_of(
    db: Db,
    page: PageRequest,
    *,
    accounts: Iterable[UUID] = (),
    contacts: Iterable[UUID] = (),
    on: date | None = None,
    only: tuple[str, list[Any]] = ("true", []),
) -> Page[Belonging]:
    """Who belongs to some accounts, or where some contacts do, page by page; on a day, or ever.

    `only` is a further condition over the columns of this view, and its parameters.
    """
    column, ids = ("contact_id", list(contacts)) if contacts else ("account_id", list(accounts))
    where, values = _among(column, ids, on)
    where, values = f"{where} AND {only[0]}", [*values, *only[1]]
    return belonging.page(db, where, values, order_by=("account_id", "contact_id"), page=page)


def period_on(row: Belonging, on: date | None) -> Period:
    """The period of an affiliation that a day lies in; without a day, or if none does, the last one."""
    if on is not None:
        for each in reversed(row.periods):
            if (each.valid_from or date.min) <= on <= (each.valid_to or date.max):
                return each
    return row.periods[-1] if row.periods else Period()


def within(accounts: Iterable[UUID], on: date) -> tuple[str, list[Any]]:
    """True, over this view's columns, where somebody belongs to one of some accounts on a day; and its parameters."""
    return _among("account_id", accounts, on)


def _among(column: str, ids: Iterable[UUID], on: date | None) -> tuple[str, list[Any]]:
    if on is None:
        return f"{column} = ANY(%s)", [list(ids)]
    return f"{column} = ANY(%s) AND {_ON}", [list(ids), on.isoformat(), on.isoformat()]
