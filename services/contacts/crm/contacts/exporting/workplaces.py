"""Where the people of an export work: in their primary account, if they belong to it today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from crm.chassis.auth import Territory
from crm.chassis.log import EventLog
from crm.chassis.projection import Db
from crm.contacts.belonging import period_on, primary_of
from crm.contacts.organisations import Accounts
from crm.contacts.owners import others_of


@dataclass(frozen=True)
class Workplace:
    """The organisation somebody works for, and what they are there."""

    organisation: str | None = None
    job_title: str | None = None
    department: str | None = None


NOWHERE = Workplace()


@dataclass(frozen=True)
class Workplaces:
    """Looks up where people work, many at once. Accounts outside of a territory are not named."""

    log: EventLog
    db: Db
    territory: Territory
    today: date

    def of(self, people: Mapping[UUID, Sequence[UUID]]) -> dict[UUID, Workplace]:
        """Where some people work, each given with all of their ids, the canonical one first."""
        rows = {e.contact_id: e for e in primary_of(self.db, [id for ids in people.values() for id in ids], self.today)}
        known = Accounts(self.log).find_all(each.account_id for each in rows.values())
        others = others_of(self.log, self.territory, list(known))
        found = {
            contact: Workplace(known[row.account_id].account.name, period.role, period.department)
            for contact, row in rows.items()
            if row.account_id in known and row.account_id not in others
            for period in (period_on(row, self.today),)
        }
        return {person: next((found[each] for each in ids if each in found), NOWHERE) for person, ids in people.items()}
