"""What became of an import's rows, line by line: ids and reasons, nothing of the file."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeAlias
from uuid import UUID

from psycopg.rows import class_row

from crm.chassis.database import Database
from crm.chassis.decider import Claim
from crm.chassis.keys import Keys
from crm.chassis.paging import Page, PageRequest, from_cursor, to_cursor
from crm.contacts.importing.deciding import MATCHED, REFUSED, Decision
from crm.contacts.importing.job import LEASE, Job
from crm.contacts.importing.joining import Joining

Phase: TypeAlias = Literal["run", "dry_run"]
CHUNK = 2_000
_FIELDS = {
    "lines": "line",
    "outcomes": "outcome",
    "contacts": "contact",
    "by": "matched_by",
    "earlier": "earlier_line",
    "fields": "field",
    "reasons": "reason",
}
"""Which parameter holds which part of the decisions."""

_COUNT = """
    WITH counted AS (
        UPDATE imports SET line = %(line)s, registered = registered + %(create)s, updated = updated + %(update)s,
            matched = matched + %(matched)s, conflicts = conflicts + %(conflict)s, rejected = rejected + %(refused)s,
            accounts = accounts + %(made)s, affiliated = affiliated + %(affiliated)s,
            done_bytes = %(done)s, leased_until = now() + %(lease)s
        WHERE import_id = %(id)s AND line < %(line)s AND state = %(state)s RETURNING import_id
    ), kept AS (
        INSERT INTO import_lines (import_id, phase, line, outcome, contact_id, matched_by, earlier_line, field, reason,
            account_id, account_made, affiliation_id)
        SELECT counted.import_id, %(phase)s, new.* FROM counted, unnest(%(lines)s::bigint[], %(outcomes)s::text[],
            %(contacts)s::uuid[], %(by)s::text[], %(earlier)s::bigint[], %(fields)s::text[], %(reasons)s::text[],
            %(account_ids)s::uuid[], %(makes)s::boolean[], %(affiliations)s::uuid[]) AS new
        ON CONFLICT DO NOTHING
    ), seen AS (
        INSERT INTO import_seen SELECT counted.import_id, new.*
        FROM counted, unnest(%(claims)s::uuid[], %(holders)s::uuid[]) AS new ON CONFLICT DO NOTHING
    )
    SELECT count(*) FROM counted
"""
_FORGET = "DELETE FROM {} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {} WHERE import_id = %s {} LIMIT {}))"


@dataclass(frozen=True)
class Line:
    """What became, or would become, of a row."""

    line: int
    outcome: str
    contact_id: UUID | None
    matched_by: str | None
    earlier_line: int | None
    field: str | None
    reason: str | None
    account_id: UUID | None
    """The account that it makes, or meets where the person's place in it changes."""
    account_made: bool
    affiliation_id: UUID | None
    """Where the person begins to belong to the account, or what they are there changes."""


_SELECT = f"SELECT {', '.join(each.name for each in fields(Line))} FROM import_lines"


