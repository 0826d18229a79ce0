"""Running the audit over a suite."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from crm.chassis.audit.checks import CHECKS, Check
from crm.chassis.audit.collecting import Place, collect
from crm.chassis.audit.scratch import Scratch, scratch

MOST_IDS = 20
"""How many cases of one violation are named; all are counted."""


@dataclass(frozen=True)
class Finding:
    """A violated invariant: what is wrong, where, and the ids of (the first) cases."""

    invariant: str
    sentence: str
    cases: int
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """What was looked at and what was found."""

    findings: tuple[Finding, ...]
    facts: int
    records: int
    repeats: int
    contacts: int
    items: int
    behind: tuple[str, ...] = field(default=())
    """Views that did not catch up in time; what they lack is not counted as missing."""

    @property
    def is_clean(self) -> bool:
        """Whether everything was judged and nothing found."""
        return not self.findings and not self.behind


def audit(
    places: Sequence[Place],
    bootstrap: str,
    *,
    wait_s: float = 60.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Audit:
    """Checks I1 to I5, I7, I10 and I12 on the real stores and topics of the suite. It writes nothing there.

    Waits up to `wait_s` for the history to catch up with what the relays have published.
    """
    with scratch() as found:
        behind = collect(found, places, bootstrap, wait_s, tell)
        found.index()
        tell("Checking")
        judged = [check for check in CHECKS if not (check.of_caught_up and behind)]
        findings = tuple(finding for check in judged if (finding := _finding(found, check)))
        return Audit(
            findings,
            facts=found.count("SELECT count(*) FROM facts"),
            records=found.count("SELECT count(*) FROM records"),
            repeats=found.count(
                "SELECT count(*) - (SELECT count(*) FROM (SELECT DISTINCT service, stream, version FROM records))"
                " FROM records"
            ),
            contacts=found.count("SELECT count(DISTINCT contact) FROM about WHERE published"),
            items=found.count("SELECT count(*) FROM items"),
            behind=tuple(behind),
        )


def _finding(found: Scratch, check: Check) -> Finding | None:
    cases = 0
    ids: list[str] = []
    for service, case in found.query(check.query):
        cases += 1
        if len(ids) < MOST_IDS:
            ids.append(f"{service}: {case}")
    return Finding(check.invariant, check.sentence, cases, tuple(ids)) if cases else None
