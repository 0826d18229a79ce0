"""The published language of Rapport: every fact of every service, declared once.

Read `fact` (what a fact is), `envelope` (what surrounds it), then the module of a service.
"""

from crm.events.envelope import Envelope, Position, Recorded, Sealed
from crm.events.fact import ERASED, Fact, Moment, Personal, UnknownFact, summarise, type_of
from crm.events.money import Money

__all__ = [
    "ERASED",
    "Envelope",
    "Fact",
    "Moment",
    "Money",
    "Personal",
    "Position",
    "Recorded",
    "Sealed",
    "UnknownFact",
    "summarise",
    "type_of",
]
