"""The audit: what must be true of the stores and topics of the whole suite, checked on the real thing.

Read `checks` (the invariants as queries), `collecting` (what is read, and in which order), `scratch` (where it meets).
"""

from crm.chassis.audit.auditing import Audit, Finding, audit
from crm.chassis.audit.collecting import Place

__all__ = ["Audit", "Finding", "Place", "audit"]
