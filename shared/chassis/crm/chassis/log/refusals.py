"""Refusals, written down beside an idempotency key so that a retry is refused in the same words."""

from typing import Any, NoReturn
from uuid import UUID

from crm.chassis.decider import Erased, Moved, Rejected, Taken, Tombstoned, Unknown


def written_down(refusal: Rejected) -> dict[str, Any]:
    """A refusal as JSON."""
    members: dict[str, Any] = {"sentence": refusal.sentence, "field": refusal.field}
    match refusal:
        case Taken(kind=kind, holder=holder):
            return members | {"as": "taken", "kind": kind, "holder": str(holder)}
        case Tombstoned(kind=kind):
            return members | {"as": "tombstoned", "kind": kind}
        case Moved(expected=expected, version=version):
            return members | {"as": "moved", "expected": expected, "version": version}
        case Unknown():
            return members | {"as": "unknown"}
        case Erased():
            return members | {"as": "erased"}
        case _:
            return members | {"as": "rejected"}


def raise_again(members: dict[str, Any]) -> NoReturn:
    """Raises a refusal that was written down."""
    match members["as"]:
        case "taken":
            raise Taken(members["kind"], UUID(members["holder"]))
        case "tombstoned":
            raise Tombstoned(members["kind"])
        case "moved":
            raise Moved(members["expected"], members["version"])
        case "unknown":
            raise Unknown(members["sentence"], field=members["field"])
        case "erased":
            raise Erased(members["sentence"], field=members["field"])
        case _:
            raise Rejected(members["sentence"], field=members["field"])
