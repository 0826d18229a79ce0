"""The proof of one consent: who agreed to which text, when they were asked, when and from where they answered.

Only facts speak here: the same facts give the same proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.chassis.projection import Db
from crm.contacts.consent import Consent, Standing, consents
from crm.contacts.wording import wording_stream, wordings
from crm.contacts.wording_list import wording_list
from crm.events import Recorded, summarise
from crm.events.consents import ConsentGranted, ConsentRequested, ConsentWithdrawn
from crm.events.particulars import ConsentEvidence

NOT_ON_FILE = "text not on file"


@dataclass(frozen=True)
class Evidence:
    """How it can be shown; of a confirmation by mail, both the request and the answer. Times are UTC."""

    ip: str | None = None
    user_agent: str | None = None
    form_url: str | None = None
    note: str | None = None
    requested_at: datetime | None = None
    requested_ip: str | None = None
    confirmed_at: datetime | None = None
    token_hash: str | None = None


@dataclass(frozen=True)
class Link:
    """One fact of the chain. Times are UTC: when it happened, and when it was written down."""

    event_id: str
    type: str
    summary: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    evidence: Evidence | None


@dataclass(frozen=True)
class Proof:
    """`text` is what was read, or that it is not on file. Times are UTC; null where it did not happen."""

    consent: UUID
    contact_id: UUID
    recorded_for: UUID
    name: str
    channel: str
    purpose: str
    address: str | None
    state: Standing
    pending: bool
    legal_basis: str
    wording_version: str | None
    language: str | None
    text: str
    asked_at: datetime | None
    asked_address: str | None
    granted_at: datetime | None
    withdrawn_at: datetime | None
    expires_at: datetime | None
    source: str | None
    evidence: Evidence | None
    chain: tuple[Link, ...]


def prove(log: EventLog, db: Db, contacts: Sequence[UUID], name: str, consent: UUID) -> Proof:
    """The proof of a consent of a person with these ids, the canonical one first. Raises `Unknown`."""
    state = log.get(consents, consent).state
    if state.contact not in contacts:
        raise Unknown("This contact has no such consent.")
    return proof_of(log.stream(consent), state, contacts[0], name, _text(log, db, state))


def proof_of(facts: Sequence[Recorded[Any]], state: Consent, contact_id: UUID, name: str, text: str) -> Proof:
    """The proof that follows from a consent's facts and the text that belongs to it."""
    asked = _last(facts, ConsentRequested)
    granted = _last(facts, ConsentGranted)
    withdrawn = _last(facts, ConsentWithdrawn)
    shown = granted or asked or withdrawn
    assert shown
    evidence = _evidence(shown.fact.evidence)
    wording = state.request.asked if state.request and state.wording_version is None else state
    return Proof(
        consent=shown.stream,
        contact_id=contact_id,
        recorded_for=state.contact,
        name=name,
        channel=state.channel,
        purpose=state.purpose,
        address=shown.fact.address,
        state=state.standing,
        pending=state.request is not None,
        legal_basis=state.legal_basis,
        wording_version=wording.wording_version,
        language=wording.language,
        text=text,
        asked_at=(evidence.requested_at if evidence else None) or (asked.occurred_at if asked else None),
        asked_address=asked.fact.address if asked else None,
        granted_at=granted.occurred_at if granted else None,
        withdrawn_at=withdrawn.occurred_at if withdrawn and state.standing == "withdrawn" else None,
        expires_at=state.expires_at,
        source=shown.fact.source,
        evidence=evidence,
        chain=tuple(map(_link, facts)),
    )


def _text(log: EventLog, db: Db, state: Consent) -> str:
    wording = state.request.asked if state.request and state.wording_version is None else state
    if wording.wording_version is None:
        return NOT_ON_FILE
    if wording.language is None:
        where = "purpose = %s AND version = %s"
        found = wording_list.select(db, where, (state.purpose, wording.wording_version), order_by="language")
        return found[0].text if found else NOT_ON_FILE
    try:
        stream = wording_stream(state.purpose, wording.wording_version, wording.language)
        return log.get(wordings, stream).state.text
    except Unknown:
        return NOT_ON_FILE


def _last(facts: Sequence[Recorded[Any]], kind: type[Any]) -> Recorded[Any] | None:
    return next((e for e in reversed(facts) if isinstance(e.fact, kind)), None)


def _evidence(evidence: ConsentEvidence | None) -> Evidence | None:
    if evidence is None:
        return None
    return Evidence(**{name: getattr(evidence, name) for name in evidence.__struct_fields__})


def _link(e: Recorded[Any]) -> Link:
    evidence = _evidence(getattr(e.fact, "evidence", None))
    return Link(e.event_id, e.type, summarise(e.fact), e.occurred_at, e.recorded_at, e.actor, e.channel, evidence)
