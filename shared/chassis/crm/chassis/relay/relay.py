"""The loop that publishes a service's log. Two may run: one leads, the other stands by."""

import logging
import threading
from collections.abc import Callable

import psycopg

from crm.chassis.kafka import PARTITIONS, KafkaRefused, KafkaUnavailable, PartitionsDiffer, topic_of
from crm.chassis.log import Disconnected
from crm.chassis.relay.leadership import SILENCE_S, Fenced, Leadership
from crm.chassis.relay.sending import Sending
from crm.chassis.relay.status import START, RelayStatus
from crm.chassis.relay.term import Read, Term
from crm.chassis.relay.topic_check import PartitionsChanged, TopicReplaced, check_topic
from crm.chassis.telemetry import metrics

PAGE = 1_000
STANDBY_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0

_NEEDS_A_PERSON = (TopicReplaced, PartitionsChanged, PartitionsDiffer)
_PASSES = (KafkaUnavailable, KafkaRefused, Disconnected, psycopg.Error)

_log = logging.getLogger("crm.relay")


class Relay:
    """Publishes the settled facts of one service, in position order. `run` belongs to one thread."""

    def __init__(
        self,
        service: str,
        dsn: str,
        read: Read,
        bootstrap: str,
        *,
        topic: str | None = None,
        partitions: int = PARTITIONS,
        page: int = PAGE,
        silence_s: float = SILENCE_S,
        longest_pause_s: float = LONGEST_PAUSE_S,
    ) -> None:
        self.service, self.topic = service, topic or topic_of(service)
        self.status = RelayStatus()
        self._dsn, self._read, self._bootstrap = dsn, read, bootstrap
        self._partitions, self._page = partitions, page
        self._silence_s, self._longest_pause_s = silence_s, longest_pause_s
        self._furthest = START
        self._beat: Callable[[], None] = lambda: None

    def run(self, stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
        """Publishes until told to stop, and lives on while PostgreSQL or Kafka is away. `beat`: at every turn."""
        self._beat = beat
        metrics.RELAY_LAG_S.set_function(lambda: self.status.lag_s)
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            published = self.status.published
            try:
                self._contend(stop)
            except Fenced as fenced:
                _log.warning("%s; it contends again", fenced)
            except _NEEDS_A_PERSON as error:
                self._failed(error, needs_a_person=True)
                stop.wait(self._longest_pause_s)
            except _PASSES as error:
                self._failed(error, needs_a_person=False)
                pause_s = FIRST_PAUSE_S if self.status.published > published else pause_s * 2
                stop.wait(min(pause_s, self._longest_pause_s))
            finally:
                self.status.leads = False

    def _failed(self, error: Exception, *, needs_a_person: bool) -> None:
        text = f"{type(error).__name__}: {error}" if not isinstance(error, psycopg.Error) else type(error).__name__
        if text != self.status.error:
            level = logging.ERROR if needs_a_person else logging.WARNING
            _log.log(level, "the relay of %s stopped: %s", self.service, text)
        self.status.error, self.status.needs_a_person = text, needs_a_person
        self._beat()
        if self.status.behind_since is None:
            self._look_how_far_behind()

    def _look_how_far_behind(self) -> None:
        try:
            waiting = self._read(self.status.position, 1)
        except (Disconnected, psycopg.Error):
            return
        self.status.behind_since = waiting[0].recorded_at if waiting else None

    def _contend(self, stop: threading.Event) -> None:
        """Waits to become the leader, then publishes until told to stop."""
        with Leadership(self._dsn, self.service, silence_s=self._silence_s) as leader:
            while not leader.take():
                self._beat()
                if stop.wait(STANDBY_S):
                    return
            self._check_topic(leader)
            self._furthest = max(self._furthest, leader.published_before(), leader.position)
            _log.info("the relay of %s leads in epoch %d", self.service, leader.epoch)
            self.status.leads, self.status.position = True, leader.position
            self._publish(leader, stop)

    def _publish(self, leader: Leadership, stop: threading.Event) -> None:
        sending = Sending(self._bootstrap, self.topic)
        term = Term(
            leader,
            sending,
            lambda after: self._read(after, self._page),
            self.status,
            self._furthest,
            lambda: self._check_topic(leader),
            confirm_every_s=self._silence_s / 4,
        )
        try:
            term.publish(stop, self._beat)
        finally:
            self._furthest = term.furthest
            sending.abandon()

    def _check_topic(self, leader: Leadership) -> None:
        check_topic(leader, self._bootstrap, self.topic, self._partitions)
