"""Facts for views without a log: recorded in memory, in their envelopes, sealed as in the store."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

from crm.chassis.keys import Keys, MemoryKeys
from crm.chassis.projection.delivery import LOG_SHARD, Delivery
from crm.events import Fact, Position, Recorded, Sealed, type_of, wire

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)


def recorded(
    stream: UUID,
    fact: Fact,
    version: int = 1,
    *,
    occurred_at: datetime = DAY_ONE,
    contact_ids: Sequence[UUID] | None = None,
    actor: str = "user:ada",
    channel: str = "web",
) -> Recorded[Fact]:
    """A fact in its envelope, as handlers of views and policies get it."""
    return Recorded(
        stream=stream,
        version=version,
        append_id=uuid4(),
        partition_key=stream,
        occurred_at=occurred_at,
        recorded_at=occurred_at,
        actor=actor,
        channel=channel,
        contact_ids=(stream,) if contact_ids is None else tuple(contact_ids),
        correlation_id="test",
        type=type_of(fact),
        fact=fact,
    )


class Records:
    """A log in memory: every fact recorded here gets the next version and position. Read like the real one."""

    def __init__(self, keys: Keys | None = None) -> None:
        self.keys = keys or MemoryKeys()
        self.log: list[Sealed] = []
        self._versions: dict[UUID, int] = defaultdict(int)

    def record(
        self,
        stream: UUID,
        *facts: Fact,
        subject: UUID | None = None,
        contact_ids: Sequence[UUID] | None = None,
        occurred_at: datetime | None = None,
        actor: str = "user:ada",
    ) -> list[Sealed]:
        """Appends facts to a stream in one append; `subject` is whose key seals what is personal."""
        about = (uuid4(), subject or stream, contact_ids, occurred_at, actor)
        return [self._append(stream, fact, *about) for fact in facts]

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        """The facts after a position."""
        start = after.number if after else 0
        return self.log[start : start + limit]

    def _append(
        self,
        stream: UUID,
        fact: Fact,
        append_id: UUID,
        subject: UUID,
        contact_ids: Sequence[UUID] | None,
        occurred_at: datetime | None,
        actor: str,
    ) -> Sealed:
        self._versions[stream] += 1
        version, number = self._versions[stream], len(self.log) + 1
        recorded_at = DAY_ONE + timedelta(seconds=number)
        sealed = Sealed(
            stream=stream,
            version=version,
            append_id=append_id,
            partition_key=subject,
            occurred_at=occurred_at or recorded_at,
            recorded_at=recorded_at,
            actor=actor,
            channel="web",
            contact_ids=(subject,) if contact_ids is None else tuple(contact_ids),
            correlation_id="test",
            position=Position(1, number, number),
            type=type_of(fact),
            value=wire.encode(fact, partial(self.keys.seal, subject, f"{stream}:{version}")),
        )
        self.log.append(sealed)
        return sealed


def from_log(facts: Iterable[Sealed]) -> list[Delivery]:
    """Facts as the own log delivers them."""
    return [Delivery(each, LOG_SHARD, each.position) for each in facts if each.position]


def from_topic(facts: Iterable[Sealed], *, partitions: int = 1, first: int = 0) -> list[Delivery]:
    """Facts as a topic delivers them: each stream in one partition, offsets counted up per partition."""
    offsets: dict[int, int] = defaultdict(lambda: first)
    found = []
    for each in facts:
        shard = each.partition_key.int % partitions
        offsets[shard] += 1
        found.append(Delivery(each, shard, Position(0, 0, offsets[shard])))
    return found
