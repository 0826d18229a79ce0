"""An account: an organisation we deal with. `evolve` remembers, nothing here does I/O.

Commands are in `account_record` (what it is and who takes care of it), `account_tree` (what belongs to what) and
`account_merger` (several are one).
"""

from typing import Any, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Claim, Rejected, Unknown
from crm.chassis.people.identity import external_identifier
from crm.chassis.people.merges import Merges
from crm.contacts.attribute_record import Held, after
from crm.events.accounts import (
    AccountAbsorbed,
    AccountArchived,
    AccountAssigned,
    AccountBecameCustomer,
    AccountBecameFormer,
    AccountDetached,
    AccountDomainAdded,
    AccountDomainRemoved,
    AccountExternalIdLinked,
    AccountExternalIdUnlinked,
    AccountFact,
    AccountGainedChild,
    AccountGroupRearranged,
    AccountKind,
    AccountLostChild,
    AccountMoved,
    AccountPlacedUnder,
    AccountReactivated,
    AccountReclassified,
    AccountRegistered,
    AccountRenamed,
    AccountRestored,
    AccountsMerged,
    AccountStatus,
    AccountsUnmerged,
    AccountTagged,
    AccountTreeFact,
    AccountUntagged,
)
from crm.events.attributes import AttributeCleared, AttributeSet
from crm.events.particulars import ExternalId, PostalAddress


class Account(Struct, frozen=True):
    """An organisation and its place in the tree of accounts."""

    name: str
    kind: AccountKind = "customer"
    status: AccountStatus = "prospect"
    domains: tuple[str, ...] = ()
    address: PostalAddress | None = None
    external_ids: tuple[ExternalId, ...] = ()
    owner: str | None = None
    tags: frozenset[str] = frozenset()
    archived: bool = False
    parent: UUID | None = None
    children: frozenset[UUID] = frozenset()
    attributes: tuple[Held, ...] = ()
    alias_of: UUID | None = None
    """The account that absorbed this one; its values stay its own."""
    merge_id: UUID | None = None
    merges: Merges = Merges()
    """The merges it survived."""


def existing(account: Account | None) -> Account:
    """The account, if something may be recorded about it. Raises `Unknown`, or `Rejected` for an absorbed one (C8)."""
    account = present(account)
    if account.alias_of is not None:
        raise merged_into(account.alias_of)
    return account


def merged_into(survivor: UUID) -> Rejected:
    """What commands on an absorbed account are refused with (C8)."""
    return Rejected(f"This account was merged into account {survivor}. Use that one.")


def present(account: Account | None) -> Account:
    """The account, absorbed or not. Raises `Unknown`."""
    if account is None:
        raise Unknown("There is no such account.")
    return account


def evolve(account: Account | None, fact: AccountFact) -> Account:  # noqa: C901, PLR0911 (one case per fact)
    if isinstance(fact, AccountRegistered):
        f = fact
        return Account(f.name, f.kind, f.status, tuple(f.domains), f.address, tuple(f.external_ids))
    account = present(account)
    match fact:
        case AccountRenamed(name=name):
            return _own(account, "name", name=name)
        case AccountReclassified(kind=kind):
            return _own(account, "kind", kind=kind)
        case AccountMoved(address=address):
            return _own(account, "address", address=address)
        case AccountDomainAdded(domain=domain):
            return replace(account, domains=(*account.domains, domain))
        case AccountDomainRemoved(domain=domain):
            return replace(account, domains=tuple(each for each in account.domains if each != domain))
        case AccountExternalIdLinked(system=system, id=name):
            return replace(account, external_ids=(*account.external_ids, ExternalId(system, name)))
        case AccountExternalIdUnlinked(system=system, id=name):
            gone = ExternalId(system, name)
            return replace(account, external_ids=tuple(each for each in account.external_ids if each != gone))
        case AccountBecameCustomer():
            return _own(account, "status", status="customer")
        case AccountBecameFormer():
            return _own(account, "status", status="former")
        case AccountAssigned(owner=owner):
            return _own(account, "owner", owner=owner)
        case AccountTagged(tag=tag):
            return replace(account, tags=account.tags | {tag})
        case AccountUntagged(tag=tag):
            return replace(account, tags=account.tags - {tag})
        case AccountArchived():
            return replace(account, archived=True)
        case AccountReactivated():
            return replace(account, archived=False)
        case AttributeSet() | AttributeCleared():
            return replace(account, attributes=after(account.attributes, fact))
        case AccountsMerged() | AccountsUnmerged():
            return replace(account, merges=account.merges.after(fact))
        case AccountAbsorbed(merge_id=merge_id, survivor=survivor):
            return replace(account, alias_of=survivor, merge_id=merge_id)
        case AccountRestored():
            return replace(account, alias_of=None, merge_id=None)
    return _evolve_tree(account, fact)


def _own(account: Account, field: str, **values: Any) -> Account:
    """The account with a value of its own, which from now on counts against those of absorbed ones (C6)."""
    return replace(account, merges=account.merges.choose_own(field), **values)


def _evolve_tree(account: Account, fact: AccountTreeFact) -> Account:
    match fact:
        case AccountPlacedUnder(parent=parent):
            return replace(account, parent=parent)
        case AccountDetached():
            return replace(account, parent=None)
        case AccountGainedChild(child=child):
            return replace(account, children=account.children | {child})
        case AccountLostChild(child=child):
            return replace(account, children=account.children - {child})
        case AccountGroupRearranged():
            return account
        case _:
            assert_never(fact)


def claim_of(external_id: ExternalId) -> Claim | None:
    """What an id in another system is claimed as by an account; it does not meet those of contacts. None: no value."""
    found = external_identifier(external_id)
    return (f"account_{found.kind}", found.match_key) if found else None


def claims(account: Account) -> set[Claim]:
    """What names this account and no other: its ids in other systems."""
    return {each for each in map(claim_of, account.external_ids) if each is not None}


accounts = Aggregate("account", AccountFact, evolve, about=None, claims=claims)
