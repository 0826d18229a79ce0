"""Upserts: another system tells what it knows of somebody, by its own id. May be repeated, and at once."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from crm.chassis.decider import Command
from crm.chassis.http import Log, Noted, Router, Streams
from crm.chassis.log import Step
from crm.chassis.people.identity import Identifier, read_phone
from crm.contacts.api.bodies import CanEditContacts, Deployment, NameText
from crm.contacts.api.claims import Claims, noted
from crm.contacts.api.contacts import RegisterContact
from crm.contacts.api.particulars import External
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.details_record import refresh, register_completely
from crm.contacts.identifiers import Person
from crm.contacts.returning import register_again
from crm.contacts.upserting import upserting_contact

router = Router(prefix="/contacts", tags=["contacts"])


class UpsertContact(RegisterContact):
    """Whom another system calls so. A name is needed where they become a contact by this."""

    name: NameText | None = None  # type: ignore[assignment]
    external_id: External


@router.put("/by-external-id")
def put_contact(
    body: UpsertContact, log: Log, streams: Streams, agent: CanEditContacts, deployment: Deployment, claims: Claims
) -> Noted:
    """Revises the contact that another system calls so, or registers it. What is left out stays.

    What becomes of an address or a number that somebody else has, the deployment says (C3).
    """
    new = uuid4()
    told: dict[str, Any] = {
        "emails": body.emails,
        "phones": [read_phone(each, deployment.region) for each in body.phones],
        "address": body.address.as_fact() if body.address else None,
        "external_ids": [each.as_fact() for each in (body.external_id, *body.external_ids)],
    }
    identifiers = Person(name=body.name or "", **told).identifiers

    def plan() -> Sequence[Step]:
        rules = in_force(streams, "contact")
        known = {**told, "attributes": body.attributes, "rules": rules}

        def register(shared: frozenset[Identifier]) -> Command:
            command: Command = partial(register_completely, name=body.name or "", shared=shared, **known)
            if not body.returning:
                return command
            return partial(register_again, registering=command, evidence=body.evidence or "")

        def revise(shared: frozenset[Identifier]) -> Command:
            return partial(refresh, name=body.name, shared=shared, **known)

        named = body.external_id.as_fact()
        step = upserting_contact(claims, new, named, identifiers, register=register, revise=revise)
        return [step, unchanged("contact", rules)]

    return noted(claims, log.execute_planned(plan), identifiers)
