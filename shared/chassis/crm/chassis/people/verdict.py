"""Whether somebody may be addressed: what follows from all they said, about one channel, purpose and address. No I/O.

A word without an address counts for every address of its channel, one with an address for that one alone. A grant
counts if it has not expired and is later than every withdrawal that covers the address. Objections are stronger than
any grant: do-not-call closes the telephone, do-not-process all that stands on consent or a legitimate interest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

from crm.chassis.people.identity import email_identifier, phone_identifier
from crm.events.particulars import Phone

Objection: TypeAlias = Literal["do_not_call", "do_not_process"]
Standing: TypeAlias = Literal["unknown", "granted", "withdrawn", "expired"]
"""What was said last on one stream, beside requests that wait to be confirmed."""
State: TypeAlias = Literal["do_not_process", "do_not_call", "withdrawn", "granted", "pending", "expired", "unknown"]

_STRONGEST_FIRST: tuple[State, ...] = (
    "do_not_process", "do_not_call", "withdrawn", "granted", "pending", "expired", "unknown",
)  # fmt: skip
"""Of several ids of one person the most restrictive word counts (C7); what says neither yes nor no says nothing."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_RESTRICTED = frozenset({"consent", "legitimate-interest"})
"""The legal bases that a restriction of processing takes away; contracts and duties go on."""


class Word(Protocol):
    """What somebody said last about one channel, purpose and perhaps address; or an objection. Times are UTC."""

    @property
    def consent(self) -> UUID: ...
    @property
    def objection(self) -> Objection | None: ...
    @property
    def channel(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def standing(self) -> Standing: ...
    @property
    def since(self) -> datetime: ...
    @property
    def for_address(self) -> bool: ...
    @property
    def address(self) -> str | None: ...
    @property
    def legal_basis(self) -> str: ...
    @property
    def expires_at(self) -> datetime | None: ...
    @property
    def pending_until(self) -> datetime | None: ...


@dataclass(frozen=True)
class Verdict:
    """What counts, since when, and on which stream that was said; None where nothing was."""

    state: State
    since: datetime | None = None
    consent: UUID | None = None

    @property
    def allows(self) -> bool:
        return self.state == "granted"


def verdict(words: Iterable[Word], channel: str, purpose: str, address: str | None, at: datetime) -> Verdict:
    """What counts at a moment for one id of a person. Without an address: what counts for the channel as such."""
    words = list(words)
    said = [
        each
        for each in words
        if each.objection is None and (each.channel, each.purpose) == (channel, purpose) and _covers(each, address)
    ]
    withdrawn = max((each for each in said if each.standing == "withdrawn"), key=_since, default=None)
    grants = (each for each in said if stands(each, at) and (withdrawn is None or each.since > withdrawn.since))
    granted = max(grants, key=_since, default=None)
    if (objection := _objection(words, channel, granted)) is not None:
        assert objection.objection
        return _of(objection.objection, objection)
    if granted or withdrawn:
        return _of("granted", granted) if granted else _of("withdrawn", withdrawn)
    return _undecided(said, at)


def stands(word: Word, at: datetime) -> bool:
    """Whether a word is a grant that has not expired; also where nobody has noticed its expiry yet."""
    return word.standing == "granted" and (word.expires_at is None or word.expires_at > at)


def most_restrictive(verdicts: Iterable[Verdict], joined_at: datetime | None = None) -> Verdict:
    """What counts for a person, of what counts for each of their ids (C7); of equal words the last.

    `joined_at`: since when the ids are known to be one person's (UTC). What was granted after that and after every
    withdrawal counts all the same: by then they meant all of them.
    """
    verdicts = list(verdicts)
    strongest = min((_STRONGEST_FIRST.index(each.state) for each in verdicts), default=-1)
    said = (each for each in verdicts if each.state == _STRONGEST_FIRST[strongest])
    counts = max(said, key=lambda each: each.since or _LONG_AGO, default=Verdict("unknown"))
    if counts.state != "withdrawn" or joined_at is None:
        return counts
    over = max(joined_at, *(each.since for each in verdicts if each.state == "withdrawn" and each.since))
    anew = [each for each in verdicts if each.allows and each.since is not None and each.since > over]
    return max(anew, key=lambda each: each.since or _LONG_AGO, default=counts)


def address_key(channel: str, address: str) -> str:
    """What an address of a channel is compared by: its match key (C1, C2), else as it was entered."""
    entered = address.strip()
    if channel == "email":
        identifier = email_identifier(entered)
    else:
        identifier = phone_identifier(Phone(entered, entered)) if entered.startswith("+") else None
    return identifier.match_key if identifier else entered


def _covers(word: Word, address: str | None) -> bool:
    """Whether a word counts for an address. What was said for one that was erased forbids any, and allows none."""
    if not word.for_address:
        return True
    if word.address is None:
        return word.standing == "withdrawn"
    return address is not None and address_key(word.channel, word.address) == address_key(word.channel, address)


def _objection(words: Iterable[Word], channel: str, granted: Word | None) -> Word | None:
    objections = {each.objection: each for each in words if each.objection is not None and each.standing == "withdrawn"}
    if "do_not_process" in objections and (granted is None or granted.legal_basis in _RESTRICTED):
        return objections["do_not_process"]
    return objections.get("do_not_call") if channel == "phone" else None


def _undecided(said: Iterable[Word], at: datetime) -> Verdict:
    """Neither yes nor no: perhaps a request waits for its confirmation, or a grant is over."""
    said = list(said)
    pending = next((each for each in said if each.pending_until is not None and each.pending_until > at), None)
    if pending is not None:
        return _of("pending", pending)
    over = max((each for each in said if each.standing in ("expired", "granted")), key=_since, default=None)
    return _of("expired", over) if over else Verdict("unknown")


def _of(state: State, word: Word | None) -> Verdict:
    assert word
    return Verdict(state, word.since, word.consent)


def _since(word: Word) -> datetime:
    return word.since
