"""What happens by itself with suggestions (C5).

They follow the merges and unmerges that people make by whatever way. A pair is merged by itself only where a deployment
wants it, and only on a verified identifier that both hold: likeness, however great, waits for people.
"""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import combinations
from uuid import UUID, uuid5

from crm.chassis.decider import Command, Rejected, Unknown
from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.duplicates.approving import approving
from crm.contacts.lookup import find_erased
from crm.contacts.merge_case import case_stream, close, merge_cases, reopen
from crm.contacts.settling import settle
from crm.events import Recorded
from crm.events.duplicates import DuplicateSuggested
from crm.events.merging import ContactsMerged, ContactsUnmerged

deciding = Policy("deciding")


@deciding.whenever(DuplicateSuggested)
def merge_what_is_certain(e: Recorded[DuplicateSuggested], do: Commands, runtime: Runtime) -> None:
    """Merges two contacts that hold the same verified identifier. What is refused waits for people."""
    if e.fact.rule != "verified-identifier" or not runtime.settings.auto_merge:
        return
    merge_id = uuid5(e.stream, f"merge {e.version}")
    prepare = partial(approving, runtime.log, e.stream, merge_id, rule="verified-identifier")
    try:
        settle(do, e.fact.first, prepare)
    except Rejected:
        return


@deciding.whenever(ContactsMerged)
def close_cases(e: Recorded[ContactsMerged], do: Commands, runtime: Runtime) -> None:
    """All pairs of ids that became one person by this merge are decided."""
    _decide(do, runtime.log, (e.fact.survivor, *e.fact.absorbed), partial(close, merge_id=e.fact.merge_id))


@deciding.whenever(ContactsUnmerged)
def reopen_cases(e: Recorded[ContactsUnmerged], do: Commands, runtime: Runtime) -> None:
    """The pairs that this merge had closed count as dismissed."""
    _decide(do, runtime.log, (e.stream, *e.fact.restored), partial(reopen, merge_id=e.fact.merge_id))


def _decide(do: Commands, log: EventLog, contacts: Iterable[UUID], command: Command) -> None:
    pairs = combinations(sorted({id for each in contacts for id in _ids(log, each)}), 2)
    if steps := [Step(merge_cases, case_stream(*pair), command) for pair in pairs]:
        do.execute_together(*steps)


def _ids(log: EventLog, contact_id: UUID) -> Iterator[UUID]:
    """An id, and those that stand for its person now."""
    yield contact_id
    try:
        yield from (each.contact_id for each in find_erased(log, contact_id).family.members())
    except Unknown:
        return
