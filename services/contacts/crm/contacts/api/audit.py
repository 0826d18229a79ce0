"""The audit of a contact."""

from typing import Annotated, TypeAlias
from uuid import UUID

from fastapi import Depends, Query

from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, reads
from crm.chassis.people.fields import Moment
from crm.contacts.api.asked import Actor, Types, ids_of
from crm.contacts.api.bodies import CanAuditContacts
from crm.contacts.audit_trail import AuditFilter, Entry, Order, audit_of
from crm.contacts.history import history
from crm.contacts.lookup import find_erased
from crm.contacts.reader import Reader
from crm.contacts.views import aliases

router = Router(prefix="/contacts/{contact_id}/audit", tags=["history"])


async def audit_filter_of(
    actor: Actor = None,
    type: Types = [],  # noqa: B006 (FastAPI copies it)
    since: Annotated[Moment | None, Query(alias="from", description="Recorded then or later.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Recorded before.")] = None,
    as_known_at: Annotated[Moment | None, Query(description="As it stood at this moment.")] = None,
) -> AuditFilter:
    """Which entries are asked for."""
    return AuditFilter(actor, type, since, until, as_known_at)


Only: TypeAlias = Annotated[AuditFilter, Depends(audit_filter_of)]


@router.get("", dependencies=[reads(history, aliases)])
def get_audit(
    contact_id: UUID,
    page: PageQuery,
    only: Only,
    db: ReadModel,
    streams: Streams,
    agent: CanAuditContacts,
    order: Order = "newest",
) -> Page[Entry]:
    """Who changed what, when, from where and why, in every service; with what was corrected and taken back."""
    ids = ids_of(db, streams, contact_id, as_known_at=only.as_known_at)
    found = audit_of(db, ids, page, reader=Reader.of(agent), order=order, only=only, unseal=streams.keys.unseal)
    if not found.items:
        find_erased(streams, contact_id)  # nothing yet, or nobody?
    return found
