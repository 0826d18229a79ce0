"""What requests about accounts are made of, and what answers say of an account."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.people.fields import Report
from crm.contacts.account import Account
from crm.contacts.account_list import AccountRow
from crm.contacts.api.bodies import NameText
from crm.contacts.api.particulars import Address, Colleague, External, Values
from crm.contacts.attribute_value import Shown
from crm.events.accounts import AccountKind, AccountStatus

Domain = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=253)]


class RegisterAccount(BaseModel, extra="forbid"):
    """An organisation. A `prospect`, unless it is a `customer` already."""

    name: NameText
    type: AccountKind = "customer"
    customer: bool = False
    domains: list[Domain] = Field([], max_length=50)
    address: Address | None = None
    external_ids: list[External] = Field([], max_length=50)
    attributes: Values = {}


class ReviseAccount(BaseModel, extra="forbid"):
    """What is left out stays; an address of null is taken away; domains are given as a whole."""

    name: NameText | None = None
    type: AccountKind | None = None
    domains: list[Domain] | None = Field(None, max_length=50)
    address: Address | None = None


class UpsertAccount(ReviseAccount):
    """The account another system calls so; a name is needed where it becomes one by this."""

    external_id: External
    attributes: Values = {}


class PlaceAccount(Report):
    """The account it belongs to; null takes it out of its tree."""

    parent: UUID | None


class Reasoned(Report):
    """Why, in a few words."""

    reason: str | None = Field(None, max_length=500)


class AssignAccount(BaseModel, extra="forbid"):
    """Null: nobody takes care of it."""

    owner: Colleague | None


class AccountAnswer(BaseModel):
    """An account. `parent` and `children` are its neighbours in the tree."""

    id: UUID
    name: str
    type: AccountKind
    status: AccountStatus
    domains: list[str]
    address: Address | None
    external_ids: list[External]
    owner: str | None
    tags: list[str]
    archived: bool
    parent: UUID | None
    children: list[UUID]
    attributes: dict[str, Shown]

    @classmethod
    def of(cls, account_id: UUID, account: Account) -> "AccountAnswer":
        return cls(
            id=account_id,
            name=account.name,
            type=account.kind,
            status=account.status,
            domains=list(account.domains),
            address=Address.of(account.address) if account.address else None,
            external_ids=[External.of(each) for each in account.external_ids],
            owner=account.owner,
            tags=sorted(account.tags),
            archived=account.archived,
            parent=account.parent,
            children=sorted(account.children),
            attributes={each.attribute: each.shown for each in account.attributes},
        )


class ListedAccount(BaseModel):
    """An account in a list."""

    id: UUID
    name: str
    type: AccountKind
    status: AccountStatus
    domains: list[str]
    city: str | None
    country: str | None
    owner: str | None
    tags: list[str]
    archived: bool
    parent: UUID | None

    @classmethod
    def of(cls, row: AccountRow) -> "ListedAccount":
        return cls(
            id=row.account_id,
            name=row.name,
            type=row.kind,
            status=row.status,
            domains=list(row.domains),
            city=row.city,
            country=row.country,
            owner=row.owner,
            tags=list(row.tags),
            archived=row.archived,
            parent=row.parent,
        )


class AccountInTree(BaseModel):
    """An account in a tree; `level` counts from 0, the account that was asked for."""

    id: UUID
    name: str
    level: int
    parent: UUID | None
    archived: bool


class TreeAnswer(BaseModel):
    """An account and all below it, level by level. Not `complete`: there are more than can be shown."""

    accounts: list[AccountInTree]
    complete: bool
