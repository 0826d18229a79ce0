"""The unified history of a contact: in pages, as a file, and as it goes on."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import Depends, Query
from pydantic import StringConstraints

from crm.chassis.http import PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.people.fields import Moment
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.history import history
from crm.contacts.lookup import find_erased
from crm.contacts.paging import Filter, HistoryPage, Order, page_of
from crm.contacts.reader import Reader
from crm.contacts.views import aliases

router = Router(prefix="/contacts/{contact_id}/history", tags=["history"])

ServiceName: TypeAlias = Literal["contacts", "sales", "service-desk", "campaigns", "analytics"]
FactType: TypeAlias = Annotated[str, StringConstraints(pattern=r"^crm\.[a-z.0-9-]+$", max_length=120)]
Types: TypeAlias = Annotated[list[FactType], Query(max_length=50, description="CloudEvents types; any of them.")]
Actor: TypeAlias = Annotated[str | None, Query(max_length=200, description="Who did it, such as `user:ada`.")]
AsOf: TypeAlias = Annotated[Moment | None, Query(description="What had happened at this moment.")]
AsKnownAt: TypeAlias = Annotated[Moment | None, Query(description="What was known here at this moment, as it was.")]


async def filter_of(
    service: ServiceName | None = None,
    type: Types = [],  # noqa: B006 (FastAPI copies it)
    channel: Annotated[str | None, Query(pattern="^[a-z_]{1,30}$")] = None,
    actor: Actor = None,
    stream: Annotated[UUID | None, Query(description="One interaction, opportunity, ticket …")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Occurred then or later.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Occurred before.")] = None,
    text: Annotated[
        str, Query(max_length=200, description="Words that all occur; `invoic*` is any word that begins so.")
    ] = "",
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Filter:
    """Which items of a history are asked for."""
    return Filter(service, type, channel, actor, stream, since, until, text, as_of, as_known_at)


Only: TypeAlias = Annotated[Filter, Depends(filter_of)]


@router.get("", dependencies=[reads(history, aliases)])
def get_history(
    contact_id: UUID,
    page: PageQuery,
    only: Only,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    order: Order = "newest",
) -> HistoryPage:
    """Everything that happened with a contact, in every service, under all of its ids; blank where they were erased."""
    ids = aliases.ids_of(db, contact_id)
    reader, unseal = Reader.of(agent), streams.keys.unseal
    found = page_of(db, ids, page, reader=reader, order=order, only=only, unseal=unseal)
    if not found.items:
        find_erased(streams, contact_id)  # nothing yet, or nobody?
    return found
