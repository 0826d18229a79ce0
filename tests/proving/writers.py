"""Fast clients: they append to the log of contacts through the library, beside the API, as an importer would."""

import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from uuid import UUID, uuid4

from psycopg import Error

from crm.chassis.database import Database
from crm.chassis.keys import Keyring, KeyringUnavailable
from crm.chassis.log import Conflict, Context, Disconnected, Idempotency, PostgresStore, Step, Written
from crm.contacts.consent import consent_stream, consents, grant
from crm.contacts.interaction import interactions, log_interaction
from crm.contacts.service import service
from crm.local.suite import Layout
from tests.integration.running_suite import RunningSuite
from tests.proving.memory import Memory

SIZES = (1, 1, 1, 2, 5, 20, 50)
"""How many streams one append writes to."""
AGAIN_S, ANSWERED_S = 0.1, 300.0


class Writer:
    """Appends notes, many streams at once, and consents, on streams for which all writers race."""

    def __init__(
        self,
        suite: RunningSuite,
        memory: Memory,
        contacts: Sequence[str],
        chance: random.Random,
        stop: threading.Event,
        go: Callable[[], bool],
    ) -> None:
        self._contacts = [UUID(each) for each in contacts]
        self._memory, self._chance, self._stop, self._go = memory, chance, stop, go
        postgres = suite.described["postgres"]
        self._database = Database(postgres["contacts"], max_size=2, application="prover")
        self._keys = Keyring(postgres["keyring"], Layout(suite.folder).master_key())
        self._log = service.log(PostgresStore(self._database), self._keys)

    def run(self) -> None:
        """Writes until told to stop."""
        try:
            while not self._stop.is_set():
                if self._go():
                    self._write(self._race() if self._chance.random() < 0.3 else self._notes())
                else:
                    self._stop.wait(AGAIN_S)
        finally:
            self._database.close()
            self._keys.close()

    def _write(self, steps: Sequence[Step]) -> None:
        """One append, tried under one key until it is answered."""
        context = Context("user:prover", idempotency=Idempotency("prover", str(uuid4()), b""))
        tries, deadline = 0, time.monotonic() + ANSWERED_S
        while time.monotonic() < deadline:
            tries += 1
            written = self._attempt(context, steps)
            if written is not None:
                streams = [UUID(each.rpartition(":")[0]) for each in written.event_ids]
                self._memory.wrote("contacts", streams, tries=tries)
                return
            self._stop.wait(AGAIN_S)
        raise TimeoutError(f"an append was not answered within {ANSWERED_S:g} s")

    def _attempt(self, context: Context, steps: Sequence[Step]) -> Written | None:
        try:
            return self._log.commands(context).execute_together(*steps)
        except (Conflict, Disconnected, KeyringUnavailable, Error):
            return None

    def _notes(self) -> list[Step]:
        contacts = self._chance.choices(self._contacts, k=self._chance.choice(SIZES))
        note = partial(log_interaction, kind="note", direction="internal", subject="written", body=None)
        return [Step(interactions, uuid4(), partial(note, contact=each)) for each in contacts]

    def _race(self) -> list[Step]:
        contact = self._chance.choice(self._contacts[:5])
        stream = consent_stream(contact, "phone", "marketing")
        agree = partial(grant, contact=contact, channel="phone", purpose="marketing", source="load")
        return [Step(consents, stream, partial(agree, wording_version=str(uuid4())))]
