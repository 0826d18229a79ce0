"""What happened with merges of a person, and which id stands for which: from the facts, now or at a moment (C11)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from crm.chassis.log import EventLog
from crm.contacts.family import Family
from crm.contacts.lookup import Moment
from crm.events import Fact, Recorded
from crm.events.contacts import ContactRecognised
from crm.events.merging import ContactAbsorbed, ContactsMerged, ContactsUnmerged


@dataclass(frozen=True)
class MergeRecord:
    """A merge, in force or undone. Times are UTC."""

    merge_id: UUID
    survivor: UUID
    absorbed: tuple[UUID, ...]
    rule: str
    field_choices: dict[str, UUID]
    stream_versions: dict[str, int]
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None = None
    undone_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Link:
    """An id that stands for another since a moment (UTC); `merge_id` is None for one that was never a contact."""

    id: UUID
    stands_for: UUID
    since: datetime
    merge_id: UUID | None


def merges_of(log: EventLog, ids: Collection[UUID], moment: Moment) -> list[MergeRecord]:
    """The merges in which one of these ids survived or was absorbed."""
    own = [e for id in ids for e in _until(log.stream(id), moment)]
    others = {e.fact.survivor for e in own if isinstance(e.fact, ContactAbsorbed)}.difference(ids)
    facts = [*own, *(e for id in others for e in _until(log.stream(id), moment))]
    found: dict[UUID, MergeRecord] = {}
    for e in facts:
        match e.fact:
            case ContactsMerged() as f if not {f.survivor, *f.absorbed}.isdisjoint(ids):
                found[f.merge_id] = _opened(e, f)
            case ContactsUnmerged(merge_id=merge_id, reason=reason) if merge_id in found:
                undone = replace(found[merge_id], undone_at=e.occurred_at, undone_by=e.actor, reason=reason)
                found[merge_id] = undone
    return list(found.values())


def _opened(e: Recorded[Fact], f: ContactsMerged) -> MergeRecord:
    return MergeRecord(
        merge_id=f.merge_id,
        survivor=f.survivor,
        absorbed=tuple(f.absorbed),
        rule=f.rule,
        field_choices=f.field_choices,
        stream_versions=f.stream_versions,
        merged_at=e.occurred_at,
        merged_by=e.actor,
    )


def chain_of(log: EventLog, family: Family, moment: Moment) -> list[Link]:
    """Every id of a person but the canonical one, with the one it stands for."""
    return [link for each in family.members() for link in _links(log, each, moment)]


def _links(log: EventLog, member: Family, moment: Moment) -> Iterator[Link]:
    for e in reversed(list(_until(log.stream(member.contact_id), moment))):
        match e.fact:
            case ContactAbsorbed(merge_id=merge_id, survivor=survivor) if merge_id == member.contact.merge_id:
                yield Link(member.contact_id, survivor, e.occurred_at, merge_id)
            case ContactRecognised(alias=alias):
                yield Link(alias, member.contact_id, e.occurred_at, None)


def _until(facts: Iterable[Recorded[Fact]], moment: Moment) -> Iterator[Recorded[Fact]]:
    """The facts that a state at this moment is folded from."""
    for e in facts:
        if moment.as_known_at is not None and e.recorded_at > moment.as_known_at:
            return
        if moment.as_of is None or e.occurred_at <= moment.as_of:
            yield e
