"""The role `projector`: views and policies follow the own log and, each with a consumer, other services' topics."""

import threading
import time
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind

from crm.chassis.projection import (
    Bell,
    Feed,
    Follower,
    Opener,
    Outcome,
    OwnLoop,
    Subscriber,
    TopicLoop,
    erasure,
    health,
    sources_of,
    teller_over,
)
from crm.chassis.projection.failures import TRANSIENT
from crm.chassis.projection.topics import kafka_streams
from crm.chassis.runtime import KEY_CACHE_S, Runtime
from crm.chassis.telemetry import links_to, metrics
from crm.chassis.together import run_together
from crm.events import Sealed

if TYPE_CHECKING:
    from crm.chassis.service import Service

MOST_LINKS = 32
ACKNOWLEDGE_EVERY_S = 1.0
MEASURE_EVERY_S = 15.0

_tracer = trace.get_tracer("crm.projection")


def subscribers(service: "Service", runtime: Runtime) -> list[Subscriber]:
    """Everything of a service that follows facts."""
    policies = [Follower(each.name, each.types, partial(each.answer, runtime=runtime)) for each in service.policies]
    return [*service.views, *policies]


def project(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Keeps views up to date and lets policies act until told to stop. Without Kafka the own facts go on."""
    following = subscribers(service, runtime)
    jobs = {
        "erasures": partial(acknowledge_erasures, service, runtime, stop),
        "health": partial(measure, service, runtime, stop),
    }
    # Two loops: a policy that sends mails takes its time, and views do not wait for it.
    for loop, acts in (("views", False), ("policies", True)):
        own = [each for each in following if each.acts == acts and service.name in sources_of(each)]
        if own:
            jobs[f"own {loop}"] = partial(_follow_own_log, loop, service.name, runtime, own, stop)
    for subscriber in following:
        foreign = [each for each in sources_of(subscriber) if each != service.name]
        if foreign and runtime.settings.kafka:
            jobs[subscriber.family] = partial(_follow_topics, service.name, runtime, subscriber, foreign, stop)
    run_together(jobs, stop)


def _follow_own_log(
    loop: str, service: str, runtime: Runtime, following: list[Subscriber], stop: threading.Event
) -> None:
    opener = Opener(runtime.keys, shared=True)
    feeds = [Feed(runtime.database, each, service, runtime.keys, opener=opener) for each in following]
    with Bell(runtime.settings.database, loop) as bell:
        OwnLoop(runtime.log, feeds, observe).run(bell, stop)


def _follow_topics(
    service: str,
    runtime: Runtime,
    subscriber: Subscriber,
    foreign: list[str],
    stop: threading.Event,
) -> None:
    feeds = [Feed(runtime.database, subscriber, each, runtime.keys) for each in foreign]
    streams = kafka_streams(runtime.settings.kafka, service, subscriber.family, foreign)
    TopicLoop(streams, feeds, observe).run(teller_over(runtime.database), stop)


def acknowledge_erasures(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Acknowledges each erasure once every view has forgotten the person and no process can have the key cached."""

    def acknowledge(contact: UUID) -> None:
        service.acknowledgements.acknowledge(runtime.log, contact)

    while not stop.wait(ACKNOWLEDGE_EVERY_S):
        try:
            erasure.report(runtime.database, acknowledge, older_than_s=KEY_CACHE_S)
        except TRANSIENT:
            continue  # the loops say what is away


def measure(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Measures what stands in the tables: how far views are behind, and what waits for people."""
    while not stop.wait(MEASURE_EVERY_S):
        try:
            with runtime.database.connection() as connection:
                found = health.feeds(connection, service.name)
            for measured in service.measures:
                measured(runtime)
        except TRANSIENT:
            continue  # the loops say what is away
        for feed in found:
            if feed.lag_facts is not None:
                metrics.PROJECTION_LAG_FACTS.labels(feed.name, feed.source).set(feed.lag_facts)
        for name in {feed.name for feed in found}:
            metrics.PARKED_FACTS.labels(name).set(sum(each.parked for each in found if each.name == name))
            metrics.BLOCKED_STREAMS.labels(name).set(sum(each.blocked_streams for each in found if each.name == name))


def observe(outcome: Outcome) -> None:
    """Measures a batch, and leaves a span that is linked to the traces whose facts it took."""
    view = outcome.subscriber
    metrics.UNKNOWN_TYPES.labels(view).inc(outcome.unknown)
    if outcome.newest is not None:
        metrics.PROJECTION_LAG_S.labels(view, outcome.source).set(max(0.0, time.time() - outcome.newest.timestamp()))
    makers = [each.sealed.traceparent for each in outcome.facts[:MOST_LINKS] if isinstance(each.sealed, Sealed)]
    ended_at = time.time_ns()
    span = _tracer.start_span(
        f"process {view}",
        context=Context(),
        kind=SpanKind.CONSUMER,
        links=links_to(*dict.fromkeys(makers)),
        start_time=ended_at - int(outcome.seconds * 1e9),
    )
    if span.is_recording():
        span.set_attribute("messaging.system", "kafka")
        span.set_attribute("messaging.operation.type", "process")
        span.set_attribute("messaging.destination.name", f"crm.{outcome.source}.v1")
        span.set_attribute("messaging.consumer.group.name", view)
        span.set_attribute("messaging.batch.message_count", outcome.consumed)
    span.end(ended_at)
