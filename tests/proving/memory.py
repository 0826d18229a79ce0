"""What the suite has acknowledged to the clients: the promise it is held to afterwards."""

import threading
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

ACTORS = ("user:administrator", "user:prover")
"""Whom the clients are to the suite: who calls the APIs, and who writes through the library."""


class Memory:
    """Counts facts by stream. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._facts: dict[str, Counter[UUID]] = {}
        self.facts = 0
        """How many facts were acknowledged."""
        self.answers = 0
        """How many commands were answered."""
        self.repeats = 0
        """How many of them had to be sent more than once."""
        self.mails: set[tuple[str, str]] = set()
        """The mails that may arrive: recipient and subject."""

    def wrote(self, service: str, streams: Iterable[UUID], *, tries: int) -> None:
        """A command was answered; it wrote one fact for each mention of a stream."""
        with self._lock:
            counted = Counter(streams)
            self._facts.setdefault(service, Counter()).update(counted)
            self.facts += counted.total()
            self._answered(tries)

    def reached(self, token: str, *, tries: int) -> None:
        """A command was answered with a token; nobody else writes to the streams it names, so they are that long."""
        service, _, versions = token.partition("/")
        with self._lock:
            known = self._facts.setdefault(service, Counter())
            for each in versions.split(","):
                stream, _, version = each.rpartition(":")
                self.facts += int(version) - known[UUID(stream)]
                known[UUID(stream)] = int(version)
            self._answered(tries)

    def streams(self, service: str) -> Counter[UUID]:
        """By stream, how many facts of the clients a service has acknowledged."""
        with self._lock:
            return Counter(self._facts.get(service, {}))

    @property
    def services(self) -> list[str]:
        return sorted(self._facts)

    def _answered(self, tries: int) -> None:
        self.answers += 1
        self.repeats += tries > 1
