"""Consent columns may withdraw, or grant with evidence; what was withdrawn is never granted (C12). No I/O."""

from collections.abc import Iterable
from functools import partial
from uuid import UUID

from crm.chassis.log import Step
from crm.contacts.consent import Consent, consent_stream, consents, withdraw
from crm.contacts.consent_import import imported
from crm.contacts.importing.rows import Wish
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.particulars import ConsentEvidence


def steps_of(wishes: Iterable[Wish], contact: UUID) -> list[Step]:
    """What a row says of somebody's consent."""
    return [
        Step(consents, consent_stream(contact, each.channel, each.purpose), partial(obey, contact=contact, wish=each))
        for each in wishes
    ]


def remark_on(barred: Iterable[Wish]) -> str | None:
    """What to say of wishes that are not obeyed."""
    told = [f"{each.purpose} by {each.channel}" for each in barred]
    return f"Consent to {', '.join(told)} was withdrawn; an import does not grant it." if told else None


def obey(consent: Consent | None, *, contact: UUID, wish: Wish) -> ConsentGranted | ConsentWithdrawn | None:
    """Records a wish; none that would raise a consent that was withdrawn."""
    evidence = ConsentEvidence(note=wish.evidence) if wish.evidence else None
    if not wish.granted:
        return withdraw(
            consent,
            contact=contact,
            channel=wish.channel,
            purpose=wish.purpose,
            source="import",
            evidence=evidence,
        )
    if is_withdrawn(consent):
        return None
    return imported(
        consent,
        contact=contact,
        channel=wish.channel,
        purpose=wish.purpose,
        wording_version=wish.wording_version or "",
        evidence=evidence,
    )


def is_withdrawn(consent: Consent | None) -> bool:
    return consent is not None and consent.standing == "withdrawn"
