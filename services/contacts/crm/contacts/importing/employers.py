"""Which account the organisation of a row is. No I/O.

Sure is what was claimed: an id, or a name that an import has met before, leads to the account that holds it, whoever
races for it (C4); what was absorbed stands for its survivor (C8). Nobody joins an account that has another id in a
system in which the row tells one.

Best effort is what nobody claimed. An account that people registered is met by its name if the list of accounts shows
it as the only one, and the log says that it is called so and is in use; from then on it claims the name. The list may
lag behind: then an account is made a second time, which can be merged, or the older one of two is met.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from crm.chassis.decider import Claim
from crm.contacts.account import accounts, claim_of
from crm.contacts.account_merger import Organisation
from crm.contacts.account_name import name_key
from crm.contacts.account_record import register_account
from crm.contacts.importing.workplaces import Workplace
from crm.events.accounts import AccountRegistered
from crm.events.particulars import ExternalId


def marks(account: UUID, ids: Iterable[ExternalId]) -> tuple[Claim, ...]:
    """What some ids of an account say to later rows: whom they mean, and that it has one in their systems."""
    return tuple(claim for each in ids for claim in (_claim(each), _has_one(account, each)))


@dataclass
class Employers:
    """The accounts that some rows may mean, as earlier rows leave them."""

    held: dict[Claim, UUID] = field(default_factory=dict)
    """Which account an id or a name means, and the `marks` that earlier rows left."""
    known: dict[UUID, Organisation] = field(default_factory=dict)
    """Accounts in the log, by canonical id."""
    called: Mapping[str, UUID] = field(default_factory=dict)
    """By match key of a name that nobody claims: the only account that is called so."""

    def ids(self, account: UUID) -> tuple[UUID, ...]:
        """An account and all that it absorbed."""
        return self.known[account].ids if account in self.known else (account,)

    def find(self, told: Workplace, own: Iterable[UUID]) -> tuple[UUID | None, tuple[ExternalId, ...]]:
        """The account that is meant, if it is known, and the ids by which it is to be met as well from now on.

        `own` are the primary accounts of the person: if one is called so, it is meant.
        """
        for each in map(_claim, told.ids):
            if each in self.held:
                return self.held[each], ()
        for account, ids in self._called(told, own):
            if not any(self._has_id_beside(account, each) for each in told.ids):
                return account, ids
        return None, ()

    def register(self, told: Workplace, made: UUID) -> AccountRegistered | None:
        """How an account becomes known under the id `made`; None if the row does not name one."""
        own = (told.own_id,) if told.own_id and self.held.get(_claim(told.own_id), made) == made else ()
        if not told.name or not (told.ids or told.own_id):
            return None
        return register_account(None, name=told.name, external_ids=[*told.ids, *own])

    def note(self, account: UUID, ids: Sequence[ExternalId], registered: AccountRegistered | None) -> None:
        """A row has made an account, or given one more ids."""
        self.held |= dict.fromkeys(marks(account, ids), account)
        if registered and account not in self.known:
            self.known[account] = Organisation(account, accounts.evolve(None, registered), 1)
        elif not registered and account in self.known:
            found = self.known[account]
            self.known[account] = replace(found, version=found.version + len(ids))

    def _called(self, told: Workplace, own: Iterable[UUID]) -> Iterator[tuple[UUID, tuple[ExternalId, ...]]]:
        key = name_key(told.name or "")
        for each in own:
            if key and each in self.known and name_key(self.known[each].account.name) == key:
                yield each, told.ids
        if told.own_id is None:
            return
        if (claim := _claim(told.own_id)) in self.held:
            yield self.held[claim], told.ids
        elif key in self.called:
            yield self.called[key], (*told.ids, told.own_id)

    def _has_id_beside(self, account: UUID, external_id: ExternalId) -> bool:
        found, mark = self.known.get(account), _has_one(account, external_id)
        ids = found.account.external_ids if found else ()
        return mark in self.held or any(_has_one(account, each) == mark for each in ids)


def _claim(external_id: ExternalId) -> Claim:
    """The claim of an id that names something."""
    claim = claim_of(external_id)
    assert claim
    return claim


def _has_one(account: UUID, external_id: ExternalId) -> Claim:
    return ("account_system", f"{account}:{external_id.system.strip().lower()}")
