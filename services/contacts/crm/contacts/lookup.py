"""Looking contacts up in the log itself, so that the answer is never stale: by id, through aliases, by identifier."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Erased, Moved, Unknown
from crm.chassis.log import EventLog, Folded
from crm.chassis.people.identity import Identifier
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.family import Family
from crm.contacts.survivorship import Profile, compose
from crm.events import Recorded
from crm.events.contacts import ContactIdentified
from crm.events.merging import ContactAbsorbed


@dataclass(frozen=True)
class Moment:
    """The past that is asked for (UTC): as things were, as they were known (C11); now where neither is given."""

    as_of: datetime | None = None
    as_known_at: datetime | None = None

    def get(self, log: EventLog, contact_id: UUID) -> Folded[Contact]:
        """The state of one id then. Raises `Unknown`."""
        return log.get(contacts, contact_id, as_of=self.as_of, as_known_at=self.as_known_at)

    def knows(self, e: Recorded[Any]) -> bool:
        """Whether a fact had happened, and was known, then."""
        happened = self.as_of is None or e.occurred_at <= self.as_of
        return happened and (self.as_known_at is None or e.recorded_at <= self.as_known_at)


NOW = Moment()


@dataclass(frozen=True)
class Found:
    """A person under the canonical id: `contact` is composed of all ids, `version` that of the canonical stream."""

    family: Family
    token: str

    @property
    def contact_id(self) -> UUID:
        return self.family.contact_id

    @property
    def version(self) -> int:
        return self.family.version

    @cached_property
    def profile(self) -> Profile:
        return compose(self.family)

    @property
    def contact(self) -> Contact:
        return self.profile.contact


def find(
    log: EventLog, contact_id: UUID, *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> Found:
    """The person behind an id, which may be an alias, now or at a past moment (UTC, C8, C11).

    At a moment before a merge each id stands alone. Raises `Unknown`, and `Erased` also for moments before the erasure.
    """
    canonical, _ = _canonical(log, contact_id)
    if canonical.state.erased:
        raise Erased("This person was erased.")
    moment = Moment(as_of, as_known_at)
    return _at(log, contact_id, moment) if moment != NOW else find_erased(log, contact_id)


def find_erased(log: EventLog, contact_id: UUID) -> Found:
    """The person behind an id, erased or not. Raises `Unknown`."""
    return _at(log, contact_id, NOW)


def _at(log: EventLog, contact_id: UUID, moment: Moment) -> Found:
    try:
        folded, contact_id = _canonical(log, contact_id, moment)
    except Unknown:  # a provisional id that nobody was recognised under then
        if moment == NOW:
            raise
        folded, contact_id = _canonical(log, _canonical(log, contact_id)[1], moment)
    return Found(_family(log, contact_id, folded, moment), folded.token)


def _canonical(log: EventLog, contact_id: UUID, moment: Moment = NOW) -> tuple[Folded[Contact], UUID]:
    folded = moment.get(log, contact_id)
    while folded.state.alias_of is not None:
        contact_id = folded.state.alias_of
        folded = moment.get(log, contact_id)
    return folded, contact_id


def _family(log: EventLog, contact_id: UUID, folded: Folded[Contact], moment: Moment) -> Family:
    absorbed = (_absorbed(log, each, contact_id, moment) for each in folded.state.merges.absorbed)
    return Family(contact_id, folded.state, folded.version, tuple(each for each in absorbed if each))


def _absorbed(log: EventLog, contact_id: UUID, survivor: UUID, moment: Moment) -> Family | None:
    """None if it has left since the survivor was read, or was not there yet."""
    try:
        folded = moment.get(log, contact_id)
    except Unknown:
        return None
    return _family(log, contact_id, folded, moment) if folded.state.alias_of == survivor else None


def joined_at(
    log: EventLog, aliases: Iterable[UUID], *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> datetime | None:
    """Since when the last of a person's aliases has been known to be one (UTC); None if there is none."""
    moment = Moment(as_of, as_known_at)
    joins = (e for each in aliases for e in log.stream(each) if isinstance(e.fact, ContactAbsorbed | ContactIdentified))
    return max((e.recorded_at for e in joins if moment.knows(e)), default=None)


def find_holder(log: EventLog, identifier: Identifier | None) -> UUID:
    """The contact an identifier names. Raises `Unknown` if it names nobody."""
    holder = log.holder(identifier.kind, identifier.match_key) if identifier else None
    if holder is None:
        raise Unknown("Nobody is known by this.")
    return _canonical(log, holder)[1]


def concerning(log: EventLog, contact_id: UUID, expected: int | None, command: Command) -> Command:
    """A command on another stream that is refused unless something may be recorded about this contact now.

    The refusal belongs to the command, so that a repeated request gets the answer of the first. `expected` is the
    contact's version that the caller has seen.
    """
    contact, version = _as_it_is(log, contact_id)

    def decide(state: Any) -> Any:
        writable(contact)
        if expected is not None and expected != version:
            raise Moved(expected, version)
        return command(state)

    return decide


def _as_it_is(log: EventLog, contact_id: UUID) -> tuple[Contact | None, int]:
    try:
        folded = log.get(contacts, contact_id)
    except Unknown:
        return None, 0
    return folded.state, folded.version
