"""What happens by itself with suggestions: only where a deployment wants it, and only on a verified identifier (C5)."""

from crm.chassis.log import Commands
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.merge_case import approve, merge_cases
from crm.events import Recorded
from crm.events.duplicates import DuplicateSuggested

deciding = Policy("deciding")


@deciding.whenever(DuplicateSuggested)
def approve_what_is_certain(e: Recorded[DuplicateSuggested], do: Commands, runtime: Runtime) -> None:
    """Approves a pair that holds the same verified identifier. Likeness alone, however great, waits for people."""
    if e.fact.rule == "verified-identifier" and runtime.settings.auto_merge:
        do(merge_cases, e.stream, approve)
