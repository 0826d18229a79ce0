"""A row as an interaction: what was said with whom, and when, as the API would take it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args
from uuid import UUID

from crm.chassis.decider import Claim, Rejected
from crm.chassis.people.identity import (
    Identifier,
    email_identifier,
    external_identifier,
    phone_identifier,
    read_phone,
)
from crm.contacts.importing.values import Unusable, Values, external_ids, split_emails, split_phones, too_long
from crm.contacts.interaction import log_interaction, record_of
from crm.events.interactions import Direction, InteractionLogged

_DIRECTIONS = {"in": "inbound", "incoming": "inbound", "out": "outbound", "outgoing": "outbound"}
_KINDS = {"e-mail": "email", "sms": "message", "chat": "message", "phone call": "call"}
FIRST_YEAR = 1900
SOMEBODY = UUID(int=0)
"""Stands for the contact until it is known whom the row means."""


@dataclass(frozen=True)
class Said:
    """What a row tells of, with `SOMEBODY`. `occurred_at` is UTC."""

    with_whom: tuple[Identifier, ...]
    logged: InteractionLogged
    occurred_at: datetime | None

    @property
    def claims(self) -> Sequence[Claim]:
        """The record of another system that it is, if it is told."""
        record = record_of(self.logged.system, self.logged.external_id)
        return (record,) if record else ()


def said_in(values: Values | Unusable, region: str) -> Said | Unusable:
    """The interaction that a row tells of."""
    if isinstance(values, Unusable):
        return values
    if problem := too_long(values):
        return problem
    first = {field: entered[0] for field, entered in values.items()}
    with_whom, moment = tuple(whom_of(values, region)), _moment(first.get("occurred_at"))
    if not with_whom:
        return Unusable("email", "The row does not say with whom: give an e-mail, phone or external_id.")
    if isinstance(moment, Unusable):
        return moment
    logged = _logged(first)
    return logged if isinstance(logged, Unusable) else Said(with_whom, logged, moment)


def _logged(first: dict[str, str]) -> InteractionLogged | Unusable:
    kind, direction = first.get("kind", "note").lower(), first.get("direction", "inbound").lower()
    direction = _DIRECTIONS.get(direction, direction)
    if direction not in get_args(Direction):
        return Unusable("direction", f"Give one of {', '.join(get_args(Direction))}.")
    told: dict[str, Any] = {
        "kind": _KINDS.get(kind, kind),
        "direction": direction,
        "subject": first.get("subject", ""),
        "body": first.get("body"),
        "system": first.get("system"),
        "external_id": first.get("interaction_id"),
    }
    try:
        logged = log_interaction(None, contact=SOMEBODY, **told)
    except Rejected as refusal:
        return Unusable("interaction_id" if refusal.field == "external_id" else refusal.field, refusal.sentence)
    assert logged
    return logged


def whom_of(values: Values, region: str) -> Iterator[Identifier]:
    """The identifiers of somebody who is known, as a row tells them."""
    whom = (
        *map(email_identifier, split_emails(values)),
        *map(external_identifier, external_ids(values)),
        *(phone_identifier(read_phone(each, region)) for each in split_phones(values)),
    )
    return (each for each in whom if each is not None)


def _moment(entered: str | None) -> datetime | Unusable | None:
    if entered is None:
        return None
    try:
        moment = datetime.fromisoformat(entered)
    except ValueError:
        return Unusable("occurred_at", "Give the time as 2026-11-23T09:30:00Z, or the day as 2026-11-23.")
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    if moment.year < FIRST_YEAR or moment > datetime.now(UTC):
        return Unusable("occurred_at", f"Give a time after {FIRST_YEAR} that has passed.")
    return moment
