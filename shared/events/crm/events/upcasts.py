"""Old versions of fact types, read as the newest one. Pure functions from the old members to the new."""

from collections.abc import Callable
from typing import Any

Members = dict[str, Any]
Upcast = Callable[[Members], Members]


def as_it_is(members: Members) -> Members:
    """Members that the next version takes as they are: it only takes more."""
    return members


UPCASTS: dict[str, tuple[str, Upcast]] = {
    "crm.contacts.interaction-logged.v1": ("crm.contacts.interaction-logged.v2", as_it_is),
    "crm.contacts.interaction-amended.v1": ("crm.contacts.interaction-amended.v2", as_it_is),
}
"""From an old type to the next one and how its members change; personal members are opened before.

Of a fact whose subject was erased the personal members are absent: an upcast must do without them.
"""


def current_type(fact_type: str) -> str:
    """The newest version of a fact type."""
    while fact_type in UPCASTS:
        fact_type = UPCASTS[fact_type][0]
    return fact_type


def versions_of(*fact_types: str) -> list[str]:
    """Every version of some fact types, whichever of them is given: what keeps facts by type is asked for all."""
    newest = {current_type(each) for each in fact_types}
    return sorted(newest.union(each for each in UPCASTS if current_type(each) in newest))


def upcast(fact_type: str, members: Members) -> Members:
    """The members of an old fact as the newest version of its type would have them."""
    while fact_type in UPCASTS:
        fact_type, step = UPCASTS[fact_type]
        members = step(members)
    return members
