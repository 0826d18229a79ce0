"""What the history, the audit and their kin are asked for over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from fastapi import Depends, Query
from pydantic import StringConstraints

from crm.chassis.auth import CurrentAgent, Forbidden
from crm.chassis.auth.visibility import READ_ADDRESSES
from crm.chassis.decider import Erased, Unknown
from crm.chassis.log import EventLog
from crm.chassis.people.fields import Moment
from crm.chassis.projection import Db
from crm.contacts.filter import Filter
from crm.contacts.lookup import find
from crm.contacts.views import aliases

ServiceName: TypeAlias = Literal["contacts", "sales", "service-desk", "campaigns", "analytics"]
FactType: TypeAlias = Annotated[str, StringConstraints(pattern=r"^crm\.[a-z.0-9-]+$", max_length=120)]
Types: TypeAlias = Annotated[list[FactType], Query(max_length=50, description="CloudEvents types; any of them.")]
AsOf: TypeAlias = Annotated[Moment | None, Query(description="As things were at this moment.")]
AsKnownAt: TypeAlias = Annotated[Moment | None, Query(description="As was known here at this moment.")]
Actor: TypeAlias = Annotated[str | None, Query(max_length=200, description="Who did it, such as `user:ada`.")]


async def filter_of(
    agent: CurrentAgent,
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
    as_of: Annotated[Moment | None, Query(description="What had happened at this moment.")] = None,
    as_known_at: Annotated[Moment | None, Query(description="What was known here at this moment, as it was.")] = None,
) -> Filter:
    """Which items of a history are asked for. By words, only whoever may read the addresses among them."""
    if text and not agent.may(READ_ADDRESSES):
        raise Forbidden(READ_ADDRESSES)
    return Filter(service, type, channel, actor, stream, since, until, text, as_of, as_known_at)


Only: TypeAlias = Annotated[Filter, Depends(filter_of)]


def ids_of(
    db: Db, log: EventLog, contact_id: UUID, *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> Sequence[UUID]:
    """All ids of the person behind an id, now or as they were one person at a moment (C8, C11)."""
    if as_of is not None or as_known_at is not None:
        try:
            return sorted(find(log, contact_id, as_of=as_of, as_known_at=as_known_at).family.ids)
        except Erased:
            pass  # they are forgotten under all ids; which were theirs when is no longer told
        except Unknown:
            return (contact_id,)
    return aliases.ids_of(db, contact_id)
