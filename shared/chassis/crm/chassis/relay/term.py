"""The time of one leader with one producer: read a page, send it, save the position once all of it is acknowledged."""

import threading
import time
from collections.abc import Callable, Sequence

from crm.chassis.relay.leadership import Leadership
from crm.chassis.relay.sending import Sending
from crm.chassis.relay.status import START, RelayStatus
from crm.chassis.relay.topic_check import check_receipt
from crm.chassis.telemetry import metrics
from crm.events import Position, Sealed

QUICK_S, SLOW_S = 0.005, 1.0
"""How soon it looks again when there is nothing to do: at first, and after a while."""
SAVE_EVERY_S = 0.02
"""Every save is a write transaction, which holds readers of the log back; acknowledged pages share one."""
CHECK_EVERY_S = 30.0
DRAIN_S = 5.0

Read = Callable[[Position | None, int], Sequence[Sealed]]
"""Settled facts of the log after a position, in order, about so many; an append is never split."""


class Term:
    """Ends with whatever goes wrong: the next one begins at the saved position, with another producer."""

    def __init__(
        self,
        leader: Leadership,
        sending: Sending,
        read: Callable[[Position | None], Sequence[Sealed]],
        status: RelayStatus,
        furthest: Position,
        check: Callable[[], None],
        *,
        confirm_every_s: float,
    ) -> None:
        self.furthest = furthest
        """The last position that was ever sent, as far as is known here."""
        self._leader, self._sending, self._read, self._status, self._check = leader, sending, read, status, check
        self._cursor = leader.position
        self._unsaved: Position | None = None
        self._acked: dict[int, int] = {}
        self._confirm_every_s = confirm_every_s
        self._saved_at = self._confirmed_at = self._checked_at = time.monotonic()

    def publish(self, stop: threading.Event, beat: Callable[[], None]) -> None:
        """Publishes until told to stop; then waits a little for what is on its way."""
        pause_s = QUICK_S
        while not stop.is_set():
            beat()
            self._keep_the_lead()
            sent = not self._sending.is_full and self._send_page()
            self._settle()
            if self._sending.oldest is not None:
                self._sending.poll(0 if sent else QUICK_S)
                pause_s = QUICK_S
            elif not sent:
                self._caught_up()
                pause_s = QUICK_S if self._leader.wait(self._until_save(pause_s)) else min(pause_s * 2, SLOW_S)
        self._drain(beat)

    def _send_page(self) -> bool:
        facts = self._read(self._cursor if self._cursor != START else None)
        if not facts:
            return False
        self._cursor = self._sending.send(facts, self.furthest)
        self.furthest = max(self.furthest, self._cursor)
        return True

    def _settle(self) -> None:
        for page in self._sending.settled():
            check_receipt(self._leader, self._sending.topic, page.receipt)
            self._unsaved = page.last
            self._acked.update(page.receipt.highest)
            self._status.published += page.facts
            self._status.republished += page.repeats
            metrics.PUBLISHED.inc(page.facts)
            metrics.REPUBLISHED.inc(page.repeats)
        self._status.behind_since = self._sending.oldest
        if self._unsaved is not None and time.monotonic() >= self._saved_at + SAVE_EVERY_S:
            self._save(self._unsaved)

    def _save(self, position: Position) -> None:
        self._leader.save(position, self._acked)
        self._saved_at = self._confirmed_at = time.monotonic()
        self._unsaved = None
        self._acked = {}
        self._status.position = position
        self._status.error = None

    def _caught_up(self) -> None:
        self._status.behind_since = self._status.error = None
        self._status.needs_a_person = False

    def _until_save(self, pause_s: float) -> float:
        if self._unsaved is None:
            return pause_s
        return min(pause_s, max(0.0, self._saved_at + SAVE_EVERY_S - time.monotonic()))

    def _keep_the_lead(self) -> None:
        now = time.monotonic()
        if now - self._confirmed_at >= self._confirm_every_s:
            self._leader.confirm()
            self._confirmed_at = now
        if now - self._checked_at >= CHECK_EVERY_S:
            self._check()
            self._checked_at = now

    def _drain(self, beat: Callable[[], None]) -> None:
        deadline = time.monotonic() + DRAIN_S
        while self._sending.oldest is not None and time.monotonic() < deadline:
            beat()
            self._sending.poll(QUICK_S)
            self._settle()
        if self._unsaved is not None:
            self._save(self._unsaved)
