"""Merging accounts and undoing it: commands, and which values count (C6, C8, C9). No I/O.

Nothing is moved or copied: what a merged organisation is follows from the states of all its accounts and the choices.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from crm.chassis.decider import Rejected
from crm.chassis.people.identity import external_identifier
from crm.contacts.account import Account, existing, present
from crm.events.accounts import AccountAbsorbed, AccountRestored, AccountsMerged, AccountsUnmerged

SINGLE = ("name", "kind", "status", "address", "owner")
"""Fields with one value, which can be chosen."""

MULTIPLE: dict[str, Callable[[Any], Hashable]] = {
    "domains": lambda each: each,
    "external_ids": lambda each: external_identifier(each) or each,
    "attributes": lambda each: each.attribute,
}
"""Fields with several values, and what makes two of them the same one."""


@dataclass(frozen=True)
class Organisation:
    """An account and all that it absorbed, each with the state of its own stream."""

    account_id: UUID
    own: Account
    version: int
    absorbed: tuple["Organisation", ...] = ()

    def members(self) -> Iterator["Organisation"]:
        """Every account of it, the canonical one first."""
        yield self
        for each in self.absorbed:
            yield from each.members()

    @property
    def ids(self) -> tuple[UUID, ...]:
        return tuple(each.account_id for each in self.members())

    @property
    def account(self) -> Account:
        """What is known of it under all its ids (C6): a choice, then its own value, then the first that is there."""
        if not self.absorbed:
            return self.own
        values: dict[str, Any] = {field: _value(self, field) for field in SINGLE}
        for field, sameness in MULTIPLE.items():
            found: dict[Hashable, Any] = {}
            for each in self.members():
                for value in getattr(each.own, field):
                    found.setdefault(sameness(value), value)
            values[field] = tuple(found.values())
        values["tags"] = frozenset().union(*(each.own.tags for each in self.members()))
        values["children"] = frozenset().union(*(each.own.children for each in self.members())) - {*self.ids}
        return replace(self.own, **values)


def _value(organisation: Organisation, field: str) -> Any:
    values = {each.account_id: getattr(each.own, field) for each in organisation.members()}
    chosen = organisation.own.merges.chosen(field, organisation.account_id, lambda id: bool(values.get(id)))
    if chosen is not None:
        return values[chosen]
    return next(filter(None, values.values()), None)


def standing(families: Sequence[Organisation]) -> dict[str, UUID]:
    """Whose status counts, if nobody chooses: that of a customer, then of a former one."""
    ranked = ("customer", "former", "prospect")
    members = [each for family in families for each in family.members()]
    best = min(members, key=lambda each: ranked.index(each.own.status))
    return {"status": best.account_id}


def merge_accounts(
    account: Account | None,
    *,
    merge_id: UUID,
    survivor: Organisation,
    absorbed: Sequence[Organisation],
    choices: Mapping[str, UUID],
) -> AccountsMerged:
    """Makes other accounts the same organisation as this one. `choices`: by field, the account whose value counts."""
    existing(account)
    everybody = {each.account_id: each for family in (survivor, *absorbed) for each in family.members()}
    for field, source in choices.items():
        if field not in SINGLE:
            raise Rejected(f"Choose one of {', '.join(SINGLE)}.", field="choices")
        if source not in everybody or not getattr(everybody[source].own, field):
            raise Rejected("This value belongs to nobody who takes part in the merge.", field="choices")
    return AccountsMerged(
        merge_id=merge_id,
        survivor=survivor.account_id,
        absorbed=[each.account_id for each in absorbed],
        stream_versions={str(id): each.version for id, each in everybody.items()},
        field_choices=dict(choices),
    )


def absorb_account(account: Account | None, *, merge_id: UUID, survivor: UUID, beside: UUID | None) -> AccountAbsorbed:
    """The other side of `merge_accounts`. It must stand in no tree, or `beside` the survivor: under the same parent."""
    if existing(account).parent not in (None, beside):
        raise Rejected("What is absorbed belongs to another account. Take it out of its tree first.", field="absorb")
    return AccountAbsorbed(merge_id=merge_id, survivor=survivor)


def unmerge_accounts(account: Account | None, *, merge_id: UUID, reason: str) -> AccountsUnmerged:
    """Undoes a merge this account survived, also if it was absorbed itself since (C9)."""
    found = present(account).merges.find(merge_id)
    if found is None:
        raise Rejected("There is no such merge of this account, or it was undone already.", field="merge_id")
    return AccountsUnmerged(merge_id=merge_id, restored=list(found.absorbed), reason=reason)


def restore_merged(account: Account | None, *, merge_id: UUID) -> AccountRestored | None:
    """The other side of `unmerge_accounts`."""
    account = present(account)
    if account.merge_id != merge_id or account.alias_of is None:
        return None
    return AccountRestored(merge_id=merge_id, survivor=account.alias_of)
