"""What a service recorded about one person, for who answers for it (C13): from its own log, page by page, counted."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from crm.chassis.auth import Agent, Permission, allowed
from crm.chassis.http import PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.paging import Page, from_cursor, to_cursor
from crm.chassis.people.aliases import Aliases
from crm.events import Position, Recorded, UnknownFact, summarise, type_of, wire

_ORDER = "position"


class ExportedFact(BaseModel):
    """One fact, opened, as the newest version of its type has it. Times are UTC.

    Of an erased person only what is not personal is left.
    """

    event_id: str
    contact_ids: list[UUID]
    type: str
    summary: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    data: dict[str, Any]

    @classmethod
    def of(cls, e: Recorded[Any]) -> "ExportedFact":
        unknown = isinstance(e.fact, UnknownFact)
        data: dict[str, Any] = {} if unknown else msgspec.to_builtins(e.fact)
        data.pop("type", None)
        return cls(
            event_id=e.event_id,
            contact_ids=list(e.contact_ids),
            type=type_of(e.fact),
            summary=summarise(e.fact),
            occurred_at=e.occurred_at,
            recorded_at=e.recorded_at,
            actor=e.actor,
            channel=e.channel,
            data=data,
        )


def exporting(service: str, aliases: Aliases, kind: type[Permission] = Permission) -> Router:
    """The router of a service's export, with the permission `<service>:privacy`, of a `kind` of the service's own."""
    router = Router(prefix="/people", tags=["privacy"])
    can_export = allowed(f"{service}:privacy", kind)

    @router.get("/{contact_id}/export", dependencies=[reads(aliases)])
    def get_export(
        contact_id: UUID, page: PageQuery, db: ReadModel, streams: Streams, agent: Annotated[Agent, can_export]
    ) -> Page[ExportedFact]:
        """Everything this service recorded about a person, under all of their ids, in the order it was recorded.

        A page may hold few items or none though there is a next one: the log is looked through part by part. Whoever
        follows `next` to its end has every fact, and may compare their number with what the access package says.
        """
        ids = aliases.ids_of(db, contact_id)
        after = Position(*from_cursor(page.cursor, _ORDER, (int, int, int))) if page.cursor else None
        found = streams.about(ids, after, page.limit)
        streams.keys.prefetch({each.partition_key for each in found.facts})
        opened = map(partial(wire.open_fact, unseal=streams.keys.unseal), found.facts)
        cursor = to_cursor(_ORDER, found.next) if found.next else None
        return Page(tuple(ExportedFact.of(each) for each in opened), cursor)

    return router
