"""The list of accounts: one row per account, as list and search pages need it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from psycopg.types.json import Jsonb

from crm.chassis.projection import Db, Page, PageRequest, View
from crm.contacts.account_tree import DEEPEST
from crm.contacts.attribute_record import described
from crm.contacts.matching import containing, plain
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
    AccountStatus,
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


account_list = View(
    "account_list",
    AccountRow,
    key="account_id",
    version=2,
    indexes=(
        "searched gin_trgm_ops",
        "name, account_id",
        "owner, name, account_id",
        "tags array_ops",
        "parent",
        "attributes jsonb_path_ops",
    ),
)


def _searchable(row: AccountRow) -> AccountRow:
    return replace(row, searched=plain(" ".join(filter(None, (row.name, *row.domains, row.city)))))


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
    return replace(row, owner=e.fact.owner)


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


@dataclass(frozen=True)
class AccountFilter:
    """Which accounts are asked for. `archived` None: whether archived or not."""

    text: str = ""
    kind: AccountKind | None = None
    status: AccountStatus | None = None
    owner: str | None = None
    tag: str | None = None
    archived: bool | None = False
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By name, which values they must have."""


def find_accounts(db: Db, only: AccountFilter, page: PageRequest) -> Page[AccountRow]:
    """The accounts that match under one of their ids, by name; every word must be in the name, a domain or the city."""
    match = containing(only.text)
    asked = {
        "kind = %s": only.kind,
        "status = %s": only.status,
        "owner = %s": only.owner,
        "tags @> ARRAY[%s]": only.tag,
        "attributes @> %s": Jsonb(only.attributes) if only.attributes else None,
    }
    given = {condition: value for condition, value in asked.items() if value is not None}
    where, values = " AND ".join([*match.conditions, *given]) or "true", [*match.params, *given.values()]
    absorbed = account_list.select(db, f"alias_of IS NOT NULL AND {where}", values) if values else []
    where, values = f"({where} OR account_id = ANY(%s))", [*values, canonical_accounts(db, absorbed)]
    if only.archived is not None:
        where, values = f"{where} AND archived = %s", [*values, only.archived]
    return account_list.page(db, f"alias_of IS NULL AND {where}", values, order_by="name", page=page)


def canonical_accounts(db: Db, rows: Iterable[AccountRow]) -> list[UUID]:
    """The ids of the accounts that absorbed these, directly or not; of the others their own."""
    found: set[UUID] = set()
    while rows := list(rows):
        found |= {each.account_id for each in rows if each.alias_of is None}
        holders = [each.alias_of for each in rows if each.alias_of is not None]
        rows = account_list.select(db, "account_id = ANY(%s)", (holders,))
    return sorted(found)


def with_all_below(db: Db, accounts: Iterable[UUID]) -> tuple[UUID, ...]:
    """These accounts, those they absorbed, and everything below them, as far as this view has heard: for roll-ups."""
    found = list(dict.fromkeys(accounts))
    latest = found[:]
    for _ in range(2 * DEEPEST):  # an absorbed account is a step of its own
        rows = account_list.select(db, "parent = ANY(%s) OR alias_of = ANY(%s)", (latest, latest), order_by="name")
        latest = [each.account_id for each in rows if each.account_id not in found]
        found += latest
        if not latest:
            break
    return tuple(found)
