"""What a row does about the account of a person: makes it, meets it, and says what they are there (C12). No I/O.

An empty cell changes nothing, and nobody leaves or comes back by a file: it does not say when.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from crm.chassis.decider import Claim
from crm.contacts.affiliation import Affiliation, affiliation_stream, affiliations, become_primary, revise
from crm.contacts.importing.employers import Employers, marks
from crm.contacts.importing.workplaces import Workplace
from crm.events import Fact
from crm.events.accounts import AccountExternalIdLinked, AccountRegistered
from crm.events.particulars import ExternalId

NO_NAME = "The row does not name the organisation, so what it says of the work there is left out."
HAS_LEFT = "This person has left the account; an import does not bring them back."


class Change(NamedTuple):
    """Facts to be recorded on a stream, as it was at the version `seen`."""

    stream: UUID
    facts: tuple[Fact, ...]
    seen: int


@dataclass(frozen=True)
class Joining:
    """What a row leads to beside the person: `makes` the account or not, and how the person's affiliation changes."""

    account: UUID
    makes: bool
    affiliation: UUID | None
    """Where the person begins to belong to it, or what they are there changes; None: it stays as it was."""
    changes: tuple[Change, ...] = ()
    """Of the account, then of the affiliation."""
    claims: tuple[Claim, ...] = ()
    """What leads to the account from now on, for later rows of a dry run."""


@dataclass(frozen=True)
class Places:
    """Where the people of some rows belong already, and the day it is (UTC)."""

    today: date = date.min
    known: Mapping[UUID, tuple[Affiliation, int]] = field(default_factory=dict)
    """Affiliations and their versions, by stream."""
    primary: Mapping[UUID, UUID] = field(default_factory=dict)
    """The canonical primary account of a contact."""

    def find(self, contacts: Sequence[UUID], accounts: Sequence[UUID]) -> UUID:
        """The affiliation of a person with an account under any ids: the current one, a past one, else a new one."""
        streams = [affiliation_stream(contact, account) for contact in contacts for account in accounts]
        there = [each for each in streams if each in self.known and self.known[each][0].periods]
        return next((each for each in there if not self.is_over(self.known[each][0])), next(iter(there), streams[0]))

    def is_over(self, affiliation: Affiliation | None) -> bool:
        """Whether somebody belonged to an account once, and does not any more."""
        last = affiliation.latest.valid_to if affiliation and affiliation.periods else None
        return last is not None and last < self.today


def join(
    told: Workplace, person: Sequence[UUID], made: UUID, employers: Employers, places: Places
) -> tuple[Joining | None, str | None]:
    """What a row leads to, if anything, and what of it is left out. `made` is the id of an account that it makes.

    `person` are the ids of the person, the canonical one first.
    """
    own = [places.primary[each] for each in person if each in places.primary]
    account, ids = employers.find(told, own)
    registered = employers.register(told, made) if account in (None, made) else None
    if registered:
        account, ids = made, tuple(registered.external_ids)
    if account is None:
        return None, NO_NAME
    stream = places.find(person, employers.ids(account))
    affiliation, seen = places.known.get(stream, (None, 0))
    if places.is_over(affiliation):
        return None, HAS_LEFT
    there = Change(stream, _placed(told, affiliation, person[0], account, places.today, first=not own), seen)
    of_account = _change_of(account, ids, registered, employers)
    employers.note(account, ids, registered)
    changes = tuple(each for each in (of_account, there) if each.facts)
    joining = Joining(
        account, registered is not None, stream if there.facts else None, changes, claims=marks(account, ids)
    )
    return (joining if changes else None), None


def _change_of(
    account: UUID, ids: Sequence[ExternalId], registered: AccountRegistered | None, employers: Employers
) -> Change:
    if registered:
        return Change(account, (registered,), 0)
    linked = tuple(AccountExternalIdLinked(system=each.system, id=each.id) for each in ids)
    return Change(account, linked, employers.known[account].version if account in employers.known else 0)


def _placed(
    told: Workplace, affiliation: Affiliation | None, contact: UUID, account: UUID, today: date, *, first: bool
) -> tuple[Fact, ...]:
    """What the affiliation becomes; a new one is the primary one if the person has none."""
    known = affiliation if affiliation and affiliation.periods else None
    whose = {"contact": known.contact, "account": known.account} if known else {"contact": contact, "account": account}
    facts = revise(affiliation, **whose, role=told.title, department=told.department)
    if known or not first:
        return facts
    first_of_all = become_primary(affiliations.fold(facts, affiliation), today=today)
    return (*facts, first_of_all) if first_of_all else facts
