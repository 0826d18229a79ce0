"""A fault in the middle of a mail: it is handed over, and what became of it is not recorded yet."""

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

from crm.events import type_of
from crm.events.campaigns import MessageHandedOff
from tests.proving.faults import processes
from tests.proving.stage import Stage

SENDER = "campaigns-projector"
"""The role that hands mails over."""
WATCHED_S, WRITTEN_S = 4.0, 0.03
"""How long a hand-off is waited for, and how long what was on its way to the log then takes."""
_LAST_FACT = "SELECT topic FROM events ORDER BY era DESC, tx DESC, notification_id DESC LIMIT 1"


@dataclass(frozen=True)
class KilledSending:
    """SIGKILL to the process that sends mails, once one is handed over and before it is known what became of it."""

    kills = 1

    def __str__(self) -> str:
        return f"kill {SENDER} while it hands a mail over"

    def begin(self, stage: Stage) -> None:
        for sender in processes(stage, (SENDER,)):
            with suppress(psycopg.Error, psutil.NoSuchProcess):  # the server is away: then it happens at once
                self._halt(stage, sender)
            with suppress(psutil.NoSuchProcess):
                sender.kill()

    def _halt(self, stage: Stage, sender: psutil.Process) -> None:
        """Stops the process where the last fact is a hand-off, and stays it."""
        deadline = time.monotonic() + WATCHED_S
        with stage.database("campaigns") as db:
            while time.monotonic() < deadline:
                if _hands_off(db):
                    sender.suspend()
                    time.sleep(WRITTEN_S)
                    if _hands_off(db):
                        return
                    sender.resume()

    def end(self, stage: Stage) -> None: ...


def _hands_off(db: psycopg.Connection[Any]) -> bool:
    return db.execute(_LAST_FACT).fetchone() == (type_of(MessageHandedOff),)
