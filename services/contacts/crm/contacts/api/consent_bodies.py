"""What requests about consents are made of."""

from typing import Annotated, TypeAlias

from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.auth import Agent, allowed
from crm.contacts.api.within import Within
from crm.events.consents import LegalBasis
from crm.events.particulars import ConsentEvidence

__all__ = [
    "Address",
    "CanRecordConsent",
    "Evidence",
    "LanguageTag",
    "LegalBasis",
    "Purpose",
    "Source",
    "WordingVersion",
]

CanRecordConsent: TypeAlias = Annotated[Agent, allowed("contacts:consent", Within)]

Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
"""What somebody may be addressed for, such as `marketing`."""
Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")]
WordingVersion = Annotated[str, StringConstraints(min_length=1, max_length=100)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$")]
"""BCP 47, such as `de` or `pt-BR`."""
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=254)]
"""An e-mail address or a telephone number, as the channel is."""


class Evidence(BaseModel, extra="forbid"):
    """How it can be shown."""

    ip: str | None = Field(None, max_length=45)
    user_agent: str | None = Field(None, max_length=500)
    form_url: str | None = Field(None, max_length=1_000)
    note: str | None = Field(None, max_length=2_000)

    def as_fact(self) -> ConsentEvidence:
        return ConsentEvidence(**self.model_dump())
