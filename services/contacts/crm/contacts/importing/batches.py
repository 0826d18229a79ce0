"""Deciding a batch of rows: who is new, who is known, what is unusable; all of it in one append."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID, uuid5

from crm.chassis.decider import Claim, Rejected, Tombstoned
from crm.chassis.log import Commands, Conflict, EventLog, Step
from crm.contacts.contact import Contact, contacts, identifiers
from crm.contacts.contact import evolve as evolve_contact
from crm.contacts.import_job import import_rows, note
from crm.contacts.importing.rows import Person, Unusable
from crm.contacts.registration import register
from crm.events.contacts import ContactRegistered
from crm.events.imports import ImportRowMatched, ImportRowRejected

Row = tuple[int, Person | Unusable]
"""A line of the file and who it is."""


@dataclass
class Outcome:
    """What became of a batch."""

    registered: dict[UUID, int] = field(default_factory=dict)
    """The contacts that were made, and from which line."""
    matched: int = 0
    rejected: int = 0


class Batch:
    """One import's rows on their way. Repeated after a kill, it comes to the same streams, so nothing comes twice."""

    def __init__(self, log: EventLog, do: Commands, import_id: UUID, line_of: Mapping[UUID, int]) -> None:
        self._log, self._do, self._import = log, do, import_id
        self._line_of = line_of
        """Lines of contacts that earlier batches made."""

    def run(self, rows: Sequence[Row]) -> Outcome:
        """Appends what a batch of rows leads to. Rows that somebody else overtakes are decided again one by one."""
        try:
            return self._append(rows)
        except (Rejected, Conflict):
            if len(rows) == 1:
                raise
        outcome = Outcome()
        for row in rows:
            one = Batch(self._log, self._do, self._import, {**self._line_of, **outcome.registered}).run([row])
            outcome.registered |= one.registered
            outcome.matched += one.matched
            outcome.rejected += one.rejected
        return outcome

    def _append(self, rows: Sequence[Row]) -> Outcome:
        made = {line: uuid5(self._import, f"contact {line}") for line, _ in rows}
        wanted = {line: _registered(each) for line, each in rows if isinstance(each, Person)}
        claims = {line: identifiers(evolve_contact(None, fact)) for line, fact in wanted.items()}
        known = self._log.store.load(list(made.values()))
        held: dict[Claim, UUID] = dict(self._log.holders({each for some in claims.values() for each in some}))
        erased = self._log.tombstoned({each for some in claims.values() for each in some})
        outcome, steps = Outcome(), []
        for line, person in rows:
            contact_id = made[line]
            if isinstance(person, Unusable):
                outcome.rejected += 1
                steps.append(self._rejected(line, person))
            elif known[contact_id]:
                outcome.registered[contact_id] = line  # by an earlier life of this import
            elif gone := next((each for each in sorted(claims[line]) if each in erased), None):
                outcome.rejected += 1
                steps.append(self._rejected(line, Unusable(gone[0], Tombstoned(gone[0]).sentence)))
            elif match := next((each for each in sorted(claims[line]) if each in held), None):
                outcome.matched += 1
                steps.append(self._matched(line, match[0], held[match], outcome))
            else:
                held |= dict.fromkeys(claims[line], contact_id)
                outcome.registered[contact_id] = line
                steps.append(Step(contacts, contact_id, partial(_unless_known, fact=wanted[line])))
        self._log.keys.create([each for each in outcome.registered if not known[each]])
        if steps:
            self._do.execute_together(*steps)
        return outcome

    def _rejected(self, line: int, row: Unusable) -> Step:
        outcome = ImportRowRejected(import_id=self._import, line=line, field=row.field, reason=row.reason)
        return Step(import_rows, row_stream(self._import, line), partial(note, outcome=outcome))

    def _matched(self, line: int, matched_by: str, holder: UUID, so_far: Outcome) -> Step:
        earlier = so_far.registered.get(holder) or self._line_of.get(holder)
        outcome = ImportRowMatched(
            import_id=self._import, line=line, contact=holder, matched_by=matched_by, earlier_line=earlier
        )
        return Step(import_rows, row_stream(self._import, line), partial(note, outcome=outcome))


def _registered(person: Person) -> ContactRegistered:
    return register(
        None,
        name=person.name,
        emails=person.emails,
        phones=person.phones,
        address=person.address,
        external_ids=person.external_ids,
    )


def _unless_known(contact: Contact | None, *, fact: ContactRegistered) -> ContactRegistered | None:
    return fact if contact is None else None


def row_stream(import_id: UUID, line: int) -> UUID:
    """The stream of what became of a row that made no contact."""
    return uuid5(import_id, f"row {line}")
