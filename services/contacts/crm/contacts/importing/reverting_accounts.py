"""Taking back what rows of people did to accounts, after the people themselves.

An account that a row made goes to the archive, and nothing leads to it any more, unless somebody belongs to it or
somebody changed it. Who belongs is asked of the log, by the list of affiliations as it was when the revert began; who
joins in the very moment is missed, and stays with an account that is in the archive. Ids that rows gave to accounts of
others are taken away again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import Commands, Conflict, Step
from crm.chassis.paging import PageRequest
from crm.chassis.runtime import Runtime
from crm.contacts.account import accounts
from crm.contacts.affiliation import affiliations
from crm.contacts.belonging import page_of
from crm.contacts.import_row import import_rows, note_account, row_stream
from crm.contacts.importing.job import Job, hold
from crm.contacts.importing.taking_back import take_account_back, without
from crm.events import Fact, Recorded
from crm.events.accounts import AccountExternalIdLinked
from crm.events.import_rows import ImportRowAccountKept, ImportRowAccountReverted
from crm.events.particulars import ExternalId

CHUNK = 200
CHANGED = "The account has changed since."
_MET = """
    SELECT account_id, coalesce(min(line) FILTER (WHERE account_made), min(line)), bool_or(account_made)
    FROM import_lines WHERE import_id = %s AND phase = 'run' AND account_id > %s
    GROUP BY account_id ORDER BY account_id LIMIT %s
"""


@dataclass(frozen=True)
class Accounts:
    """The accounts that the rows of an import have made or met."""

    runtime: Runtime
    job: Job
    do: Commands

    def revert(self, stopped: Callable[[], bool]) -> bool:
        """Takes back what can be. False if stopped; done again, it comes to the same."""
        after = UUID(int=0)
        while met := self._met(after):
            for account, line, made in met:
                if stopped():
                    return False
                if made:
                    self._take_back(account, line)
                else:
                    self._unlink(account)
            after = met[-1][0]
        return True

    def _met(self, after: UUID) -> list[tuple[UUID, int, bool]]:
        hold(self.runtime.database, self.job)
        with self.runtime.database.connection() as connection:
            return connection.execute(_MET, (self.job.import_id, after, CHUNK)).fetchall()

    def _take_back(self, account: UUID, line: int) -> None:
        told = self.runtime.log.stream(account)
        reason = CHANGED if any(not self._is_own(each) for each in told) else None
        if reason is None and self._has_people(account):
            reason = "Somebody belongs to the account."
        try:
            taken = [Step(accounts, account, take_account_back, expected=len(told))] if reason is None else []
            self.do.execute_together(*taken, self._noted(account, line, reason))
        except (Rejected, Conflict):
            self.do.execute_together(self._noted(account, line, CHANGED))

    def _unlink(self, account: UUID) -> None:
        own = [each.fact for each in self.runtime.log.stream(account) if self._is_own(each)]
        ids = [ExternalId(each.system, each.id) for each in own if isinstance(each, AccountExternalIdLinked)]
        if ids:
            try:
                self.do.execute(accounts, account, partial(without, ids=ids))
            except Rejected:
                return  # it was absorbed; its ids mean who absorbed it

    def _has_people(self, account: UUID) -> bool:
        page = PageRequest(CHUNK)
        while True:
            found = page_of(self.runtime.database, page, accounts=[account])
            places = self.runtime.log.get_all(affiliations, [each.affiliation_id for each in found.items])
            if any(each.state.periods for each in places.values()):
                return True
            if found.next is None:
                return False
            page = PageRequest(CHUNK, found.next)

    def _is_own(self, e: Recorded[Fact]) -> bool:
        return e.actor == self.do.context.actor

    def _noted(self, account: UUID, line: int, reason: str | None) -> Step:
        told: dict[str, Any] = {"import_id": self.job.import_id, "line": line, "account": account}
        kept = ImportRowAccountKept(**told, reason=reason) if reason else None
        outcome = kept or ImportRowAccountReverted(**told)
        return Step(import_rows, row_stream(self.job.import_id, line), partial(note_account, outcome=outcome))
