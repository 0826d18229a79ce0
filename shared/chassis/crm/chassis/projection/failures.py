"""Failures: which pass by themselves, and how the others are told without telling anything of a person."""

from pathlib import Path
from traceback import extract_tb

import psycopg

from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Disconnected


class SourceAway(Exception):  # noqa: N818
    """A source of facts cannot be read now."""


TRANSIENT = (SourceAway, psycopg.OperationalError, psycopg.InterfaceError, KeyringUnavailable, Disconnected, Conflict)
"""Deadlocks, serialization failures and timeouts are `OperationalError`s too."""


def is_transient(error: BaseException) -> bool:
    """Whether the same thing may work when it is tried again."""
    return isinstance(error, TRANSIENT)


class Jump(Exception):  # noqa: N818
    """A version of a stream came before the one that precedes it."""


class Reused(Exception):  # noqa: N818
    """A version that was applied came again from another append, as after a failover that lost the first."""


class NotAFact(Exception):  # noqa: N818
    """A record that could not be read as a fact."""


def where(error: BaseException) -> str:
    """Where an error was raised. Its text is not used: it may hold values, and values may be personal."""
    frames = extract_tb(error.__traceback__)
    if not frames:
        return "before it was handled"
    last = frames[-1]
    return f"{Path(last.filename).name}:{last.lineno} in {last.name}"


def kind(error: BaseException) -> str:
    """The class of an error, by which parked facts are listed and retried."""
    return type(error).__name__
