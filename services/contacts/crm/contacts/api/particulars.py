"""What requests and answers say of addresses, ids in other systems, tags and colleagues."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from crm.events.particulars import ExternalId, PostalAddress

_Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]

Tag = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\s,:]([^,:]{0,58}[^\s,:])?$")]
"""A word or a few; no commas and no colons."""
Colleague = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
"""The subject of a colleague's token, or `team:` and the name of a team as tokens tell it."""
Values = Annotated[dict[Annotated[str, StringConstraints(max_length=60)], Any], Field(max_length=200)]
"""Custom attributes by name; what each takes is defined at run time."""


class Address(BaseModel, extra="forbid"):
    """Where letters reach somebody; `country` is ISO 3166-1 alpha-2."""

    street: _Line | None = None
    postal_code: _Line | None = None
    city: _Line | None = None
    region: _Line | None = None
    country: str | None = Field(None, pattern="^[A-Z]{2}$")

    def as_fact(self) -> PostalAddress:
        return PostalAddress(**self.model_dump())

    @classmethod
    def of(cls, address: PostalAddress) -> "Address":
        """As it was recorded, also where rules were others then."""
        return cls.model_construct(**{field: getattr(address, field) for field in cls.model_fields})


class External(BaseModel, extra="forbid"):
    """What another system calls somebody."""

    system: str = Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9._-]+$")
    id: str = Field(min_length=1, max_length=200)

    def as_fact(self) -> ExternalId:
        return ExternalId(self.system, self.id)

    @classmethod
    def of(cls, external_id: ExternalId) -> "External":
        return cls.model_construct(system=external_id.system, id=external_id.id)


class ATag(BaseModel, extra="forbid"):
    tag: Tag


class SetAttributes(BaseModel, extra="forbid"):
    """By name; null takes a value away, what is left out stays."""

    attributes: Values
