"""The envelope around every fact: who, when, about whom, and where in the log. The same in the store and on Kafka."""

from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from msgspec import Struct

from crm.events.fact import Fact, service_of

F = TypeVar("F", bound=Fact, covariant=True)


class Position(NamedTuple):
    """Where a fact stands in its service's log: era, transaction id, number. Readers see positions in this order."""

    era: int
    tx: int
    number: int


class Envelope(Struct, frozen=True, kw_only=True):
    """What is known of a fact beside its content. Times are UTC."""

    stream: UUID
    version: int
    append_id: UUID
    partition_key: UUID
    """What the stream is keyed by for ever: the first contact it is about, else the stream itself."""
    occurred_at: datetime
    """When it happened in the world; may be earlier than its recording."""
    recorded_at: datetime
    """When it was written, by the clock of the service's database."""
    actor: str
    channel: str
    contact_ids: tuple[UUID, ...] = ()
    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    position: Position | None = None
    """Where it stands in the log of its own service; None where whoever sent it did not say."""

    @property
    def event_id(self) -> str:
        return f"{self.stream}:{self.version}"


class Sealed(Envelope, frozen=True, kw_only=True):
    """A fact as it is stored and sent: JSON whose personal part is still encrypted."""

    type: str
    value: bytes

    @property
    def service(self) -> str:
        return service_of(self.type)


class Recorded(Envelope, Generic[F], frozen=True, kw_only=True):
    """A fact as it is read: opened, typed, in its envelope."""

    type: str
    fact: F

    @property
    def service(self) -> str:
        return service_of(self.type)
