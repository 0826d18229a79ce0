"""The load: clients of several services that send again what was not answered, and remember what was."""

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from tests.integration.running_suite import RunningSuite
from tests.proving.calling import AGAIN_S, Client
from tests.proving.leaving import Leaving
from tests.proving.memory import Memory
from tests.proving.writers import Writer

WRITERS = 3
AUDIENCE = 12


Work = Callable[[Client, str, random.Random], None]


def talk(client: Client, contact: str, chance: random.Random) -> None:
    """Notes about a contact, each a stream."""
    note = {"kind": "note", "direction": "internal", "subject": f"note {uuid4()}"}
    client.write("contacts", f"/contacts/{contact}/interactions", note)


def sell(client: Client, contact: str, chance: random.Random) -> None:
    """A lead from the first word to the last."""
    lead = client.write("sales", "/leads", {"name": "Load", "contact": contact, "source": "web"})["id"]
    client.write("sales", f"/leads/{lead}/qualify", {})
    if chance.random() < 0.5:
        client.write("sales", f"/leads/{lead}/disqualify", {"reason": "no budget"})


def help_out(client: Client, contact: str, chance: random.Random) -> None:
    """A ticket that is answered and solved."""
    asked = {"subject": "How?", "body": "Please explain.", "contact": contact}
    ticket = client.write("service-desk", "/tickets", asked)["id"]
    for _ in range(chance.randint(0, 3)):
        client.write("service-desk", f"/tickets/{ticket}/reply", {"body": "Like this."})
    client.write("service-desk", f"/tickets/{ticket}/solve", {})


class Mailing:
    """Campaigns to some of the contacts, one after the other."""

    def __init__(self, contacts: Sequence[str]) -> None:
        self._contacts = contacts
        self.campaigns: list[str] = []

    def __call__(self, client: Client, contact: str, chance: random.Random) -> None:
        audience = chance.sample(list(self._contacts), min(AUDIENCE, len(self._contacts)))
        subject = f"campaign {uuid4()}"
        client.memory.mails |= {(address_of(each), subject) for each in audience}
        body = {"name": "Load", "subject": subject, "text": "Dear {name}", "audience": {"contacts": audience}}
        campaign = str(client.write("campaigns", "/campaigns", body)["id"])
        self.campaigns.append(campaign)
        client.write("campaigns", f"/campaigns/{campaign}/start", {})
        client.stop.wait(1)  # mails take longer to send than campaigns to start


def address_of(contact: str) -> str:
    """Where the mails of a contact of the load go."""
    return f"{contact}@example.org"


def people(client: Client, number: int) -> list[str]:
    """New contacts who agree to mails."""
    found = []
    for _ in range(number):
        contact = str(client.write("contacts", "/contacts", {"name": "Load Person"})["id"])
        client.write("contacts", f"/contacts/{contact}/emails", {"email": address_of(contact)})
        agreed: dict[str, Any] = {
            "channel": "email",
            "purpose": "marketing",
            "wording_version": "1",
            "source": "load",
        } | {"evidence": {}}
        client.write("contacts", f"/contacts/{contact}/consents", agreed)
        found.append(contact)
    return found


class Load:
    """The clients at work, and those of them who know something to be looked at afterwards."""

    def __init__(self, contacts: Sequence[str]) -> None:
        self.mailing, self.leaving = Mailing(contacts), Leaving()
        self.clients: list[Future[None]] = []

    def check(self) -> None:
        """Raises what ended a client, if anything has."""
        for each in self.clients:
            if each.done():
                each.result()


@contextmanager
def load(
    suite: RunningSuite, memory: Memory, contacts: Sequence[str], seed: int, go: Callable[[], bool]
) -> Iterator[Load]:
    """Load in the background, as long as `go` says that facts are wanted; raises afterwards what stopped a client."""
    stop, running = threading.Event(), Load(contacts)
    works: list[Work] = [talk, sell, help_out, running.mailing, running.leaving]
    with ThreadPoolExecutor(len(works) + WRITERS) as pool:
        running.clients = [
            pool.submit(_repeat, work, Client(suite, memory, stop), contacts, random.Random(f"{seed} {n}"), go)
            for n, work in enumerate(works)
        ]
        running.clients += [
            pool.submit(Writer(suite, memory, contacts, random.Random(f"{seed} w{n}"), stop, go).run)
            for n in range(WRITERS)
        ]
        try:
            yield running
        finally:
            stop.set()
    running.check()


def _repeat(work: Work, client: Client, contacts: Sequence[str], chance: random.Random, go: Callable[[], bool]) -> None:
    try:
        while not client.stop.is_set():
            if go():
                work(client, chance.choice(contacts), chance)
            else:
                client.stop.wait(AGAIN_S)
    finally:
        client.close()
