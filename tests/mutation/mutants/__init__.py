"""The guards of the event path, each with what takes it away: one module for each part of the path."""

from tests.mutation.mutants.around import AROUND
from tests.mutation.mutants.log import LOG
from tests.mutation.mutants.mutant import Mutant
from tests.mutation.mutants.projection import PROJECTION
from tests.mutation.mutants.relay import RELAY

MUTANTS = LOG + RELAY + PROJECTION + AROUND

__all__ = ["MUTANTS", "Mutant"]
