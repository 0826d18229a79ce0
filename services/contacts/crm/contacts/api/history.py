"""The unified history of a contact."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import Query

from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.people.fields import Moment
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.history import Filter, Order, history, page_of
from crm.contacts.item import Item
from crm.contacts.lookup import find_erased
from crm.contacts.reassigned import reassigned
from crm.contacts.views import aliases

router = Router(prefix="/contacts/{contact_id}/history", tags=["history"])

ServiceName: TypeAlias = Literal["contacts", "sales", "service-desk", "campaigns", "analytics"]


@router.get("", dependencies=[reads(history, aliases, reassigned)])
def get_history(
    contact_id: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    service: ServiceName | None = None,
    type: Annotated[
        str | None, Query(pattern=r"^crm\.[a-z.0-9-]+$", max_length=120, description="A CloudEvents type.")
    ] = None,
    channel: Annotated[str | None, Query(pattern="^[a-z_]{1,30}$")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Occurred then or later.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Occurred before.")] = None,
    order: Order = "newest",
) -> Page[Item]:
    """Everything that happened with a contact, in every service, under all of its ids; blank where they were erased."""
    only = Filter(service, type, channel, since, until)
    found = page_of(db, aliases.ids_of(db, contact_id), page, order=order, only=only, unseal=streams.keys.unseal)
    if not found.items:
        find_erased(streams, contact_id)  # nothing yet, or nobody?
    return found
