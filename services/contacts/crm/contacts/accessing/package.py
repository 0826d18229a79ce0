"""What is in an access package: who somebody is to us, what they allowed, what happened, who received it."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.log import EventLog
from crm.chassis.people.merges import Merges
from crm.chassis.projection import PageRequest
from crm.contacts.accessing.completeness import Count, Ends, counts
from crm.contacts.accessing.portable import is_given
from crm.contacts.filter import Filter
from crm.contacts.history import history
from crm.contacts.item import Item
from crm.contacts.lookup import Found, find
from crm.contacts.paging import page_of
from crm.contacts.reader import EVERYTHING
from crm.contacts.request_list import Filter as OfRequests
from crm.contacts.request_list import request_list
from crm.contacts.subject_request import SubjectRequest
from crm.contacts.views import permissions
from crm.events import wire

PART = 200
"""Items that are read, and printed, at once: what a package needs of memory does not grow with the history."""

_SOURCES = f"""
    SELECT channel, count(DISTINCT (stream, version)) FROM {history.name}
    WHERE contact_id = ANY(%s) AND recorded_at <= %s GROUP BY channel ORDER BY channel
"""

RIGHTS = (
    "You may have what is wrong corrected, and what is missing completed (article 16).",
    "You may have your data erased (article 17), unless a law obliges us to keep some of it; we tell you which.",
    "You may have the use of your data restricted (article 18) or object to it (article 21), to adverts at any time.",
    "You may take what you gave us to somebody else, in a form that machines read (article 20).",
    "You may take back any consent; what was done before stays lawful.",
    "You may complain to a data protection authority where you live or work (article 77).",
)
"""What a person is told of their rights (GDPR)."""


@dataclass(frozen=True)
class Package:
    """All but the history itself, which is read in parts. Times are UTC."""

    request_id: UUID
    kind: str
    made_at: datetime
    contact_id: UUID
    ids: tuple[UUID, ...]
    profile: dict[str, Any]
    keys: dict[str, str]
    consents: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    sources: dict[str, int]
    recipients: list[str]
    counts: tuple[Count, ...]

    @property
    def total(self) -> int:
        """How many facts there are."""
        return sum(each.facts for each in self.counts)

    @property
    def complete(self) -> bool | None:
        """Whether every service is told of completely; None where that cannot be told now."""
        answers = {each.complete for each in self.counts}
        return False if False in answers else None if None in answers else True

    @property
    def parts(self) -> int:
        """How many parts the history is printed in."""
        return max(1, -(-self.total // PART))


def gather(log: EventLog, db: Database, request_id: UUID, request: SubjectRequest, ends: Ends | None) -> Package:
    """The package for a request. Raises `Rejected` before its identity check, `Erased` if nothing is left."""
    if request.kind not in ("access", "portability"):
        raise Rejected(f"A request of the kind {request.kind} has no package.")
    if request.state not in ("in-progress", "completed"):
        raise Rejected(
            "Verify the identity of who asks, and start working on the request, before you fetch its package."
        )
    found, made_at = find(log, request.contact), datetime.now(UTC)
    ids = (found.contact_id, *sorted(found.family.ids - {found.contact_id}))
    with db.connection() as connection:
        sources = dict(connection.execute(_SOURCES.encode(), (list(ids), made_at)).fetchall())
    where, params = OfRequests(contacts=ids).where
    counted = counts(db, ids, made_at, ends)
    return Package(
        request_id=request_id,
        kind=request.kind,
        made_at=made_at,
        contact_id=found.contact_id,
        ids=ids,
        profile=_profile(found),
        keys={str(each): "destroyed" if log.keys.is_destroyed(each) else "in use" for each in ids},
        consents=[asdict(each) for each in permissions.select(db, "contact_id = ANY(%s)", (list(ids),))],
        requests=[asdict(each) for each in request_list.select(db, where, params, order_by="received_at")],
        sources=sources,
        recipients=_recipients(found, counted),
        counts=counted,
    )


def items(db: Database, package: Package, unseal: wire.Unseal) -> Iterator[Item]:
    """What happened, in order; of a portable package only what the person gave themselves."""
    for part in parts(db, package, unseal):
        yield from part


def parts(db: Database, package: Package, unseal: wire.Unseal) -> Iterator[list[Item]]:
    """What happened, in order, in parts of bounded size; what was corrected or taken back too, for it is kept."""
    cursor: str | None = None
    asked = partial(page_of, order="oldest", only=Filter(also_hidden=True), reader=EVERYTHING, unseal=unseal)
    while True:
        page = asked(db, package.ids, PageRequest(PART, cursor))
        known = (each for each in page.items if each.recorded_at <= package.made_at)
        yield [each for each in known if package.kind == "access" or is_given(each)]
        if page.next is None:
            return
        cursor = page.next


def _profile(found: Found) -> dict[str, Any]:
    """The person as remembered now, whatever a contact consists of."""
    told: dict[str, Any] = msgspec.to_builtins(replace(found.contact, merges=Merges(), merge_id=None))
    del told["merges"]
    return {name: value for name, value in told.items() if value not in (None, "", [], {}, False)}


def _recipients(found: Found, counted: tuple[Count, ...]) -> list[str]:
    """Who has some of it: parts of this suite, and the systems that call the person by a name of their own."""
    ours = [f"Rapport {each.service}" for each in counted if each.facts]
    return ours + sorted({each.system for each in found.contact.external_ids})
