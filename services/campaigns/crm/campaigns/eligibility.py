"""Eligibility: whether a message may be sent, asked when its turn comes; the first reason against it is told (M1)."""

from dataclasses import dataclass
from datetime import datetime

from crm.chassis.people.identity import email_identifier
from crm.events.campaigns import SuppressionReason

EXPLANATIONS: dict[SuppressionReason, str] = {
    "contact erased": "This person was erased.",
    "contact unknown": "Nobody is known under this id any more, or they got this mail under another id.",
    "address invalid": "There is no valid e-mail address, or it is not theirs any more.",
    "suppressed": "This address has unsubscribed, and has not agreed anew since.",
    "no consent": "They have not agreed to mails for this purpose, or no longer do, or asked us to leave them alone.",
    "consent not current": "It could not be made sure in time that their consent still stands.",
    "campaign over": "The campaign was stopped before it was this message's turn.",
}
"""Why somebody did not get a mail, as people ask it."""


@dataclass(frozen=True)
class Standing:
    """What is known of a recipient now. Times are UTC."""

    known: bool = True
    erased: bool = False
    addresses: tuple[str, ...] = ()
    suppressed_at: datetime | None = None
    """When this address was last suppressed for the campaign's purpose."""
    consented_at: datetime | None = None
    """Since when they agree; None: they do not."""
    reached: bool = False
    """Whether they got this mail under another id (C8)."""
    held_up: bool = False
    """Whether they said something later that could not be taken in."""


def obstacle(
    standing: Standing, address: str | None, *, fresh: bool = True, stopped: bool = False
) -> SuppressionReason | None:
    """The first reason not to send to this address, in the order of M1; None if there is none.

    `fresh`: what is known is all that has happened (M2); `stopped`: the campaign was.
    """
    against: dict[SuppressionReason, bool] = {
        "contact erased": standing.erased,
        "contact unknown": not standing.known or standing.reached,
        "address invalid": address is None or not _is_theirs(address, standing.addresses),
        "suppressed": standing.suppressed_at is not None and not _agreed_since(standing),
        "consent not current": not fresh or standing.held_up,
        "no consent": standing.consented_at is None,
        "campaign over": stopped,
    }
    return next((reason for reason, holds in against.items() if holds), None)


def _is_theirs(address: str, addresses: tuple[str, ...]) -> bool:
    """Whether mail to an address reaches this person; addresses of nobody (noreply@…) reach nobody (C3)."""
    identifier = email_identifier(address)
    return identifier is not None and identifier in map(email_identifier, addresses)


def _agreed_since(standing: Standing) -> bool:
    return (
        standing.consented_at is not None
        and standing.suppressed_at is not None
        and standing.consented_at > standing.suppressed_at
    )
