"""Pages on their way to Kafka: several at once, settled in the order they were sent."""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from crm.chassis.kafka import KafkaUnavailable, Producer, Receipt, to_record
from crm.chassis.telemetry import links_to, traceparent_of
from crm.events import Position, Sealed

PAGES_IN_FLIGHT = 8
ANSWER_WITHIN_S = 30.0
MOST_LINKS = 128
"""What the SDK keeps of a span's links."""

_tracer = trace.get_tracer("crm.relay")


@dataclass
class Page:
    """Facts that were sent together."""

    facts: int
    repeats: int
    """How many of them had been sent before."""
    last: Position
    oldest: datetime
    receipt: Receipt
    sent_at: float
    span: Span


class Sending:
    """The pages one producer has sent and Kafka has not acknowledged. One thread uses it."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self.topic = topic
        self._producer = Producer(bootstrap)
        self._pages: deque[Page] = deque()

    @property
    def is_full(self) -> bool:
        return len(self._pages) >= PAGES_IN_FLIGHT

    @property
    def oldest(self) -> datetime | None:
        """When the oldest fact on its way was recorded; None if none is on its way."""
        return self._pages[0].oldest if self._pages else None

    def send(self, facts: Sequence[Sealed], furthest: Position) -> Position:
        """Sends a page of the log and returns its last position. `furthest` is what was sent before, at the utmost.

        Raises `KafkaRefused`, `KafkaUnavailable`.
        """
        span = self._span(facts)
        hop = traceparent_of(context) if (context := span.get_span_context()).is_valid else None
        positions = [each.position for each in facts if each.position is not None]
        page = Page(
            facts=len(facts),
            repeats=sum(each <= furthest for each in positions) if positions[0] <= furthest else 0,
            last=positions[-1],
            oldest=facts[0].recorded_at,
            receipt=Receipt(),
            sent_at=time.monotonic(),
            span=span,
        )
        self._pages.append(page)
        page.receipt = self._producer.send(self.topic, (to_record(each, hop) for each in facts))
        return page.last

    def poll(self, timeout_s: float) -> None:
        """Takes acknowledgements, waiting for the first. Raises `KafkaUnavailable`."""
        self._producer.poll(timeout_s)

    def settled(self) -> list[Page]:
        """The pages that are acknowledged completely, up to the first that is not. Raises why one never will be."""
        done: list[Page] = []
        while self._pages and not (page := self._pages[0]).receipt.outstanding and page.receipt.error is None:
            done.append(self._pages.popleft())
            page.span.end()
        for page in self._pages:
            if page.receipt.error is not None:
                raise page.receipt.error
        if self._pages and time.monotonic() - self._pages[0].sent_at > ANSWER_WITHIN_S:
            raise KafkaUnavailable(f"no acknowledgement within {ANSWER_WITHIN_S:g} s")
        return done

    def abandon(self) -> None:
        """Forgets what is not acknowledged. It is sent again from the saved position, by another producer."""
        self._producer.abandon()
        while self._pages:
            span = self._pages.popleft().span
            span.set_status(Status(StatusCode.ERROR, "not acknowledged"))
            span.end()

    def _span(self, facts: Sequence[Sealed]) -> Span:
        span = _tracer.start_span(f"send {self.topic}", context=Context(), kind=SpanKind.PRODUCER)
        if span.is_recording():
            span.set_attribute("messaging.system", "kafka")
            span.set_attribute("messaging.operation.name", "send")
            span.set_attribute("messaging.operation.type", "send")
            span.set_attribute("messaging.destination.name", self.topic)
            span.set_attribute("messaging.batch.message_count", len(facts))
            makers = list(dict.fromkeys(each.traceparent for each in facts if each.traceparent))
            for link in links_to(*makers[:MOST_LINKS]):
                span.add_link(link.context)
        return span
