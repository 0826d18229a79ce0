"""Who belongs to an account, and to which accounts somebody belongs."""

from datetime import UTC, date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from crm.chassis.decider import Unknown
from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.log import EventLog
from crm.contacts.account_merger import Organisation
from crm.contacts.api.asked import AsOf
from crm.contacts.api.bodies import ERASED, CanReadContacts
from crm.contacts.api.within import Mine
from crm.contacts.belonging import belonging, page_of, period_on
from crm.contacts.directory import directory
from crm.contacts.grouping import tree_of
from crm.contacts.lookup import find
from crm.contacts.naming import entries_of
from crm.contacts.organisations import Accounts
from crm.contacts.owners import others_of
from crm.contacts.owning import owned
from crm.contacts.views import aliases

router = Router(tags=["affiliations"])


class PersonOfAccount(BaseModel):
    """Who belongs to an account. `contact_id` is the canonical id; `valid_to` is the last day."""

    contact_id: UUID
    name: str
    account_id: UUID
    role: str | None
    department: str | None
    primary: bool
    valid_from: date | None
    valid_to: date | None


class AccountOfPerson(BaseModel):
    """Where somebody belongs or belonged. `valid_to` is the last day."""

    account_id: UUID
    account: str
    role: str | None
    department: str | None
    primary: bool
    valid_from: date | None
    valid_to: date | None


@router.get("/accounts/{account_id}/people", dependencies=[reads(belonging, directory, aliases)])
def get_people(
    account_id: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    as_of: AsOf = None,
    below: Annotated[bool, Query(description="Also the people of everything that belongs to it.")] = False,
) -> Page[PersonOfAccount]:
    """Who belongs to an account, today or on the day of a past moment. Erased people are not named."""
    whole = [Accounts(streams).find(account_id), *(_below(streams, account_id, as_of) if below else ())]
    canonical = {id: each.account_id for each in whole for id in each.ids}
    on = (as_of or datetime.now(UTC)).date()
    found = page_of(db, page, accounts=canonical, on=on, only=owned("contact_id", mine))
    entries = entries_of(db, [each.contact_id for each in found.items])
    known = [(row, entries[row.contact_id], period_on(row, on)) for row in found.items if row.contact_id in entries]
    people = tuple(
        PersonOfAccount(
            contact_id=entry.contact_id,
            name=entry.name,
            account_id=canonical[row.account_id],
            role=period.role,
            department=period.department,
            primary=row.primary,
            valid_from=period.valid_from,
            valid_to=period.valid_to,
        )
        for row, entry, period in known
    )
    return Page(people, found.next)


def _below(log: EventLog, account_id: UUID, as_of: datetime | None) -> list[Organisation]:
    """Everything below an account. What was not known yet had nothing below it."""
    try:
        return [each.organisation for each in tree_of(log, account_id, as_of=as_of).nodes]
    except Unknown:
        return []


@router.get("/contacts/{contact_id}/accounts", dependencies=[reads(belonging, aliases)], responses=ERASED)
def get_accounts_of(
    contact_id: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    as_of: AsOf = None,
) -> Page[AccountOfPerson]:
    """Where somebody belongs, under all of their ids: on the day of a moment, or everywhere they ever did."""
    contacts = aliases.ids_of(db, find(streams, contact_id).contact_id)
    on = as_of.date() if as_of else None
    found = page_of(db, page, contacts=contacts, on=on)
    known = Accounts(streams).find_all(each.account_id for each in found.items)
    others = others_of(streams, mine, [each.account_id for each in known.values()])
    shown = tuple(
        AccountOfPerson(
            account_id=known[row.account_id].account_id,
            account=known[row.account_id].account.name,
            role=period.role,
            department=period.department,
            primary=row.primary,
            valid_from=period.valid_from,
            valid_to=period.valid_to,
        )
        for row, period in ((each, period_on(each, on)) for each in found.items)
        if known[row.account_id].account_id not in others
    )
    return Page(shown, found.next)
