"""An interaction: one call, meeting or note with a contact, written down by hand. Each is a stream of its own."""

from uuid import UUID

from msgspec import Struct

from crm.chassis.decider import Aggregate, Rejected
from crm.events.interactions import Direction, InteractionFact, InteractionKind, InteractionLogged


class Interaction(Struct, frozen=True):
    contact: UUID
    kind: InteractionKind


def log_interaction(
    interaction: Interaction | None,
    *,
    contact: UUID,
    kind: InteractionKind,
    direction: Direction,
    subject: str,
    body: str | None = None,
) -> InteractionLogged:
    """Writes down what was said; it may have happened long ago."""
    if interaction is not None:
        raise Rejected("This interaction is already logged.")
    if not (subject := " ".join(subject.split())):
        raise Rejected("Say in a few words what it was about.", field="subject")
    return InteractionLogged(contact=contact, kind=kind, direction=direction, subject=subject, body=body)


def evolve(_: Interaction | None, fact: InteractionFact) -> Interaction:
    return Interaction(fact.contact, fact.kind)


interactions = Aggregate("interaction", InteractionFact, evolve, about=lambda _, interaction: (interaction.contact,))
