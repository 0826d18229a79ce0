"""The consent matrix: for every purpose and channel, and each address with a word of its own, what counts and why.

It is folded from the facts themselves, now or as of a past moment (C11), by the rules every service decides by (C7).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args
from uuid import UUID

from crm.chassis.log import EventLog
from crm.chassis.people.permissions import Permission
from crm.chassis.people.verdict import Objection, State, Verdict, address_key, most_restrictive, verdict
from crm.chassis.projection import Db
from crm.contacts.views import permissions
from crm.events import Fact, Recorded
from crm.events.consents import (
    CallsRefused,
    ConsentChannel,
    ConsentExpired,
    ConsentGranted,
    ConsentRequested,
    ConsentWithdrawn,
    ProcessingRestricted,
)

CHANNELS: tuple[ConsentChannel, ...] = get_args(ConsentChannel)

_DECIDING: dict[State, tuple[type[Fact], ...]] = {
    "do_not_process": (ProcessingRestricted,),
    "do_not_call": (CallsRefused,),
    "withdrawn": (ConsentWithdrawn,),
    "granted": (ConsentGranted,),
    "pending": (ConsentRequested,),
    "expired": (ConsentExpired, ConsentGranted),
    "unknown": (),
}
_WHY: dict[State, str] = {
    "do_not_process": "Processing is restricted; nothing that was agreed to counts until that is lifted.",
    "do_not_call": "They asked not to be called, whatever they agreed to.",
    "withdrawn": "They said no, and have not agreed since.",
    "granted": "They agreed.",
    "pending": "They were asked to confirm, and have not answered yet.",
    "expired": "What they agreed to is over.",
    "unknown": "They were never asked.",
}
_OF_SEVERAL = " Under another id of this person something else was said; the most restrictive word counts."


@dataclass(frozen=True)
class Cell:
    """What counts for a purpose on a channel, for one `address` or (null) for the channel as such. Times are UTC.

    `consent` and `decided_by` are the consent and the event id of the fact that decided it.
    """

    channel: str
    purpose: str
    address: str | None
    state: State
    allowed: bool
    why: str
    since: datetime | None = None
    consent: UUID | None = None
    decided_by: str | None = None
    contact_id: UUID | None = None
    source: str | None = None
    legal_basis: str | None = None
    wording_version: str | None = None
    language: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class ObjectionInForce:
    objection: Objection
    contact_id: UUID
    since: datetime
    source: str
    decided_by: str


@dataclass(frozen=True)
class Matrix:
    """What a person allowed, as things were at `at` (UTC)."""

    contact_id: UUID
    at: datetime
    objections: tuple[ObjectionInForce, ...]
    cells: tuple[Cell, ...]


def said_by(log: EventLog, db: Db, contacts: Sequence[UUID]) -> list[Recorded[Any]]:
    """Every fact about what these ids allow; the view names the streams, the log tells what is in them."""
    rows = permissions.select(db, "contact_id = ANY(%s)", (list(contacts),), order_by="consent")
    return [e for row in rows for e in log.stream(row.consent)]


def known_then(
    facts: Iterable[Recorded[Any]], as_of: datetime | None, as_known_at: datetime | None
) -> list[Recorded[Any]]:
    """What had happened until a moment, and was known at another one (C11)."""
    return [
        e
        for e in facts
        if (as_of is None or e.occurred_at <= as_of) and (as_known_at is None or e.recorded_at <= as_known_at)
    ]


def matrix(
    facts: Sequence[Recorded[Any]],
    contacts: Sequence[UUID],
    purposes: Collection[str],
    at: datetime,
    joined_at: datetime | None = None,
) -> Matrix:
    """The matrix that follows from some facts about a person with these ids, the canonical one first.

    `joined_at`: since when they are known to be one person's (C7).
    """
    words = list(permissions.fold(facts).values())
    by_id = [[each for each in words if each.contact_id == contact] for contact in contacts]
    asked = sorted({*purposes, *(each.purpose for each in words if each.objection is None)})
    cells = [
        _cell(facts, by_id, channel, purpose, address, at, joined_at)
        for purpose in asked
        for channel in CHANNELS
        for address in (None, *_addresses(words, channel, purpose))
    ]
    return Matrix(contacts[0], at, _objections(facts, words), tuple(cells))


def _addresses(words: Iterable[Permission], channel: str, purpose: str) -> list[str]:
    """The addresses with a word of their own, each in one spelling."""
    found = {
        address_key(channel, each.address): each.address
        for each in words
        if each.address is not None and (each.channel, each.purpose) == (channel, purpose)
    }
    return [found[key] for key in sorted(found)]


def _cell(
    facts: Sequence[Recorded[Any]],
    by_id: Sequence[Sequence[Permission]],
    channel: str,
    purpose: str,
    address: str | None,
    at: datetime,
    joined_at: datetime | None,
) -> Cell:
    verdicts = [verdict(words, channel, purpose, address, at) for words in by_id]
    counts = most_restrictive(verdicts, joined_at)
    differ = len({each.state for each in verdicts if each.state != "unknown"}) > 1
    why = _WHY[counts.state] + (_OF_SEVERAL if differ else "")
    deciding = _deciding(facts, counts)
    if deciding is None or counts.since is None:
        return Cell(channel, purpose, address, counts.state, counts.allows, why)
    f = deciding.fact
    return Cell(
        channel,
        purpose,
        address,
        counts.state,
        counts.allows,
        why,
        counts.since,
        counts.consent,
        deciding.event_id,
        f.contact,
        getattr(f, "source", None),
        getattr(f, "legal_basis", None),
        getattr(f, "wording_version", None),
        getattr(f, "language", None),
        getattr(f, "expires_at", None),
    )


def _deciding(facts: Sequence[Recorded[Any]], counts: Verdict) -> Recorded[Any] | None:
    found = [e for e in facts if e.stream == counts.consent and isinstance(e.fact, _DECIDING[counts.state])]
    return max(found, key=lambda e: e.version, default=None)


def _objections(facts: Sequence[Recorded[Any]], words: Iterable[Permission]) -> tuple[ObjectionInForce, ...]:
    found = []
    for each in words:
        if each.objection is None or each.standing != "withdrawn":
            continue
        deciding = _deciding(facts, Verdict(each.objection, each.since, each.consent))
        assert deciding
        source = deciding.fact.source
        found.append(ObjectionInForce(each.objection, each.contact_id, each.since, source, deciding.event_id))
    return tuple(sorted(found, key=lambda each: (each.objection, each.since)))
