"""What is left to decide after an unmerge: whose the items are that came in without an identifier."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.decider import Rejected
from crm.chassis.http import Log, Page, PageQuery, PageRequest, ReadModel, Router, Streams, Written, reads
from crm.chassis.log import Step
from crm.contacts.api.bodies import CanMergeContacts, CanReadContacts
from crm.contacts.api.within import Mine
from crm.contacts.history import history
from crm.contacts.owners import check_all
from crm.contacts.reader import Reader
from crm.contacts.reassigned import reassigned
from crm.contacts.reassignment import reassign, reassignment_stream, reassignments
from crm.contacts.settling import living, settle
from crm.contacts.unassigned import OpenItem, page_of_items, undone

router = Router(prefix="/contacts/{contact_id}/unmerges/{merge_id}", tags=["merges"])


class ReassignItem(BaseModel, extra="forbid"):
    """Which item (its stream) goes to which of the contacts that were merged."""

    item: UUID
    to: UUID


@router.get("/items", dependencies=[reads(history, reassigned)])
def get_items(
    contact_id: UUID,
    merge_id: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
) -> Page[OpenItem]:
    """What was recorded under the survivor without an identifier while the merge was in force, and whose it is now."""
    merge = undone(streams, contact_id, merge_id)
    check_all(streams, mine, merge.parties)
    return page_of_items(db, streams, merge, page, Reader.of(agent))


@router.post("/reassign", dependencies=[reads(history)])
def post_reassignment(
    contact_id: UUID,
    merge_id: UUID,
    body: ReassignItem,
    log: Log,
    db: ReadModel,
    streams: Streams,
    agent: CanMergeContacts,
    mine: Mine,
) -> Written:
    """Hands one of these items to another of the contacts that were merged. It can be handed back."""

    def prepare() -> Iterator[Step]:
        merge = undone(streams, contact_id, merge_id)
        check_all(streams, mine, merge.parties)
        living(streams, body.to)
        if not (found := page_of_items(db, streams, merge, PageRequest(1), Reader.of(agent), body.item).items):
            raise Rejected("There is no such item to decide on.", field="item")
        command = partial(
            reassign,
            item=body.item,
            of=found[0].opening.contact_id,
            to=body.to,
            merge_id=merge_id,
            among=merge.parties,
        )
        yield Step(reassignments, reassignment_stream(body.item), command)

    return settle(log, contact_id, prepare)
