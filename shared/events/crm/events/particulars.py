"""The particulars of a person: where they live, how they are reached, what other systems call them, what they said."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class PostalAddress(Struct, frozen=True):
    """Where letters reach a person."""

    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    region: str | None = None
    country: Country | None = None

    def __str__(self) -> str:
        town = " ".join(filter(None, (self.postal_code, self.city)))
        return ", ".join(filter(None, (self.street, town, self.region, self.country)))


class Phone(Struct, frozen=True):
    """A telephone number as entered, and in E.164 as read in the deployment's region; None if unreadable (C2)."""

    entered: str
    e164: str | None = None

    def __str__(self) -> str:
        return self.entered


class ExternalId(Struct, frozen=True):
    """What another system calls a person."""

    system: str
    id: str

    def __str__(self) -> str:
        return f"{self.system}:{self.id}"


class ConsentEvidence(Struct, frozen=True):
    """How it can be shown that a person agreed, or no longer does.

    After a confirmation by mail (M3) `ip` and `user_agent` are those of who confirmed, at `confirmed_at`; `requested_…`
    tell of who had asked for it, `token_hash` (SHA-256) of the link they got.
    """

    ip: str | None = None
    user_agent: str | None = None
    form_url: str | None = None
    note: str | None = None
    requested_at: Annotated[datetime, Meta(tz=True)] | None = None
    requested_ip: str | None = None
    confirmed_at: Annotated[datetime, Meta(tz=True)] | None = None
    token_hash: str | None = None


class Attachment(Struct, frozen=True):
    """A file that belongs to what was said, by reference: what it is and where it lies. Its content is not kept."""

    name: str
    media_type: str
    url: str
    size_bytes: int | None = None
    sha256: str | None = None

    def __str__(self) -> str:
        return self.name
