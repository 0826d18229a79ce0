"""The unified history of a contact: in pages, as a file, and as it goes on."""

from collections.abc import Iterator
from uuid import UUID

from fastapi import Request
from starlette.responses import StreamingResponse

from crm.chassis.http import Newsfeed, PageQuery, PageRequest, ReadModel, Router, Streams, hiding, reads
from crm.chassis.http.event_stream import DESCRIBED, EventStream, LastEventId, events, start_at, stays
from crm.chassis.paging import MOST_PER_PAGE
from crm.contacts.api.asked import Only, ids_of
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.following import arriving, following
from crm.contacts.history import history
from crm.contacts.lookup import find_erased
from crm.contacts.paging import HistoryPage, lines_of, page_of
from crm.contacts.reader import Reader
from crm.contacts.reassigned import reassigned
from crm.contacts.views import aliases
from crm.contacts.walking import Order

router = Router(prefix="/contacts/{contact_id}", tags=["history"])

JSON_LINES = "application/jsonl"


@router.get("/history", dependencies=[reads(history, aliases, reassigned)])
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
    ids = ids_of(db, streams, contact_id, as_of=only.as_of, as_known_at=only.as_known_at)
    reader, unseal = Reader.of(agent), streams.keys.unseal
    found = page_of(db, ids, page, reader=reader, order=order, only=only, unseal=unseal)
    if not found.items:
        find_erased(streams, contact_id)  # nothing yet, or nobody?
    return found


@router.get(
    "/history.jsonl",
    dependencies=[reads(history, aliases, reassigned)],
    responses={200: {"description": "One item a line.", "content": {JSON_LINES: {"schema": {"type": "string"}}}}},
    response_class=StreamingResponse,
)
def get_history_as_lines(
    contact_id: UUID,
    request: Request,
    only: Only,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    order: Order = "oldest",
) -> StreamingResponse:
    """The same as a file, all of it: one item a line (JSON Lines)."""
    find_erased(streams, contact_id)
    ids = ids_of(db, streams, contact_id, as_of=only.as_of, as_known_at=only.as_known_at)
    reader, unseal, hide = Reader.of(agent), streams.keys.unseal, hiding(request, agent)

    def pages() -> Iterator[bytes]:
        cursor = None
        while True:
            asked = PageRequest(MOST_PER_PAGE, cursor)
            page = page_of(db, ids, asked, reader=reader, order=order, only=only, unseal=unseal)
            yield lines_of(page, hide)
            if (cursor := page.next) is None:
                return

    name = f'attachment; filename="history-{contact_id}.jsonl"'
    return StreamingResponse(pages(), media_type=JSON_LINES, headers={"Content-Disposition": name})


@router.get(
    "/history/stream",
    dependencies=[reads(history, aliases, reassigned)],
    responses=DESCRIBED,
    response_class=EventStream,
)
async def get_history_as_it_goes_on(
    contact_id: UUID,
    request: Request,
    news: Newsfeed,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    last_event_id: LastEventId = None,
) -> EventStream:
    """New items as they arrive, as Server-Sent Events; `retracted` events name items that are hidden from now on.

    With `Last-Event-ID` it goes on behind that event. `restart` says that this is not possible: ask for the history
    anew. Who does not accept `text/event-stream` gets what there is, and the end.
    """
    await news.read(lambda: find_erased(streams, contact_id))
    place, lost = await start_at(news, db, arriving, last_event_id)
    read = following(db, contact_id, Reader.of(agent), streams.keys.unseal, hiding(request, agent))
    return EventStream(events(news, arriving, place, read, stay=stays(request), lost=lost))
