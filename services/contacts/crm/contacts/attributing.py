"""Custom attributes as the log has them, for plans of commands that set some.

A value is decided on definitions that were read before, and refused (planned again) if they changed by the time it is
decided. A definition that changes after that comes after the value: it never touches what was recorded under an earlier
version, which each value names.
"""

from datetime import datetime

from crm.chassis.log import EventLog, Step
from crm.contacts.attribute import definitions, definitions_stream
from crm.contacts.attribute_record import InForce
from crm.events.attributes import AttributeTarget


def in_force(
    log: EventLog,
    target: AttributeTarget,
    *,
    as_of: datetime | None = None,
    as_known_at: datetime | None = None,
) -> InForce:
    """The attributes of a target, now or at a past moment (UTC)."""
    stream = definitions_stream(target)
    found = log.get_all(definitions, [stream], as_of=as_of, as_known_at=as_known_at).get(stream)
    return InForce(found.state, found.version) if found else InForce()


def unchanged(target: AttributeTarget, rules: InForce) -> Step:
    """Decides nothing; only that these definitions are still the ones in force."""
    return Step(definitions, definitions_stream(target), lambda _: None, seen=rules.version)
