"""The list of accounts: one row per account, as list and search pages need it."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from crm.chassis.people.merges import Merges
from crm.chassis.projection import View
from crm.contacts.account_name import name_key
from crm.contacts.attribute_record import described
from crm.contacts.matching import plain
from crm.events import Recorded
from crm.events.accounts import (
    AccountAbsorbed,
    AccountArchived,
    AccountAssigned,
    AccountBecameCustomer,
    AccountBecameFormer,
    AccountDetached,
    AccountDomainAdded,
    AccountDomainRemoved,
    AccountKind,
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
    AccountUntagged,
)
from crm.events.attributes import AttributeCleared, AttributeSet
from crm.events.particulars import PostalAddress


@dataclass(frozen=True)
class AccountRow:
    account_id: UUID
    name: str
    kind: AccountKind
    status: AccountStatus
    domains: tuple[str, ...]
    city: str | None
    country: str | None
    owner: str | None
    tags: tuple[str, ...]
    archived: bool
    parent: UUID | None
    attributes: dict[str, list[str]]
    searched: str
    """The name, the domains and the city, in lower case and without accents."""
    alias_of: UUID | None = None
    merges: Merges = field(default_factory=Merges)
    name_key: str = ""
    """What spellings of its name have in common."""


account_list = View(
    "account_list",
    AccountRow,
    key="account_id",
    version=4,
    indexes=(
        "searched gin_trgm_ops",
        "name, account_id",
        "name_key",
        "owner, name, account_id",
        "tags array_ops",
        "parent",
        "attributes jsonb_path_ops",
    ),
)


def _searchable(row: AccountRow) -> AccountRow:
    searched = plain(" ".join(filter(None, (row.name, *row.domains, row.city))))
    return replace(row, searched=searched, name_key=name_key(row.name))


def _at(row: AccountRow, address: PostalAddress | None) -> AccountRow:
    city, country = (address.city, address.country) if address else (None, None)
    return _searchable(replace(row, city=city, country=country))


@account_list.on(AccountRegistered)
def add(_: AccountRow | None, e: Recorded[AccountRegistered]) -> AccountRow:
    f = e.fact
    row = AccountRow(
        e.stream,
        f.name,
        f.kind,
        f.status,
        tuple(f.domains),
        None,
        None,
        None,
        (),
        archived=False,
        parent=None,
        attributes={},
        searched="",
    )
    return _at(row, f.address)


@account_list.on(AccountRenamed)
def rename(row: AccountRow, e: Recorded[AccountRenamed]) -> AccountRow:
    return _searchable(replace(row, name=e.fact.name))


@account_list.on(AccountReclassified)
def reclassify(row: AccountRow, e: Recorded[AccountReclassified]) -> AccountRow:
    return replace(row, kind=e.fact.kind)


@account_list.on(AccountMoved)
def move(row: AccountRow, e: Recorded[AccountMoved]) -> AccountRow:
    return _at(row, e.fact.address)


@account_list.on(AccountDomainAdded, AccountDomainRemoved)
def name_domain(row: AccountRow, e: Recorded[AccountDomainAdded | AccountDomainRemoved]) -> AccountRow:
    others = tuple(each for each in row.domains if each != e.fact.domain)
    added = (e.fact.domain,) if isinstance(e.fact, AccountDomainAdded) else ()
    return _searchable(replace(row, domains=(*others, *added)))


@account_list.on(AccountBecameCustomer, AccountBecameFormer)
def stand(row: AccountRow, e: Recorded[AccountBecameCustomer | AccountBecameFormer]) -> AccountRow:
    return replace(row, status="customer" if isinstance(e.fact, AccountBecameCustomer) else "former")


@account_list.on(AccountAssigned)
def assign(row: AccountRow, e: Recorded[AccountAssigned]) -> AccountRow:
    return replace(row, owner=e.fact.owner, merges=row.merges.choose_own("owner"))


@account_list.on(AccountsMerged, AccountsUnmerged)
def gather(row: AccountRow, e: Recorded[AccountsMerged | AccountsUnmerged]) -> AccountRow:
    return replace(row, merges=row.merges.after(e.fact))


@account_list.on(AccountTagged, AccountUntagged)
def tag(row: AccountRow, e: Recorded[AccountTagged | AccountUntagged]) -> AccountRow:
    tags = {*row.tags, e.fact.tag} if isinstance(e.fact, AccountTagged) else {*row.tags} - {e.fact.tag}
    return replace(row, tags=tuple(sorted(tags)))


@account_list.on(AccountArchived, AccountReactivated)
def archive(row: AccountRow, e: Recorded[AccountArchived | AccountReactivated]) -> AccountRow:
    return replace(row, archived=isinstance(e.fact, AccountArchived))


@account_list.on(AccountPlacedUnder, AccountDetached)
def place(row: AccountRow, e: Recorded[AccountPlacedUnder | AccountDetached]) -> AccountRow:
    return replace(row, parent=e.fact.parent if isinstance(e.fact, AccountPlacedUnder) else None)


@account_list.on(AccountAbsorbed, AccountRestored)
def stand_for(row: AccountRow, e: Recorded[AccountAbsorbed | AccountRestored]) -> AccountRow:
    return replace(row, alias_of=e.fact.survivor if isinstance(e.fact, AccountAbsorbed) else None)


@account_list.on(AttributeSet, AttributeCleared)
def describe(row: AccountRow | None, e: Recorded[AttributeSet | AttributeCleared]) -> AccountRow | None:
    """Contacts have attributes as well; they have no row here."""
    return replace(row, attributes=described(row.attributes, e.fact)) if row else None
