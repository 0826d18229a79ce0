"""Lists of contacts: searched, filtered, page by page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, StringConstraints

from crm.chassis.auth.visibility import READ_ADDRESSES
from crm.chassis.decider import Rejected
from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, invalid, reads
from crm.chassis.log import EventLog
from crm.contacts.account_list import account_list
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.api.within import Mine
from crm.contacts.attribute_value import parse_value
from crm.contacts.attributing import in_force
from crm.contacts.belonging import belonging
from crm.contacts.directory import Entry, directory
from crm.contacts.searching import Filter, search
from crm.events.attributes import AttributeTarget

router = Router(prefix="/contacts", tags=["contacts"])

Asked = Annotated[
    list[Annotated[str, StringConstraints(max_length=2_100, pattern="^[a-z][a-z0-9_]{0,59}:")]],
    Query(alias="attribute", max_length=10, description="`<name>:<value>` of a searchable custom attribute."),
]


class Listed(BaseModel):
    """A contact in a list; the first e-mail address and number are the primary ones."""

    id: UUID
    name: str
    emails: list[str]
    phones: list[str]
    city: str | None
    country: str | None
    provisional: bool
    archived: bool
    owner: str | None
    tags: list[str]

    @classmethod
    def of(cls, entry: Entry) -> "Listed":
        return cls(
            id=entry.contact_id,
            name=entry.name,
            emails=list(entry.emails),
            phones=list(entry.phones),
            city=entry.city,
            country=entry.country,
            provisional=entry.provisional,
            archived=entry.archived,
            owner=entry.owner,
            tags=list(entry.tags),
        )


@router.get("", dependencies=[reads(directory, belonging, account_list)])
def get_contacts(
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    text: Annotated[
        str,
        Query(
            alias="search", max_length=200, description="Words of a name, an address, a city or an account; a number."
        ),
    ] = "",
    tag: Annotated[str | None, Query(max_length=60)] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    account: Annotated[UUID | None, Query(description="Who belongs to this account today.")] = None,
    archived: Annotated[bool, Query(description="Those in the archive instead of the others.")] = False,
    provisional: Annotated[
        bool | None, Query(description="Only those who were merely heard of, or only others.")
    ] = None,
    asked: Asked = [],  # noqa: B006 (FastAPI copies it)
) -> Page[Listed]:
    """The contacts that match, the most similar first; without a search all of them, by name.

    Without `contacts:read-addresses` nobody is found by an address, a number or a city.
    """
    only = Filter(tag, owner, account, archived, provisional, attributes_asked(streams, "contact", asked), mine)
    today = datetime.now(UTC).date()
    found = search(db, text, only, page, today=today, by_addresses=agent.may(READ_ADDRESSES))
    return Page(tuple(Listed.of(each) for each in found.items), found.next)


def attributes_asked(log: EventLog, target: AttributeTarget, asked: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """What `attribute=<name>:<value>` asks for, by the definitions in force. Raises a 422 problem."""
    known = in_force(log, target).definitions.by_name
    wanted: dict[str, list[str]] = {}
    for each in asked:
        name, _, value = each.partition(":")
        if name not in known or not known[name].searchable:
            raise invalid("attribute", "query", "There is no searchable attribute of this name. See GET /attributes.")
        try:
            wanted.setdefault(name, []).extend(parse_value(known[name], value))
        except Rejected as refusal:
            raise invalid("attribute", "query", refusal.sentence) from refusal
    return wanted
