"""What requests about details of a contact are made of, and what answers say of them."""

import zoneinfo
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from crm.contacts.api.particulars import Address, Colleague
from crm.contacts.attribute_value import Shown
from crm.contacts.contact import Contact
from crm.contacts.details import Handle


def _born(day: date) -> date:
    if not date(1850, 1, 1) <= day <= datetime.now(UTC).date():
        raise ValueError("Give a day that has passed, such as 1985-12-10.")
    return day


def _zone(name: str) -> str:
    if name not in zoneinfo.available_timezones():
        raise ValueError("Give an IANA time zone, such as Europe/Paris.")
    return name


Birthday = Annotated[date, AfterValidator(_born)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
"""A language tag of BCP 47, such as `pt-BR`."""
TimeZone = Annotated[str, StringConstraints(max_length=60), AfterValidator(_zone)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[a-z][a-z0-9 _-]{0,29}$")]


class ReviseProfile(BaseModel, extra="forbid"):
    """What is left out stays; null takes it away. `owner` is the subject of a colleague's token."""

    owner: Colleague | None = None
    birthday: Birthday | None = None
    language: Language | None = None
    time_zone: TimeZone | None = None


class LabelledAddress(BaseModel, extra="forbid"):
    """A further postal address; there is one per label, such as `work` or `summer house`."""

    label: Label
    address: Address


class ALabel(BaseModel, extra="forbid"):
    label: Label


class AHandle(BaseModel, extra="forbid"):
    """What somebody is called in a social network."""

    network: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9._-]+$")
    handle: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

    def as_state(self) -> Handle:
        return Handle(self.network, self.handle)


class ArchiveContact(BaseModel, extra="forbid"):
    reason: str | None = Field(None, max_length=500)


class DetailsAnswer(BaseModel):
    """What is known of a contact beside names and identifiers. `attributes` are the custom ones, by name."""

    owner: str | None
    tags: list[str]
    archived: bool
    birthday: date | None
    language: str | None
    time_zone: str | None
    further_addresses: list[LabelledAddress]
    handles: list[AHandle]
    attributes: dict[str, Shown]

    @staticmethod
    def parts(contact: Contact) -> dict[str, Any]:
        """The members of this answer."""
        return {
            "owner": contact.owner,
            "tags": sorted(contact.tags),
            "archived": contact.archived,
            "birthday": contact.birthday,
            "language": contact.language,
            "time_zone": contact.time_zone,
            "further_addresses": [
                LabelledAddress.model_construct(label=each.label, address=Address.of(each.address))
                for each in contact.further_addresses
            ],
            "handles": [AHandle.model_construct(network=each.network, handle=each.handle) for each in contact.handles],
            "attributes": {each.attribute: each.shown for each in contact.attributes},
        }
