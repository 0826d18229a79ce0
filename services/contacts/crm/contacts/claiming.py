"""When an identifier is taken: what a deployment's rules make of it, while the command is decided (C3, C4).

Rules are applied to what the log says at that moment, and what they led to is recorded in the fact (`shared`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.decider import Taken, Unknown, refusing
from crm.chassis.log import Commands, Conflict, EventLog, Step, Written
from crm.chassis.people.identity import Identifier
from crm.chassis.people.uniqueness import Uniqueness
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.identifiers import Person
from crm.contacts.lookup import find
from crm.contacts.routing import Holds, routed
from crm.contacts.settling import living
from crm.contacts.sharing import complement

STRONGEST = ("external_id", "email", "device", "phone")
"""Whom somebody is taken for, if their identifiers name several people."""

PATIENCE = 15
"""How often a loser tries to add to the winner what else it brought, while other losers do the same."""


Making: TypeAlias = Callable[[frozenset[Identifier]], Sequence[Step]]
"""The steps that make somebody a contact, the first one on the contact, by which identifiers are not theirs alone."""


@dataclass(frozen=True)
class Held:
    """An identifier that somebody else holds; `open`: others may have it too."""

    identifier: Identifier
    holder: UUID
    open: bool


@dataclass(frozen=True)
class Claiming:
    """Identifiers are claimed by the rules of a deployment."""

    log: EventLog
    rules: Uniqueness
    within: Territory = EVERYWHERE
    """Whose records may be added to."""

    def add(
        self,
        do: Commands,
        contact: UUID,
        command: Callable[..., Any],
        wanted: Iterable[Identifier | None],
        expected: int | None = None,
        *,
        holds: Holds,
    ) -> Written:
        """Executes a command that adds identifiers; it is given `shared`, those that are not the contact's alone.

        `holds` tells whether a contact, which may be an absorbed one, has it already.
        """
        identifiers = frozenset(each for each in wanted if each)
        nobodys = self.nobodys(identifiers)

        def plan() -> Sequence[Step]:
            held = self.held(identifiers - nobodys, {contact})
            theirs = {each.contact_id for each in living(self.log, contact).members()} if held else set()
            others = [each for each in held if each.holder not in theirs]
            if refusal := _refusal(others):
                return [Step(contacts, contact, refusing(refusal))]
            shared = nobodys | {each.identifier for each in others}
            return tuple(routed(self.log, contact, partial(command, shared=shared), expected, holds=holds, adds=True))

        return do.execute_planned(plan)

    def register(self, do: Commands, person: Person, making: Making, *, use: bool = False) -> Written:
        """Makes somebody a contact. With `use`, who is known already gets what else reaches them instead (C4)."""
        identifiers, nobodys = person.identifiers, self.nobodys(person.identifiers)

        def plan() -> Sequence[Step]:
            held = self.held(identifiers - nobodys, set())
            blocking = sorted((each for each in held if not each.open), key=_strength)
            if use and blocking:
                return [self._complementing(blocking[0].holder, person, nobodys)]
            steps = making(nobodys | {each.identifier for each in held})
            if refusal := _refusal(held):
                return [Step(contacts, steps[0].stream, refusing(refusal))]
            return steps

        for _ in range(PATIENCE if use else 0):
            try:
                return do.execute_planned(plan)
            except Conflict:  # all losers write to the winner now, one after the other
                continue
        return do.execute_planned(plan)

    def not_own(self, wanted: Iterable[Identifier], mine: set[UUID]) -> frozenset[Identifier]:
        """Those that would not be a contact's alone, whose ids are `mine`. Raises `Taken` where that may not be."""
        identifiers = frozenset(wanted)
        nobodys = self.nobodys(identifiers)
        held = self.held(identifiers - nobodys, mine)
        if refusal := _refusal(held):
            raise refusal
        return nobodys | {each.identifier for each in held}

    def _complementing(self, holder: UUID, person: Person, nobodys: frozenset[Identifier]) -> Step:
        found = find(self.log, holder)
        self.within.check(found.contact.owner)
        theirs = {holder, found.contact_id, *found.contact.aliases}
        held = self.held(person.identifiers - nobodys, {found.contact_id})
        shared = nobodys | {each.identifier for each in held if each.open and each.holder not in theirs}
        left_out = frozenset(each.identifier for each in held) - shared
        return Step(contacts, found.contact_id, partial(complement, **person.without(left_out), shared=shared))

    def nobodys(self, identifiers: Iterable[Identifier]) -> frozenset[Identifier]:
        """Those that name nobody here: the deployment's own domains, blocked values."""
        return frozenset(filter(self.rules.names_nobody, identifiers))

    def held(self, identifiers: Iterable[Identifier], but_by: set[UUID]) -> list[Held]:
        """Those that others hold now, in their order."""
        holders: Mapping[tuple[str, str], UUID] = self.log.holders(identifiers)
        return [
            Held(Identifier(*claim), holder, self.is_open(Identifier(*claim), holder))
            for claim, holder in sorted(holders.items())
            if holder not in but_by
        ]

    def is_declared(self, held: Held) -> bool:
        """Whether somebody declared it as shared."""
        try:
            return held.identifier in self.log.get(contacts, held.holder).state.shared
        except Unknown:  # whom an import is about to make
            return False

    def is_open(self, identifier: Identifier, holder: UUID) -> bool:
        """Whether others may have what somebody holds."""
        if self.rules.rule(identifier.kind) != "block":
            return True
        return self.is_declared(Held(identifier, holder, False))


def _refusal(held: Iterable[Held]) -> Taken | None:
    """Why a contact cannot have what others hold, by the most telling identifier; None if it can."""
    blocking = sorted((each for each in held if not each.open), key=_strength)
    return Taken(blocking[0].identifier.kind, blocking[0].holder) if blocking else None


def _strength(held: Held) -> int:
    return STRONGEST.index(held.identifier.kind)


def no_change(contact: Contact | None) -> None:
    """Decides nothing: for whoever only asks who it is."""
    writable(contact)
