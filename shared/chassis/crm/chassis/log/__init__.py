"""The event log: commands are decided on a stream's state and appended in one transaction.

Read `context` (what is asked and answered), `commands` (how a command is decided and appended), `store` (what keeps
facts), `recorder` (the table, and the horizon that makes reading it safe).
"""

from crm.chassis.log.claims import ClaimFacts
from crm.chassis.log.commands import Commands
from crm.chassis.log.context import Context, Idempotency, Step, Written
from crm.chassis.log.event_log import EventLog, Folded
from crm.chassis.log.memory import MemoryStore
from crm.chassis.log.postgres import PostgresStore
from crm.chassis.log.store import Conflict, Disconnected, KeyReused, LateLoad, Store

__all__ = [
    "ClaimFacts",
    "Commands",
    "Conflict",
    "Context",
    "Disconnected",
    "EventLog",
    "Folded",
    "Idempotency",
    "KeyReused",
    "LateLoad",
    "MemoryStore",
    "PostgresStore",
    "Step",
    "Store",
    "Written",
]
