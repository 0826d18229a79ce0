"""What a row of people leads to: somebody new, a change, nothing, or a conflict. One function for dry run and run.

Rows are decided in their order; what an earlier row of the same file did is known to the later ones. No I/O.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, TypeAlias
from uuid import UUID, uuid5

from crm.chassis.decider import Claim, Rejected, Tombstoned
from crm.chassis.people.identity import Identifier
from crm.contacts.attribute_record import InForce, first_values
from crm.contacts.contact import Contact, evolve
from crm.contacts.importing.changing import changes, values_of
from crm.contacts.importing.employers import Employers
from crm.contacts.importing.joining import Joining, Places, join
from crm.contacts.importing.rows import Person
from crm.contacts.importing.values import Unusable
from crm.events import Fact
from crm.events.imports import OnMatch

Outcome: TypeAlias = Literal["create", "update", "unchanged", "known", "duplicate", "conflict", "unusable"]
MATCHED = ("unchanged", "known", "duplicate")
"""Rows about somebody known, who stays as they are: nothing new is said, it is not wanted, or this file named them."""
REFUSED = ("conflict", "unusable")


@dataclass(frozen=True)
class Upsert:
    """How rows meet people who are known: by which identifiers, and what then.

    `key` is `any`, `none`, `email`, `phone` or `external_id:SYSTEM`.
    """

    key: str = "any"
    on_match: OnMatch = "skip"

    def names(self, identifier: Identifier) -> bool:
        """Whether rows are matched by this identifier."""
        kind, _, system = self.key.partition(":")
        if kind == "external_id":
            return identifier.kind == kind and identifier.match_key.startswith(f"{system.lower()}:")
        return self.key == "any" or identifier.kind == kind


@dataclass(frozen=True)
class Decision:
    """What becomes of a row, and why. `contact` is who is made, changed, or known."""

    line: int
    outcome: Outcome
    contact: UUID | None = None
    matched_by: str | None = None
    earlier_line: int | None = None
    field: str | None = None
    reason: str | None = None
    row: Any = None
    """What stands there, if it makes or changes something."""
    facts: tuple[Fact, ...] = ()
    """How it changes somebody, as they were at `seen`."""
    seen: int | None = None
    of_account: bool = False
    """Whether `contact` is the id of an account instead."""
    joining: Joining | None = None
    """What becomes of the account a person works for, and of their place there."""


@dataclass(frozen=True)
class Met:
    """Somebody a row may be about: the canonical id, what is known under all ids, and the version that was seen."""

    contact_id: UUID
    contact: Contact
    version: int

    @property
    def ids(self) -> tuple[UUID, ...]:
        """Every id of them, the canonical one first."""
        return (self.contact_id, *sorted(self.contact.aliases))


@dataclass
class Known:
    """Whom the rows may meet. `line_of` tells the line of an earlier batch that made or changed somebody."""

    held: dict[Claim, UUID]
    met: Mapping[UUID, Met]
    """Holders as they are known now."""
    line_of: Mapping[UUID, int]
    rules: InForce = field(default_factory=InForce)
    """The custom attributes that are defined."""
    erased: Collection[Claim] = ()
    """Identifiers of people who were forgotten and did not come back (C13)."""
    here: dict[UUID, int] = field(default_factory=dict)
    """The lines of these rows that made or changed somebody."""
    nobodys: Collection[Claim] = ()
    """Identifiers that name nobody here (C3)."""
    is_open: Callable[[Identifier, UUID], bool] = lambda _, holder: False
    """Whether others may have what somebody holds (C3)."""
    employers: Employers = field(default_factory=Employers)
    places: Places = field(default_factory=Places)

    def is_shared(self, identifier: Identifier) -> bool:
        """Whether its holder is known to share it: it tells nobody who they are."""
        holder = self.met.get(self.held[identifier])
        return holder is not None and identifier in holder.contact.shared

    def join(self, row: Person, person: Sequence[UUID], made: UUID) -> tuple[Joining | None, str | None]:
        """What a row says of where somebody works, and what of that is left out; `person` are their ids."""
        if row.workplace is None:
            return None, None
        return join(row.workplace, person, uuid5(made, "account"), self.employers, self.places)

    def of_others(self, claims: Sequence[Identifier], mine: Collection[UUID]) -> list[Identifier]:
        """Those that others hold."""
        return [each for each in claims if each in self.held and self.held[each] not in mine]

    def refused(self, identifiers: Sequence[Identifier]) -> Identifier | None:
        """The first of those that others hold which nobody else may have."""
        return next((each for each in identifiers if not self.is_open(each, self.held[each])), None)


def decide(line: int, row: Person | Unusable, made: UUID, upsert: Upsert, known: Known) -> Decision:
    """What a row leads to; `made` is the id of the contact if it is somebody new."""
    if isinstance(row, Unusable):
        return Decision(line, "unusable", field=row.field, reason=row.reason)
    claims = [each for each in row.claims if each not in known.nobodys]
    if gone := next((each for each in claims if each in known.erased), None):
        return Decision(line, "unusable", field=gone.kind, reason=Tombstoned(gone.kind).sentence)
    keyed = [each for each in claims if upsert.names(each)]
    if not keyed and upsert.key not in ("any", "none"):
        return Decision(
            line, "unusable", field=upsert.key.partition(":")[0], reason="The row lacks what it is matched by."
        )
    match = next((each for each in keyed if known.held.get(each, made) != made and not known.is_shared(each)), None)
    others: list[Identifier] = []
    if match is not None:
        decision = _met(line, row, match, made, upsert, known)
    else:
        others = known.of_others(claims, {made})
        other = known.refused(others)
        shared = {*known.nobodys, *others}
        decision = _conflict(line, other, known.held[other]) if other else _created(line, row, made, known, shared)
    if decision.outcome in ("create", "update") and decision.contact is not None:
        known.held |= {each: decision.contact for each in claims if each not in known.held}
        known.here[decision.contact] = line
    return decision


def _created(line: int, row: Person, made: UUID, known: Known, shared: Collection[Claim]) -> Decision:
    fact, rules = row.telling(shared), known.rules
    try:
        first_values(values_of(row, rules), rules)  # all that is required must be there
        more = changes(evolve(None, fact), row, rules) if row.tags or row.birthday or row.attributes else ()
    except Rejected as refusal:
        return Decision(line, "unusable", field=refusal.field, reason=refusal.sentence)
    joining, left_out = known.join(row, [made], made)
    return Decision(line, "create", made, reason=left_out, row=row, facts=(fact, *more), joining=joining)


def _met(line: int, row: Person, match: Identifier, made: UUID, upsert: Upsert, known: Known) -> Decision:
    holder = known.held[match]
    found = known.met.get(holder)
    canonical = found.contact_id if found else holder
    earlier = known.here.get(canonical) or known.line_of.get(canonical)
    if earlier is not None and earlier != line:
        return Decision(line, "duplicate", canonical, match.kind, earlier)
    if upsert.on_match == "skip" or found is None:
        return Decision(line, "known", holder, match.kind)
    mine = {holder, *found.ids}
    others = known.of_others([each for each in row.claims if each not in known.nobodys], mine)
    if other := known.refused(others):
        return _conflict(line, other, known.held[other])
    try:
        facts = changes(found.contact, row, known.rules, {*known.nobodys, *others})
    except Rejected as refusal:
        return Decision(line, "unusable", field=refusal.field, reason=refusal.sentence)
    joining, left_out = known.join(row, found.ids, made)
    met = partial(Decision, line, contact=found.contact_id, matched_by=match.kind, reason=left_out)
    if facts or row.wishes or joining:
        return met(outcome="update", row=row, facts=facts, seen=found.version, joining=joining)
    return met(outcome="unchanged")


def _conflict(line: int, identifier: Identifier, holder: UUID) -> Decision:
    reason = f"This {identifier.kind.replace('_', ' ')} belongs to contact {holder}, who is not meant by the row's key."
    return Decision(line, "conflict", holder, field=identifier.kind, reason=reason)
