"""Legal holds on a contact (C13): placed before an erasure, ended by hand or by time, also after it. No I/O."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from crm.events.holds import HeldField, HoldFact, LegalHoldEnded, LegalHoldPlaced

HOLD_EXPIRY = "legal-hold"


class Hold(Struct, frozen=True):
    """What has to be kept, why, and until when (UTC); None: until somebody ends it."""

    hold: UUID
    fields: tuple[HeldField, ...]
    reason: str
    until: datetime | None


def after(holds: tuple[Hold, ...], fact: HoldFact) -> tuple[Hold, ...]:
    """The holds in force after a fact."""
    match fact:
        case LegalHoldPlaced(hold, fields, reason, until):
            return (*holds, Hold(hold, tuple(fields), reason, until))
        case LegalHoldEnded(hold=hold):
            return tuple(each for each in holds if each.hold != hold)


def expiry(holds: tuple[Hold, ...]) -> dict[str, datetime]:
    """The timer of the next hold that ends by time."""
    moments = [each.until for each in holds if each.until is not None]
    return {HOLD_EXPIRY: min(moments)} if moments else {}
