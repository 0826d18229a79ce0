"""Consents from elsewhere: an import takes them over with evidence, and never raises what a person has said. No I/O."""

from uuid import UUID

from crm.chassis.decider import Rejected
from crm.contacts.consent import Consent, grant
from crm.events.consents import ConsentChannel, ConsentGranted, LegalBasis
from crm.events.particulars import ConsentEvidence


def imported(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    wording_version: str,
    evidence: ConsentEvidence | None,
    address: str | None = None,
    legal_basis: LegalBasis = "consent",
    source: str = "import",
) -> ConsentGranted | None:
    """Takes over a grant from elsewhere: only with evidence, and never over a withdrawal (C12, M3)."""
    if evidence is None or evidence == ConsentEvidence():
        raise Rejected("A consent is taken over only with evidence: where, when or how it was given.", field="consent")
    if consent is not None and consent.standing == "withdrawn":
        raise Rejected("This person has withdrawn their consent; an import does not give it back.", field="consent")
    if consent is not None and consent.standing == "granted":
        return None
    return grant(
        consent,
        contact=contact,
        channel=channel,
        purpose=purpose,
        wording_version=wording_version,
        source=source,
        evidence=evidence,
        address=address,
        legal_basis=legal_basis,
    )
