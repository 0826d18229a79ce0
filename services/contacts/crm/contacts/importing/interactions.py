"""Rows of interactions: what was said with whom, and when."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import get_args
from uuid import UUID, uuid5

from crm.chassis.log import EventLog, Step
from crm.chassis.people.identity import (
    Identifier,
    email_identifier,
    external_identifier,
    phone_identifier,
    read_phone,
)
from crm.contacts.importing.batches import Row
from crm.contacts.importing.deciding import Decision
from crm.contacts.importing.values import Unusable, Values, external_ids, split_emails, split_phones, too_long
from crm.contacts.interaction import KINDS, Interaction, interactions, log_interaction
from crm.events.interactions import Direction, InteractionKind, InteractionLogged

_WORDS = {"in": "inbound", "incoming": "inbound", "out": "outbound", "outgoing": "outbound"}
FIRST_YEAR = 1900


def interaction_stream(import_id: UUID, line: int) -> UUID:
    """Where the interaction of a row is recorded."""
    return uuid5(import_id, f"interaction {line}")


@dataclass(frozen=True)
class Said:
    """What a row tells of. `occurred_at` is UTC."""

    with_whom: tuple[Identifier, ...]
    kind: InteractionKind
    direction: Direction
    subject: str
    body: str | None
    occurred_at: datetime | None


class Interactions:
    """The rows of one import, each an interaction."""

    makes_contacts = False

    def __init__(self, log: EventLog, import_id: UUID, region: str) -> None:
        self._log, self._import, self._region = log, import_id, region

    def read(self, values: Values | Unusable) -> Said | Unusable:
        return said_in(values, self._region)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        held = self._log.holders({each for _, row in rows if isinstance(row, Said) for each in row.with_whom})
        decisions = []
        for line, row in rows:
            if isinstance(row, Unusable):
                decisions.append(Decision(line, "unusable", field=row.field, reason=row.reason))
            elif match := next((each for each in row.with_whom if each in held), None):
                decisions.append(Decision(line, "create", held[match], match.kind, row=row))
            else:
                reason = "Nobody is known by this. Import the person first."
                decisions.append(Decision(line, "unusable", field=row.with_whom[0].kind, reason=reason))
        return decisions

    def steps(self, decision: Decision) -> list[Step]:
        said, contact = decision.row, decision.contact
        assert isinstance(said, Said) and contact
        logged = log_interaction(
            None, contact=contact, kind=said.kind, direction=said.direction, subject=said.subject, body=said.body
        )
        assert logged
        stream = interaction_stream(self._import, decision.line)
        return [Step(interactions, stream, partial(_once, logged=logged), occurred_at=said.occurred_at)]


def _once(interaction: Interaction | None, *, logged: InteractionLogged) -> InteractionLogged | None:
    return logged if interaction is None else None


def said_in(values: Values | Unusable, region: str) -> Said | Unusable:
    """The interaction that a row tells of, as the API would take it."""
    if isinstance(values, Unusable):
        return values
    first = {field: entered[0] for field, entered in values.items()}
    kind = first.get("kind", "note").lower()
    direction = _WORDS.get(first.get("direction", "inbound").lower(), first.get("direction", "inbound").lower())
    with_whom, moment = tuple(whom_of(values, region)), _moment(first.get("occurred_at"))
    problem = too_long(values) or _problem(with_whom, kind, direction, first.get("subject"))
    if problem or isinstance(moment, Unusable):
        return problem or moment  # type: ignore[return-value]  # one of them is there
    return Said(with_whom, kind, direction, first["subject"], first.get("body"), moment)  # type: ignore[arg-type]


def whom_of(values: Values, region: str) -> Iterator[Identifier]:
    """The identifiers of somebody who is known, as a row tells them."""
    whom = (
        *map(email_identifier, split_emails(values)),
        *map(external_identifier, external_ids(values)),
        *(phone_identifier(read_phone(each, region)) for each in split_phones(values)),
    )
    return (each for each in whom if each is not None)


def _problem(with_whom: tuple[Identifier, ...], kind: str, direction: str, subject: str | None) -> Unusable | None:
    if not with_whom:
        return Unusable("email", "The row does not say with whom: give an e-mail, phone or external_id.")
    if kind not in KINDS:
        return Unusable("kind", f"Give one of {', '.join(KINDS)}.")
    if direction not in get_args(Direction):
        return Unusable("direction", f"Give one of {', '.join(get_args(Direction))}.")
    if not subject:
        return Unusable("subject", "Say in a few words what it was about.")
    return None


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
