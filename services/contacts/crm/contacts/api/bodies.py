"""What requests about contacts are made of, and what answers say of a person."""

from typing import Annotated, Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.auth import Agent, allowed
from crm.chassis.http import part
from crm.chassis.people.identity import email_identifier, phone_identifier
from crm.chassis.settings import Settings
from crm.contacts.api.details_bodies import DetailsAnswer
from crm.contacts.api.particulars import Address, External
from crm.contacts.api.within import Within
from crm.contacts.contact import Contact
from crm.contacts.lookup import Found
from crm.contacts.survivorship import Profile

CanReadContacts: TypeAlias = Annotated[Agent, allowed("contacts:read", Within)]
CanEditContacts: TypeAlias = Annotated[Agent, allowed("contacts:write", Within)]
CanEraseContacts: TypeAlias = Annotated[Agent, allowed("contacts:erase", Within)]
CanMergeContacts: TypeAlias = Annotated[Agent, allowed("contacts:merge", Within)]
CanAdministerContacts: TypeAlias = Annotated[Agent, allowed("contacts:administer", Within)]
CanAuditContacts: TypeAlias = Annotated[Agent, allowed("contacts:audit", Within)]

Deployment: TypeAlias = Annotated[Settings, part(Settings)]
"""The settings: numbers are read in the deployment's region (C2)."""


ERASED: dict[int | str, dict[str, Any]] = {
    410: {
        "description": "This person's data was erased",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""What queries for one person may answer as well."""


Device: TypeAlias = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=8, max_length=200, pattern=r"^[!-~]+$")
]
"""The id of a device or a cookie that visitors are recognised by; long enough not to be guessed."""

PhoneText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
NameText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class EmailAnswer(BaseModel):
    """`shared`: it does not name this contact alone (C3)."""

    email: str
    verified: bool
    primary: bool
    shared: bool = False


class PhoneAnswer(BaseModel):
    """`shared`: it does not name this contact alone (C3)."""

    phone: str
    e164: str | None
    verified: bool
    primary: bool
    shared: bool = False


class ContactAnswer(DetailsAnswer):
    """A contact. `id` is the canonical one, also when it was asked for by an alias.

    `provenance`: by field, the id that each value is recorded under, in the order of the values.
    """

    id: UUID
    name: str
    emails: list[EmailAnswer]
    phones: list[PhoneAnswer]
    address: Address | None
    external_ids: list[External]
    provisional: bool
    aliases: list[UUID]
    provenance: dict[str, list[UUID]]
    withdrawn: bool = Field(False, description="Taken back with the import it came from.")
    devices: list[str] = []
    anonymous: bool = False

    @classmethod
    def of(cls, found: Found) -> "ContactAnswer":
        return cls.of_profile(found.contact_id, found.profile)

    @classmethod
    def of_profile(cls, contact_id: UUID, profile: Profile) -> "ContactAnswer":
        contact = profile.contact
        return cls(
            id=contact_id,
            name=contact.name,
            emails=_emails_of(contact),
            phones=_phones_of(contact),
            address=Address.of(contact.address) if contact.address else None,
            external_ids=[External.of(each) for each in contact.external_ids],
            provisional=contact.provisional,
            aliases=sorted(contact.aliases),
            **cls.parts(contact),
            provenance={field: list(ids) for field, ids in profile.provenance.items()},
            withdrawn=contact.withdrawn,
            devices=list(contact.devices),
            anonymous=contact.anonymous,
        )


def _emails_of(contact: Contact) -> list[EmailAnswer]:
    others = contact.shared | contact.borrowed
    return [
        EmailAnswer(
            email=each, verified=each in contact.verified, primary=at == 0, shared=email_identifier(each) in others
        )
        for at, each in enumerate(contact.emails)
    ]


def _phones_of(contact: Contact) -> list[PhoneAnswer]:
    others = contact.shared | contact.borrowed
    return [
        PhoneAnswer(
            phone=each.entered,
            e164=each.e164,
            verified=each.entered in contact.verified,
            primary=at == 0,
            shared=phone_identifier(each) in others,
        )
        for at, each in enumerate(contact.phones)
    ]
