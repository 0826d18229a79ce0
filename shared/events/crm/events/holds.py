"""Legal holds: what a law obliges to keep of somebody, also after they were erased (C13).

A hold lies on the contact. What it keeps is recorded once, when the person is erased, on a stream of its own with a key
of its own: the person's key is destroyed as ever, and the end of the hold destroys that one too.
"""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Moment, Personal
from crm.events.particulars import ExternalId, Phone, PostalAddress

HeldField: TypeAlias = Literal["name", "emails", "phones", "address", "external_ids"]


class LegalHoldPlaced(Fact, frozen=True, tag="crm.contacts.legal-hold-placed.v1"):
    """On the contact. `reason` outlives the person's data and tells nothing of them: the law, or a case's number."""

    summary = "Legal hold on {fields}: {reason}"
    hold: UUID
    fields: list[HeldField]
    reason: str
    until: Moment | None = None


class LegalHoldEnded(Fact, frozen=True, tag="crm.contacts.legal-hold-ended.v1"):
    summary = "Legal hold ended ({why})"
    hold: UUID
    why: Literal["expired", "lifted"]


class ValuesHeld(Fact, frozen=True, tag="crm.contacts.values-held.v1"):
    """What a hold keeps of one id of an erased person. It is about nobody: no view shows it, nobody's key opens it."""

    summary = "Kept by a legal hold: {fields}"
    hold: UUID
    contact: UUID
    fields: list[HeldField]
    name: Personal[str | None] = None
    emails: Personal[list[str]] = []
    phones: Personal[list[Phone]] = []
    address: Personal[PostalAddress | None] = None
    external_ids: Personal[list[ExternalId]] = []


HoldFact: TypeAlias = LegalHoldPlaced | LegalHoldEnded