class Journal:
    """The lines of one import in one phase; also what earlier batches of it did."""

    def __init__(self, database: Database, keys: Keys, job: Job, phase: Phase) -> None:
        self._database, self._keys, self._job, self._phase = database, keys, job, phase
        self._key = (job.import_id, phase)

    def lines_of(self, contacts: Collection[UUID]) -> Mapping[UUID, int]:
        """The first line that makes or changes each of some contacts."""
        with self._database.connection() as connection:
            found = connection.execute(
                "SELECT contact_id, min(line) FROM import_lines WHERE import_id = %s AND phase = %s"
                " AND contact_id = ANY(%s) AND outcome IN ('create', 'update') GROUP BY contact_id",
                (*self._key, list(contacts)),
            )
            return dict(found.fetchall())

    def held(self, claims: Collection[Claim]) -> Mapping[Claim, UUID]:
        """Who of a dry run would hold which claims; a run has appended them."""
        if self._phase == "run" or not claims:
            return {}
        ids = {claim: self._keys.claim_ids(*claim)[0] for claim in claims}
        with self._database.connection() as connection:
            found = connection.execute(
                "SELECT claim, contact_id FROM import_seen WHERE import_id = %s AND claim = ANY(%s)",
                (self._job.import_id, list(ids.values())),
            )
            holder_of = dict(found.fetchall())
        return {claim: holder_of[each] for claim, each in ids.items() if each in holder_of}

    def count(self, decisions: Sequence[Decision], last: int, done: int) -> bool:
        """Notes a batch, up to a line. False if that was noted before, or the import is not at work any more."""
        outcomes: Counter[str] = Counter(each.outcome for each in decisions)
        kept = [each for each in decisions if self._phase == "dry_run" or each.outcome not in MATCHED]
        seen = self._seen(decisions)
        values = {
            "create": outcomes["create"],
            "update": outcomes["update"],
            "conflict": outcomes["conflict"],
            "matched": sum(outcomes[each] for each in MATCHED),
            "refused": sum(outcomes[each] for each in REFUSED),
            "line": last,
            "done": done,
            "lease": LEASE,
            "id": self._job.import_id,
            "state": self._job.state,
            **{name: [getattr(each, field) for each in kept] for name, field in _FIELDS.items()},
            **_work([each.joining for each in kept]),
            "phase": self._phase,
            "claims": list(seen),
            "holders": list(seen.values()),
        }
        with self._database.connection() as connection:
            counted = connection.execute(_COUNT.encode(), values).fetchone()
        return counted is not None and counted[0] == 1

    def _seen(self, decisions: Sequence[Decision]) -> dict[UUID, UUID]:
        """The claims that rows of a dry run would make, by the ids of the claims' streams."""
        if self._phase == "run":
            return {}
        held = [(claim, each.contact) for each in decisions for claim in getattr(each.row, "claims", ())]
        held += [(claim, each.joining.account) for each in decisions if each.joining for claim in each.joining.claims]
        return {self._keys.claim_ids(*claim)[0]: holder for claim, holder in held if holder}

    def lines(self, outcomes: Sequence[str], after: int = 0) -> Iterator[Line]:
        """The lines with some outcomes behind a line, in their order."""
        while page := self._some(outcomes, after, CHUNK):
            yield from page
            after = page[-1].line

    def some(self, outcomes: Sequence[str], after: int, limit: int) -> list[Line]:
        """The next few of them."""
        return self._some(outcomes, after, limit)

    def page(self, page: PageRequest, outcome: str | None) -> Page[Line]:
        """A part of the list of lines. Raises `MalformedCursor`."""
        order = f"line {outcome}"
        after = from_cursor(page.cursor, order, (int,))[0] if page.cursor else 0
        found = self._some([outcome] if outcome else None, after, page.limit + 1)
        items = tuple(found[: page.limit])
        return Page(items, to_cursor(order, [items[-1].line]) if len(found) > page.limit else None)

    def forget(self) -> None:
        """Empties what a dry run left, in chunks."""
        for table, phase in (("import_seen", ""), ("import_lines", f"AND phase = '{self._phase}'")):
            statement = _FORGET.format(table, table, phase, CHUNK).encode()
            while True:
                with self._database.connection() as connection:
                    if connection.execute(statement, (self._job.import_id,)).rowcount < CHUNK:
                        break

    def _some(self, outcomes: Sequence[str] | None, after: int, limit: int) -> list[Line]:
        where = "import_id = %s AND phase = %s AND line > %s AND (%s::text[] IS NULL OR outcome = ANY(%s::text[]))"
        statement = f"{_SELECT} WHERE {where} ORDER BY line LIMIT %s"
        wanted = list(outcomes) if outcomes is not None else None
        with self._database.connection() as connection, connection.cursor(row_factory=class_row(Line)) as cursor:
            return cursor.execute(statement.encode(), (*self._key, after, wanted, wanted, limit)).fetchall()


def _work(joinings: Sequence[Joining | None]) -> dict[str, Any]:
    """What rows do about accounts, as columns and counted."""
    makes = [each is not None and each.makes for each in joinings]
    affiliations = [each.affiliation if each else None for each in joinings]
    return {
        "account_ids": [each.account if each else None for each in joinings],
        "makes": makes,
        "affiliations": affiliations,
        "made": sum(makes),
        "affiliated": sum(each is not None for each in affiliations),
    }
