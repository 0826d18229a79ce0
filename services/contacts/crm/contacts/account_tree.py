"""What belongs to what: commands that place accounts in a tree without rings, at most ten deep. No I/O.

A change is decided on every account it touches, and on the one at the top of the tree (or of both trees), so that any
two changes that could make a ring or a tree too deep together meet on a stream; the second is then decided anew.
"""

from collections.abc import Sequence
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.contacts.account import Account, existing, present
from crm.events.accounts import (
    AccountDetached,
    AccountGainedChild,
    AccountGroupRearranged,
    AccountLostChild,
    AccountPlacedUnder,
)

DEEPEST = 10
"""How many accounts there are at most from the top of a tree down to any of its leaves."""


def place_under(
    account: Account | None, *, account_id: UUID, parent: UUID, above: Sequence[UUID], levels: int
) -> tuple[AccountDetached | AccountPlacedUnder, ...]:
    """Places an account under another one; where it belonged before it leaves.

    `above` are the parent and everything above it; `levels` how many levels the account has, itself included.
    """
    account = existing(account)
    if account_id == parent:
        raise Rejected("An account cannot belong to itself.", field="parent")
    if account_id in above:
        raise Rejected("That account belongs to this one already, directly or not.", field="parent")
    if account.parent == parent:
        return ()
    if len(above) + levels > DEEPEST:
        raise Rejected(f"A tree of accounts has at most {DEEPEST} levels.", field="parent")
    left = (AccountDetached(parent=account.parent),) if account.parent else ()
    return (*left, AccountPlacedUnder(parent=parent))


def detach(account: Account | None) -> AccountDetached | None:
    """Takes an account out of its tree, with all that is below it; one that was absorbed with the one that did."""
    account = present(account)
    return AccountDetached(parent=account.parent) if account.parent else None


def gain_child(account: Account | None, *, child: UUID) -> AccountGainedChild | None:
    if account is None:
        raise Rejected("There is no such account to belong to.", field="parent")
    return AccountGainedChild(child=child) if child not in account.children else None


def lose_child(account: Account | None, *, child: UUID) -> AccountLostChild | None:
    return AccountLostChild(child=child) if child in present(account).children else None


def rearrange(account: Account | None, *, moved: UUID) -> AccountGroupRearranged:
    """On the account at the top: something below it moved."""
    existing(account)
    return AccountGroupRearranged(account=moved)
