"""Looking up the accounts that rows may mean, and where their people belong: all of a batch at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.database import Database
from crm.chassis.decider import Claim
from crm.chassis.log import EventLog, Step
from crm.contacts.account import accounts
from crm.contacts.account_merger import Organisation
from crm.contacts.account_name import name_key
from crm.contacts.account_search import only_ones_called
from crm.contacts.affiliation import PRIMARY, affiliation_stream, affiliations
from crm.contacts.importing.batches import Earlier, unless_known
from crm.contacts.importing.deciding import Met
from crm.contacts.importing.employers import Employers, marks
from crm.contacts.importing.joining import Joining, Places
from crm.contacts.importing.workplaces import Workplace
from crm.contacts.organisations import Accounts
from crm.events import Fact


@dataclass(frozen=True)
class Told:
    """What a row says of where somebody works, and whom it may be about."""

    workplace: Workplace
    people: Sequence[Met]


class Employing:
    """What the log, and where nobody claims a name the list of accounts, know of the workplaces of some rows."""

    def __init__(self, log: EventLog, database: Database, earlier: Earlier) -> None:
        self._log, self._database, self._earlier = log, database, earlier

    def around(self, rows: Sequence[Told], held: Mapping[Claim, UUID]) -> tuple[Employers, Places]:
        """The accounts that rows may mean, and where their people belong; `held` tells who holds what rows name."""
        if not rows:
            return Employers(), Places()
        employers = self._employers([each.workplace for each in rows], held)
        places = self._places(rows, employers)
        asked = {
            mark
            for row in rows
            for account in (*_meant(row.workplace, employers), *_own(row.people, places))
            for mark in marks(account, row.workplace.ids)
        }
        employers.held |= self._earlier.held(asked - employers.held.keys())
        return employers, places

    def _employers(self, told: Collection[Workplace], held: Mapping[Claim, UUID]) -> Employers:
        held = {claim: held[claim] for each in told for claim in each.claims if claim in held}
        unclaimed = {each.own_id.id for each in told if each.own_id and not set(each.claims) & held.keys()}
        called = only_ones_called(self._database, unclaimed) if unclaimed else {}
        found = Accounts(self._log).find_all({*held.values(), *called.values()})
        return Employers(
            {claim: found[each].account_id if each in found else each for claim, each in held.items()},
            {each.account_id: each for each in found.values()},
            {key: each for key, each in called.items() if each in found and _is_in_use(found[each], each, key)},
        )

    def _places(self, rows: Sequence[Told], employers: Employers) -> Places:
        """Also tells the employers of the primary accounts of people."""
        pairs = {
            affiliation_stream(contact, account)
            for row in rows
            for person in row.people
            for contact in person.ids
            for meant in _meant(row.workplace, employers)
            for account in employers.ids(meant)
        }
        contacts = {contact for row in rows for person in row.people for contact in person.ids}
        first = self._log.holders((PRIMARY, str(each)) for each in contacts) if contacts else {}
        known = self._log.get_all(affiliations, {*pairs, *first.values()})
        held = {UUID(key): known[stream].state.account for (_, key), stream in first.items() if stream in known}
        found = Accounts(self._log).find_all(held.values()) if held else {}
        employers.known |= {each.account_id: each for each in found.values() if each.account_id not in employers.known}
        return Places(
            datetime.now(UTC).date(),
            {stream: (folded.state, folded.version) for stream, folded in known.items()},
            {contact: found[each].account_id for contact, each in held.items() if each in found},
        )


def steps_of(joining: Joining | None, *, of_new: bool) -> Iterable[Step]:
    """What a row records of the account and of the affiliation; `of_new`: of a contact whom the row makes too."""
    for each in joining.changes if joining else ():
        of_account = joining is not None and each.stream == joining.account
        aggregate: Any = accounts if of_account else affiliations
        if joining is not None and (joining.makes if of_account else of_new):
            yield Step(aggregate, each.stream, partial(unless_known, facts=each.facts))
        else:
            yield Step(aggregate, each.stream, partial(_as_planned, facts=each.facts), seen=each.seen)


def _is_in_use(found: Organisation, asked: UUID, key: str) -> bool:
    return found.account_id == asked and not found.own.archived and name_key(found.account.name) == key


def _meant(told: Workplace, employers: Employers) -> set[UUID]:
    """The accounts that an id or a name may mean."""
    meant = {employers.held[each] for each in told.claims if each in employers.held}
    if told.own_id and told.own_id.id in employers.called:
        meant.add(employers.called[told.own_id.id])
    return meant


def _own(people: Iterable[Met], places: Places) -> set[UUID]:
    return {places.primary[contact] for each in people for contact in each.ids if contact in places.primary}


def _as_planned(_: Any, *, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return facts
