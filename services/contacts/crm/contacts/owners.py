"""Whose the records are that an id leads to, as the log has them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from uuid import UUID

from crm.chassis.auth import Territory
from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.contacts.lookup import find_erased
from crm.contacts.merge_case import merge_cases
from crm.contacts.organisations import Accounts
from crm.contacts.subject_request import subject_requests


def _of_contact(log: EventLog, contact: UUID) -> Iterator[str | None]:
    yield find_erased(log, contact).contact.owner


def _of_account(log: EventLog, account: UUID) -> Iterator[str | None]:
    yield Accounts(log).find(account).account.owner


def _of_pair(log: EventLog, case: UUID) -> Iterator[str | None]:
    pair = log.get(merge_cases, case).state
    for each in (pair.first, pair.second):
        yield from owners_of(log, each)


def _of_request(log: EventLog, request: UUID) -> Iterator[str | None]:
    yield from _of_contact(log, log.get(subject_requests, request).state.contact)


_OWNERS: tuple[Callable[[EventLog, UUID], Iterator[str | None]], ...] = (
    _of_contact,
    _of_account,
    _of_pair,
    _of_request,
)


def owners_of(log: EventLog, named: UUID) -> list[str | None]:
    """The owners of what an id names: a contact or an account, a pair of them, or what is asked about one."""
    for owners in _OWNERS:
        with suppress(Unknown):
            return list(owners(log, named))
    return []


def check_all(log: EventLog, territory: Territory, named: Iterable[UUID]) -> None:
    """Raises `Forbidden` if one of these ids leads to a record outside of a territory."""
    if territory.owners is None:
        return
    for each, facts in log.store.load({*named}).items():
        for owner in owners_of(log, each) if facts else ():
            territory.check(owner)


def others_of(log: EventLog, territory: Territory, accounts: Sequence[UUID]) -> set[UUID]:
    """Those of some accounts that lie outside of a territory."""
    if territory.owners is None:
        return set()
    found = Accounts(log).find_all(accounts)
    return {each for each in accounts if each in found and not territory.holds(found[each].account.owner)}
