"""What every Kafka client here has in common: how it connects, how it fails, how its chatter is kept low."""

import logging
from collections.abc import Callable
from typing import Any

from confluent_kafka import KafkaError, KafkaException

RECONNECT_MS = 50
LONGEST_RECONNECT_MS = 1_000

_log = logging.getLogger("crm.kafka")


class KafkaUnavailable(Exception):  # noqa: N818
    """Kafka cannot be reached, or does not answer. Worth another try."""


class KafkaRefused(Exception):  # noqa: N818
    """Kafka, or its client, refuses for good: another try would end the same."""


class _Chatter:
    """Takes librdkafka's log lines. What matters in them reaches us as errors too, so they are for debugging only."""

    def log(self, _level: int, message: str, *arguments: object) -> None:
        _log.debug(message, *arguments)


def connecting(bootstrap: str, on_error: Callable[[KafkaError], None] | None = None) -> dict[str, Any]:
    """The settings of any client."""
    return {
        "bootstrap.servers": bootstrap,
        "client.id": "rapport",
        "logger": _Chatter(),
        "error_cb": on_error or _ignore,
        "log.connection.close": False,
        "enable.metrics.push": False,
        "statistics.interval.ms": 0,
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": RECONNECT_MS,
        "reconnect.backoff.max.ms": LONGEST_RECONNECT_MS,
    }


def failure(error: KafkaException | KafkaError) -> KafkaUnavailable | KafkaRefused:
    """An error of the client as one of ours. Its text names brokers, topics and partitions, never contents."""
    cause = error.args[0] if isinstance(error, KafkaException) else error
    if not isinstance(cause, KafkaError):
        return KafkaUnavailable(str(cause))
    text = f"{cause.name()}: {cause.str()}"
    return KafkaUnavailable(text) if cause.retriable() or cause.code() in _AWAY else KafkaRefused(text)


_AWAY = {
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._RESOLVE,
    KafkaError._TIMED_OUT,
    KafkaError._TIMED_OUT_QUEUE,
    KafkaError._MSG_TIMED_OUT,
    KafkaError._WAIT_COORD,
    KafkaError.REQUEST_TIMED_OUT,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.NOT_CONTROLLER,
    KafkaError.BROKER_NOT_AVAILABLE,
    KafkaError.NETWORK_EXCEPTION,
}


def _ignore(_error: KafkaError) -> None:
    """Clients that are asked something get the error as the answer."""
