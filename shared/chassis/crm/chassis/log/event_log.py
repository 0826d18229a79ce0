"""The log of one service: where its commands are decided and its facts are read."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from crm.chassis.decider import Aggregate, Claim, Unknown
from crm.chassis.keys import Keys
from crm.chassis.log.claims import ClaimFacts, Claims
from crm.chassis.log.commands import Commands
from crm.chassis.log.context import Context, Written
from crm.chassis.log.draft import own
from crm.chassis.log.store import Excerpt, Store
from crm.events import Fact, Position, Recorded, Sealed, wire

S = TypeVar("S")

WINDOW = 20_000
"""How much of the log is looked through for one excerpt, so that it takes a fraction of a second."""


@dataclass(frozen=True)
class Folded(Generic[S]):
    """A stream's state and the version it was folded to."""

    state: S
    version: int
    token: str


class EventLog:
    """Facts of one service, in its own store. Thread-safe."""

    def __init__(self, service: str, store: Store, keys: Keys, claim_facts: ClaimFacts | None = None) -> None:
        self.service = service
        self.store = store
        self.keys = keys
        self.claims = Claims(store, keys, claim_facts) if claim_facts else None

    def commands(self, context: Context) -> Commands:
        """What executes commands on behalf of somebody."""
        return Commands(self, context)

    def get(
        self,
        aggregate: Aggregate[S, Any],
        stream: UUID,
        *,
        as_of: datetime | None = None,
        as_known_at: datetime | None = None,
    ) -> Folded[S]:
        """The state of a stream now, as of a moment in the world, or as it was known at a moment (both UTC, C11).

        Raises `Unknown` if there was no such stream, or not yet.
        """
        folded = self._fold(aggregate, stream, self.store.load([stream])[stream], as_of, as_known_at)
        if folded is None:
            moment = as_of or as_known_at
            raise Unknown(f"There is no such {aggregate.name}{f' as of {moment.isoformat()}' if moment else ''}.")
        return folded

    def get_all(
        self,
        aggregate: Aggregate[S, Any],
        streams: Collection[UUID],
        *,
        as_of: datetime | None = None,
        as_known_at: datetime | None = None,
    ) -> dict[UUID, Folded[S]]:
        """The states of several streams, in one look; those that there were not (yet) are absent."""
        histories = self.store.load(streams) if streams else {}
        found = {each: self._fold(aggregate, each, histories[each], as_of, as_known_at) for each in histories}
        return {stream: folded for stream, folded in found.items() if folded is not None}

    def _fold(
        self,
        aggregate: Aggregate[S, Any],
        stream: UUID,
        history: Sequence[Sealed],
        as_of: datetime | None,
        as_known_at: datetime | None,
    ) -> Folded[S] | None:
        recorded = [each for each in own(aggregate, history) if as_known_at is None or each.recorded_at <= as_known_at]
        facts = [wire.open_fact(each, self.keys.unseal) for each in recorded]
        known = [each for each in facts if as_of is None or each.occurred_at <= as_of]
        state = aggregate.fold(each.fact for each in known)
        if state is None:
            return None
        return Folded(state, known[-1].version, self._token([f"{stream}:{known[-1].version}"]))

    def stream(self, stream: UUID) -> list[Recorded[Fact]]:
        """The facts of one stream, opened, in version order; none if there is no such stream."""
        return [wire.open_fact(each, self.keys.unseal) for each in self.store.load([stream])[stream]]

    def holder(self, kind: str, match_key: str) -> UUID | None:
        """The stream that holds an identifier now."""
        return self.claims.holder(kind, match_key) if self.claims else None

    def holders(self, claims: Iterable[Claim]) -> dict[Claim, UUID]:
        """The streams that hold some identifiers now, in one look."""
        return self.claims.holders(claims) if self.claims else {}

    def tombstoned(self, claims: Iterable[Claim]) -> set[Claim]:
        """Which of some identifiers belonged to somebody who was forgotten and did not come back, in one look."""
        return self.claims.tombstoned(claims) if self.claims else set()

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        """Settled facts after a position, in position order; about `limit`, never half of an append."""
        return self.store.read(after, limit)

    def about(self, contacts: Collection[UUID], after: Position | None, most: int) -> Excerpt:
        """Settled facts about any of these contacts, in position order; few or none where the log tells of others."""
        return self.store.excerpt(contacts, after, most=most, window=WINDOW)

    def written(self, stream: UUID, version: int, event_ids: Sequence[str]) -> Written:
        """The answer to a command; the token names every stream the append wrote to, at its last version."""
        last = dict(each.rsplit(":", 1) for each in event_ids) or {str(stream): str(version)}
        return Written(stream, version, self._token([f"{s}:{v}" for s, v in last.items()]), tuple(event_ids))

    def _token(self, versions: Sequence[str]) -> str:
        return f"{self.service}/{','.join(versions)}"
