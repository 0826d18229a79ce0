"""What an answer shows to whom: who may not read addresses gets them hidden, wherever they stand. Pure functions.

Hidden are e-mail addresses in any text, and whatever stands under the name of something by which people are reached:
numbers, postal addresses, devices, the evidence of a consent. Countries stay. Each object says in `hidden` which of its
members were hidden.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from crm.chassis.auth.territory import READ_ALL

READ_ADDRESSES = "contacts:read-addresses"
"""Who sees e-mail addresses, telephone numbers and postal addresses."""

READ_PRIVATE = "contacts:read-private"
"""Who sees the private items of others."""

READ_HR = "contacts:read-hr"
"""Who sees the items of the HR desk."""

FIELD_LEVEL = {READ_ADDRESSES: "fields", READ_PRIVATE: "items", READ_HR: "items", READ_ALL: "records"}
"""Permissions that no endpoint asks for: they decide what an answer holds, and of whom."""

HIDDEN = "•••"
"""What stands in the place of a text that is hidden."""

REACHING = frozenset(
    {
        *("email", "emails", "phone", "phones", "e164", "mobile", "fax", "caller", "called"),
        *("address", "addresses", "asked_address", "street", "postal_code", "city", "region"),
        *("device", "devices", "shared", "handle", "handles"),
    }
)
"""Members that hold what people are reached by. A flag or a number under such a name is shown."""

_KINDS = frozenset({"email", "phone", "device"})
"""Of which kinds a member `value` is."""

_COLLEAGUES = frozenset({"actor", "assignee", "author", "owner"})
"""Members that name colleagues, not customers."""

_CLEAR = frozenset({"country", "kind", "label", "requested_at", "confirmed_at"})
"""What is shown of an address, a number or evidence all the same."""

_EMAIL = re.compile(r"[^\s@<>\"'(),;:]+@[^\s@<>\"'(),;:]+")

Summarise: TypeAlias = Callable[[str, dict[str, Any]], str]
"""The summary of a fact of a type with these members."""


Hide: TypeAlias = Callable[[Any], Any]
"""Takes from plain values, as JSON can tell them, what somebody may not be told."""


def without_addresses(value: Any, summarise: Summarise | None = None) -> Any:
    """An answer, as decoded JSON, for somebody who may not read addresses. `summarise` words items of histories."""
    match value:
        case str():
            return _EMAIL.sub(HIDDEN, value)
        case list():
            return [without_addresses(each, summarise) for each in value]
        case dict():
            return _object(value, summarise)
        case _:
            return value


def _object(value: Mapping[str, Any], summarise: Summarise | None) -> dict[str, Any]:
    shown = {name: _member(value, name, member, summarise) for name, member in value.items()}
    hidden = [name for name, member in value.items() if shown[name] != member and _is_of_its_own(value, name)]
    if summarise and _is_item(value) and shown["data"] != value["data"]:
        shown["summary"] = summarise(value["type"], {n: m for n, m in shown["data"].items() if n != "hidden"})
    return {**shown, "hidden": hidden} if hidden else shown


def _is_item(value: Mapping[str, Any]) -> bool:
    """Whether this is an item of a history: a fact with its summary."""
    return isinstance(value.get("data"), dict) and {"type", "summary"} <= value.keys()


def _is_of_its_own(value: Mapping[str, Any], name: str) -> bool:
    """Whether what is hidden in a member is not told by the objects in it."""
    return _reaches(value, name) or isinstance(value[name], str)


def _reaches(value: Mapping[str, Any], name: str) -> bool:
    if name == "evidence":
        return isinstance(value[name], dict)  # from where and with what somebody agreed; in words it is shown
    return name in REACHING or (name == "value" and value.get("kind") in _KINDS)


def _member(value: Mapping[str, Any], name: str, member: Any, summarise: Summarise | None) -> Any:
    if name in _COLLEAGUES:
        return member
    return _hidden(member) if _reaches(value, name) else without_addresses(member, summarise)


def _hidden(member: Any) -> Any:
    """What stands in the place of something by which people are reached: of the same form, and saying nothing."""
    match member:
        case str():
            return HIDDEN
        case list():
            return [_hidden(each) for each in member]
        case dict():
            return {name: each if name in _CLEAR else _hidden(each) for name, each in member.items()}
        case _:
            return member
