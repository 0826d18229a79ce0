"""Accounts: organisations we deal with, how they stand with us, and what belongs to what."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import Query

from crm.chassis.decider import Command
from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Versioned,
    Written,
    reads,
)
from crm.chassis.log import Step
from crm.contacts import account_record as record
from crm.contacts.account import accounts
from crm.contacts.account_list import account_list
from crm.contacts.account_search import AccountFilter, find_accounts
from crm.contacts.api.account_bodies import (
    AccountAnswer,
    AccountInTree,
    ListedAccount,
    PlaceAccount,
    RegisterAccount,
    ReviseAccount,
    TreeAnswer,
    UpsertAccount,
)
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import CanEditContacts, CanReadContacts
from crm.contacts.api.particulars import External
from crm.contacts.api.searches import Asked, attributes_asked
from crm.contacts.api.within import Mine
from crm.contacts.attribute_record import InForce
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.grouping import placing, tree_of
from crm.contacts.organisations import Accounts
from crm.contacts.owners import others_of
from crm.contacts.upserting import upserting_account
from crm.events.accounts import AccountKind, AccountStatus

router = Router(prefix="/accounts", tags=["accounts"])


@router.post("")
def post_account(body: RegisterAccount, log: Log, streams: Streams, agent: CanEditContacts) -> Created:
    """Makes an organisation an account. An id of another system that another account has is refused, naming it."""
    new = uuid4()

    def plan() -> Sequence[Step]:
        rules = in_force(streams, "account")
        command = partial(_registration(body, body.external_ids, rules), customer=body.customer)
        return [Step(accounts, new, command), unchanged("account", rules)]

    return Created(log.execute_planned(plan), "/accounts/{id}")


@router.get("", dependencies=[reads(account_list)])
def get_accounts(
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    search: Annotated[str, Query(max_length=200, description="Words of a name, an Internet domain or a city.")] = "",
    kind: Annotated[AccountKind | None, Query(alias="type")] = None,
    status: AccountStatus | None = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    tag: Annotated[str | None, Query(max_length=60)] = None,
    archived: Annotated[bool, Query(description="Those in the archive instead of the others.")] = False,
    asked: Asked = [],  # noqa: B006 (FastAPI copies it)
) -> Page[ListedAccount]:
    """The accounts that match, by name."""
    wanted = attributes_asked(streams, "account", asked)
    found = find_accounts(db, AccountFilter(search, kind, status, owner, tag, archived, wanted, mine), page)
    return Page(tuple(ListedAccount.of(each) for each in found.items), found.next)


@router.put("/by-external-id")
def put_account(body: UpsertAccount, log: Log, streams: Streams, agent: CanEditContacts, mine: Mine) -> Written:
    """Revises the account that another system calls so, or registers it. May be repeated."""
    new = uuid4()

    def plan() -> Sequence[Step]:
        rules = in_force(streams, "account")
        register = _registration(body, [body.external_id], rules)
        revise = _revision(body, rules)
        step = upserting_account(
            streams, new, body.external_id.as_fact(), register=register, revise=revise, within=mine
        )
        return [step, unchanged("account", rules)]

    return log.execute_planned(plan)


@router.get("/{account_id:uuid}")
def get_account(
    account_id: UUID, streams: Streams, agent: CanReadContacts, as_of: AsOf = None, as_known_at: AsKnownAt = None
) -> Versioned[AccountAnswer]:
    """An account under any of its ids, now or at a past moment. Never stale."""
    reader = Accounts(streams, as_of=as_of, as_known_at=as_known_at)
    found = reader.find(account_id)
    around = reader.find_all(filter(None, (found.own.parent, *found.account.children)))
    parent = around[found.own.parent].account_id if found.own.parent in around else None
    children = {around[each].account_id for each in found.account.children if each in around}
    answer = AccountAnswer.of(found, parent, children)
    return Versioned(answer, found.version, f"contacts/{found.account_id}:{found.version}")


@router.get("/{account_id}/tree")
def get_tree(
    account_id: UUID,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> TreeAnswer:
    """An account and everything that belongs to it, now or at a past moment. Never stale.

    Accounts of others are left out, where only one's own are shown; then it is not `complete`.
    """
    tree = tree_of(streams, account_id, as_of=as_of, as_known_at=as_known_at)
    others = others_of(streams, mine, [each.account_id for each in tree.nodes])
    shown = [
        AccountInTree(
            id=each.account_id,
            name=each.organisation.account.name,
            level=each.level,
            parent=each.parent,
            archived=each.organisation.own.archived,
        )
        for each in tree.nodes
        if each.account_id not in others
    ]
    return TreeAnswer(accounts=shown, complete=tree.complete and not others)


@router.patch("/{account_id:uuid}")
def patch_account(
    account_id: UUID, body: ReviseAccount, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Renames, reclassifies or moves an account, or says which Internet domains it has."""
    return log.execute(accounts, account_id, _revision(body), expected)


@router.put("/{account_id}/parent")
def put_parent(
    account_id: UUID, body: PlaceAccount, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Places an account under another one, or takes it out of its tree. A tree has no rings and at most ten levels."""
    reported = log.with_(occurred_at=body.occurred_at)
    return reported.execute_planned(partial(placing, streams, account_id, body.parent, expected))


def _registration(
    body: RegisterAccount | UpsertAccount, external_ids: Sequence[External], rules: InForce
) -> Callable[..., Any]:
    return partial(
        record.register_completely,
        attributes=body.attributes,
        rules=rules,
        name=body.name or "",
        kind=body.type or "customer",
        domains=body.domains or [],
        address=body.address.as_fact() if body.address else None,
        external_ids=[each.as_fact() for each in external_ids],
    )


def _revision(body: ReviseAccount, rules: InForce | None = None) -> Command:
    return partial(
        record.revise_account,
        name=body.name,
        kind=body.type,
        domains=body.domains,
        address=body.address.as_fact() if body.address else None,
        moved="address" in body.model_fields_set,
        attributes=body.attributes if isinstance(body, UpsertAccount) else {},
        rules=rules or InForce(),
    )
