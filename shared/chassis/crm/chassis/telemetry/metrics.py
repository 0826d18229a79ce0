"""Every metric of the suite, in one typed list. Labels are names of parts, never ids and never personal data."""

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest

_SECONDS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

RELAY_LAG_S: Final = Gauge("rapport_relay_lag_seconds", "Age of the oldest settled fact that is not on Kafka yet")
HORIZON_BLOCKED_S: Final = Gauge(
    "rapport_horizon_blocked_seconds", "Age of the oldest open write transaction, which holds every reader back"
)
PROJECTION_LAG_S: Final = Gauge(
    "rapport_projection_lag_seconds", "Age of the oldest fact a view has not applied yet", ["view", "source"]
)
PROJECTION_LAG_FACTS: Final = Gauge(
    "rapport_projection_lag_facts", "Facts a view has not applied yet", ["view", "source"]
)
PARKED_FACTS: Final = Gauge("rapport_parked_facts", "Facts set aside because their handler failed", ["view"])
BLOCKED_STREAMS: Final = Gauge("rapport_blocked_streams", "Streams that wait behind a parked fact", ["view"])
PUBLISHED: Final = Counter("rapport_published_facts", "Facts acknowledged by Kafka")
REPUBLISHED: Final = Counter("rapport_republished_facts", "Facts sent to Kafka again")
UNKNOWN_TYPES: Final = Counter(
    "rapport_unknown_type_facts", "Facts of a type this version of the code does not know", ["view"]
)
ERASURE_WAITING_S: Final = Gauge(
    "rapport_erasure_waiting_seconds", "Age of the oldest erasure that a service has not acknowledged", ["service"]
)
COMMAND_S: Final = Histogram(
    "rapport_command_duration_seconds", "Commands over HTTP", ["operation", "status"], buckets=_SECONDS
)
QUERY_S: Final = Histogram(
    "rapport_query_duration_seconds", "Queries over HTTP", ["operation", "status"], buckets=_SECONDS
)

ALL: Final = (
    RELAY_LAG_S,
    HORIZON_BLOCKED_S,
    PROJECTION_LAG_S,
    PROJECTION_LAG_FACTS,
    PARKED_FACTS,
    BLOCKED_STREAMS,
    PUBLISHED,
    REPUBLISHED,
    UNKNOWN_TYPES,
    ERASURE_WAITING_S,
    COMMAND_S,
    QUERY_S,
)

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST


def exposition() -> bytes:
    """All metrics of this process, as Prometheus reads them."""
    return generate_latest(REGISTRY)
