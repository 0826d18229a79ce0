"""Claims: an identifier (one e-mail address, say) has at most one holder at a time.

A claim is a tiny stream whose id is a keyed hash of the identifier, so two claimants meet at the unique key of the
log: the database decides, and the loser learns who won. The ids change with the claim key; all live ones are written.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

import msgspec

from crm.chassis.decider import Claim, Taken, Tombstoned
from crm.chassis.keys import Keys
from crm.chassis.log.store import Store
from crm.events import Fact, Sealed, type_of


class _Holding(msgspec.Struct):
    holder: UUID


_holding = msgspec.json.Decoder(_Holding)


@dataclass(frozen=True)
class ClaimFacts:
    """The facts of a claim stream; all have the fields `kind` and `holder` and no personal data.

    `tombstoned` says of a released identifier that its holder was forgotten: only they bring it back.
    """

    claimed: type[Fact]
    released: type[Fact]
    tombstoned: type[Fact] | None = None


@dataclass(frozen=True)
class Standing:
    """Which streams stand apart from others: those that were forgotten, and those of people who came back."""

    forgotten: Collection[UUID] = ()
    returned: Collection[UUID] = ()


@dataclass(frozen=True)
class ClaimChange:
    """What happens to one claim stream in an append."""

    stream: UUID
    version: int
    fact: Fact


class Claims:
    """The claims of one service's log."""

    def __init__(self, store: Store, keys: Keys, facts: ClaimFacts) -> None:
        self._store, self._keys, self._facts = store, keys, facts

    def holder(self, kind: str, match_key: str) -> UUID | None:
        """Who holds an identifier now. Reads the log itself, so it is never stale."""
        return self.holders([(kind, match_key)]).get((kind, match_key))

    def holders(self, claims: Iterable[Claim]) -> dict[Claim, UUID]:
        """Who holds which of some identifiers now, in one look; those that nobody holds are absent."""
        ids = {claim: self._keys.claim_ids(*claim) for claim in claims}
        histories = self._store.load([each for several in ids.values() for each in several])
        found = ((claim, self._holder(histories[each])) for claim, several in ids.items() for each in several)
        return {claim: holder for claim, holder in found if holder is not None}

    def tombstoned(self, claims: Iterable[Claim]) -> set[Claim]:
        """Which of some identifiers belonged to somebody who was forgotten, and are nobody's since."""
        ids = {claim: self._keys.claim_ids(*claim) for claim in claims}
        histories = self._store.load([each for several in ids.values() for each in several])
        return {claim for claim, several in ids.items() if any(self._is_tombstone(histories[each]) for each in several)}

    def changes(
        self, before: dict[UUID, set[Claim]], after: dict[UUID, set[Claim]], standing: Standing = Standing()
    ) -> Iterator[ClaimChange]:
        """What to append so that the claims of some streams become as they are after.

        Raises `Taken` naming the holder if another stream holds a wanted identifier, and `Tombstoned` if it belonged to
        somebody who was forgotten, and who has not come back.
        """
        released = {claim: stream for stream, claims in before.items() for claim in claims - after[stream]}
        wanted = {claim: stream for stream, claims in after.items() for claim in claims - before[stream]}
        ids = {claim: self._keys.claim_ids(*claim) for claim in sorted(released.keys() | wanted.keys())}
        histories = self._store.load([each for several in ids.values() for each in several])
        for claim, streams in ids.items():
            owner = wanted.get(claim)
            # Looked for under every version of the key first: a version that is new knows nothing of old tombstones.
            if (
                owner is not None
                and owner not in standing.returned
                and any(self._is_tombstone(histories[each]) for each in streams)
            ):
                raise Tombstoned(claim[0])
            for stream in streams:
                last = released.get(claim)
                buried = last if last in standing.forgotten else None
                yield from self._change(claim, stream, histories[stream], last, owner, buried)

    def _change(
        self,
        claim: Claim,
        stream: UUID,
        history: list[Sealed],
        released: UUID | None,
        wanted: UUID | None,
        buried: UUID | None,
    ) -> Iterator[ClaimChange]:
        kind, holder, version = claim[0], self._holder(history), len(history)
        if holder is not None and holder == released:
            version += 1
            yield ClaimChange(stream, version, self._facts.released(kind=kind, holder=holder))
            holder = None
        if buried is not None and holder is None and self._facts.tombstoned is not None:
            version += 1
            yield ClaimChange(stream, version, self._facts.tombstoned(kind=kind, holder=buried))
        if wanted is None or holder == wanted:
            return
        if holder is not None:
            raise Taken(kind, holder)
        yield ClaimChange(stream, version + 1, self._facts.claimed(kind=kind, holder=wanted))

    def _is_tombstone(self, history: list[Sealed]) -> bool:
        fact = self._facts.tombstoned
        return fact is not None and bool(history) and history[-1].type == type_of(fact)

    def _holder(self, history: Iterable[Sealed]) -> UUID | None:
        last = next(reversed(list(history)), None)
        if last is None or last.type != type_of(self._facts.claimed):
            return None
        return _holding.decode(last.value).holder
