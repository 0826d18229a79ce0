"""Wordings: the texts people are asked with. A published text never changes, so a grant names what was read. No I/O."""

from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate, Rejected
from crm.events.consents import ConsentWordingPublished, WordingFact

_STREAMS = UUID("8f6b8f0c-0f39-4a3e-8d0f-1b1f4f3d2a57")


class Wording(Struct, frozen=True):
    purpose: str
    version: str
    language: str
    text: str


def wording_stream(purpose: str, version: str, language: str) -> UUID:
    """Where the publication of a text is recorded."""
    return uuid5(_STREAMS, f"{purpose}/{language}/{version}")


def publish(
    wording: Wording | None, *, purpose: str, version: str, language: str, text: str
) -> ConsentWordingPublished | None:
    """Makes a text known, so that people can be asked with it."""
    if wording is None:
        return ConsentWordingPublished(purpose=purpose, version=version, language=language, text=text)
    if wording.text != text:
        raise Rejected(
            "This version was published with another text. Give the new text a new version.", field="version"
        )
    return None


def evolve(_: Wording | None, fact: WordingFact) -> Wording:
    return Wording(fact.purpose, fact.version, fact.language, fact.text)


wordings = Aggregate("wording", WordingFact, evolve, about=None)
