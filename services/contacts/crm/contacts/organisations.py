"""Accounts as the log has them, looked up under any of their ids (C8). Never stale."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog, Folded
from crm.contacts.account import Account, accounts
from crm.contacts.account_merger import Organisation


class Accounts:
    """Reads accounts now, or as of a past moment (UTC, C11)."""

    def __init__(self, log: EventLog, *, as_of: datetime | None = None, as_known_at: datetime | None = None) -> None:
        self._log, self._as_of, self._as_known_at = log, as_of, as_known_at

    def find(self, account_id: UUID) -> Organisation:
        """The organisation behind an id. Raises `Unknown` if there was no such account."""
        found = self.find_all([account_id]).get(account_id)
        if found is None:
            self._log.get(accounts, account_id, as_of=self._as_of, as_known_at=self._as_known_at)
            raise Unknown("There is no such account.")
        return found

    def find_all(self, ids: Iterable[UUID]) -> dict[UUID, Organisation]:
        """The organisations behind some ids, by the ids that were asked for; those that there were not are absent."""
        canonical = {each: each for each in ids}
        states = self._load(canonical)
        while absorbed := {id: at for id, at in canonical.items() if at in states and states[at].state.alias_of}:
            canonical |= {id: states[at].state.alias_of or at for id, at in absorbed.items()}
            states |= self._load(canonical.values())
        return {id: self._whole(at, states[at]) for id, at in canonical.items() if at in states}

    def _whole(self, account_id: UUID, folded: Folded[Account]) -> Organisation:
        names = folded.state.merges.absorbed
        below = self._load(names)
        parts = tuple(
            self._whole(each, below[each])
            for each in names
            if each in below and below[each].state.alias_of == account_id
        )
        return Organisation(account_id, folded.state, folded.version, parts)

    def _load(self, ids: Iterable[UUID]) -> dict[UUID, Folded[Account]]:
        return self._log.get_all(accounts, [*{*ids}], as_of=self._as_of, as_known_at=self._as_known_at)
