"""Which accounts are asked for: queries on the list of accounts, in which absorbed ones lead to who absorbed them."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg.types.json import Jsonb

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.projection import Db, Page, PageRequest
from crm.contacts.account_list import AccountRow, account_list
from crm.contacts.matching import containing
from crm.contacts.owning import inside
from crm.events.accounts import AccountKind, AccountStatus


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
    within: Territory = EVERYWHERE


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
    mine, owners = inside(account_list, "account_id", only.within)
    where, values = f"alias_of IS NULL AND {where} AND {mine}", [*values, *owners]
    return account_list.page(db, where, values, order_by="name", page=page)


def only_ones_called(db: Db, keys: Collection[str]) -> dict[str, UUID]:
    """By match key of a name: the account that is called so, if just one is that is neither archived nor absorbed."""
    rows = account_list.select(db, "name_key = ANY(%s) AND NOT archived AND alias_of IS NULL", (list(keys),))
    several = Counter(each.name_key for each in rows)
    return {each.name_key: each.account_id for each in rows if several[each.name_key] == 1}


def canonical_accounts(db: Db, rows: Iterable[AccountRow]) -> list[UUID]:
    """The ids of the accounts that absorbed these, directly or not; of the others their own."""
    found: set[UUID] = set()
    while rows := list(rows):
        found |= {each.account_id for each in rows if each.alias_of is None}
        holders = [each.alias_of for each in rows if each.alias_of is not None]
        rows = account_list.select(db, "account_id = ANY(%s)", (holders,))
    return sorted(found)
