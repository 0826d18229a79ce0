"""What requests about accounts are made of, and what answers say of an account."""

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.people.fields import Report
from crm.contacts.account_list import AccountRow
from crm.contacts.account_merger import Organisation
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


class MergeAccounts(BaseModel, extra="forbid"):
    """Which accounts are the same one. `choices`: by field, the account whose value counts."""

    absorb: list[UUID] = Field(min_length=1, max_length=20)
    choices: dict[Literal["name", "kind", "status", "address", "owner"], UUID] = {}


class UnmergeAccounts(BaseModel, extra="forbid"):
    merge_id: UUID
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class AMerge(BaseModel):
    """A merge in force."""

    merge_id: UUID
    survivor: UUID
    absorbed: list[UUID]


class AccountAnswer(BaseModel):
    """An account. `id` is the canonical one, also when it was asked for by one that it absorbed (`aliases`).

    `parent` and `children` are its neighbours in the tree, by canonical ids.
    """

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
    aliases: list[UUID]
    merges: list[AMerge]

    @classmethod
    def of(cls, found: Organisation, parent: UUID | None, children: Iterable[UUID]) -> "AccountAnswer":
        account = found.account
        return cls(
            id=found.account_id,
            name=account.name,
            type=account.kind,
            status=account.status,
            domains=list(account.domains),
            address=Address.of(account.address) if account.address else None,
            external_ids=[External.of(each) for each in account.external_ids],
            owner=account.owner,
            tags=sorted(account.tags),
            archived=account.archived,
            parent=parent,
            children=sorted(children),
            attributes={each.attribute: each.shown for each in account.attributes},
            aliases=sorted(found.ids[1:]),
            merges=[
                AMerge(merge_id=each.merge_id, survivor=each.survivor, absorbed=list(each.absorbed))
                for member in found.members()
                for each in member.own.merges.in_force
            ],
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
