"""The history of an account: what happened with all people of an organisation, and of what belongs to it."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from crm.chassis.http import PageQuery, ReadModel, Router, Streams, reads
from crm.contacts.api.asked import Only
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.api.within import Mine
from crm.contacts.belonging import belonging
from crm.contacts.grouping import tree_of
from crm.contacts.history import history
from crm.contacts.organisations import Accounts
from crm.contacts.owning import owned_among
from crm.contacts.paging import HistoryPage, page_of
from crm.contacts.reader import Reader
from crm.contacts.reassigned import reassigned
from crm.contacts.staff import staff_of
from crm.contacts.views import aliases
from crm.contacts.walking import Order

router = Router(prefix="/accounts/{account_id}/history", tags=["history"])


@router.get("", dependencies=[reads(history, belonging, aliases, reassigned)])
def get_account_history(
    account_id: UUID,
    page: PageQuery,
    only: Only,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    mine: Mine,
    order: Order = "newest",
    below: Annotated[bool, Query(description="Also of the people of everything that belongs to it.")] = True,
    former: Annotated[bool, Query(description="Also of people who have left.")] = False,
) -> HistoryPage:
    """What happened with the people who belong to an account, today or on the day of `as_of`, in one order."""
    found = Accounts(streams).find(account_id)
    past = {"as_of": only.as_of, "as_known_at": only.as_known_at}
    whole = [each.organisation for each in tree_of(streams, account_id, **past).nodes] if below else [found]
    among = {id for each in whole for id in each.ids}
    on = None if former else (only.as_of or only.as_known_at or datetime.now(UTC)).date()
    ids = owned_among(db, staff_of(db, among, on=on), mine)
    unseal = streams.keys.unseal
    return page_of(db, ids, page, reader=Reader.of(agent), order=order, only=only, unseal=unseal)
