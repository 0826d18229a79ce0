"""Server-Sent Events: rows as they arrive, to be resumed behind the last one that reached the client.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

from fastapi import Header, Request
from starlette.responses import StreamingResponse

from crm.chassis.http.news import Listener, News
from crm.chassis.http.problems import invalid
from crm.chassis.paging import LONGEST_CURSOR, MalformedCursor
from crm.chassis.projection.arrivals import Arrivals, Place

HEARTBEAT_S = 15.0
LONGEST_S = 3_600.0
"""After this a client has to ask again, with a token that is still valid."""
RETRY_MS = 2_000
MEDIA_TYPE = "text/event-stream"

LastEventId = Annotated[
    str | None,
    Header(alias="Last-Event-ID", max_length=LONGEST_CURSOR, description="The `id` of the last event that arrived."),
]


@dataclass(frozen=True)
class Event:
    """One event: JSON text on one line, and the place behind it. `name` is `message` if none is given."""

    place: Place
    data: str
    name: str | None = None

    def encode(self) -> bytes:
        named = f"event: {self.name}\n" if self.name else ""
        return f"id: {self.place.cursor}\n{named}data: {self.data}\n\n".encode()


Read = Callable[[Listener, Place], Sequence[Event]]
"""Reads the next events behind a place, in a thread, and tells the listener for which keys to wait."""


class EventStream(StreamingResponse):
    """The answer to who listens. It ends at once for a client that does not ask for `text/event-stream`."""

    media_type = MEDIA_TYPE

    def __init__(self, content: AsyncIterator[bytes], status_code: int = 200) -> None:
        super().__init__(content, status_code, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"})


DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events; each `id` is where to go on.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    }
}
"""What OpenAPI says of an event stream."""


def stays(request: Request) -> bool:
    """Whether a client is going to listen; any other gets what there is, and the end."""
    return MEDIA_TYPE in request.headers.get("accept", "")


async def start_at(news: News, database: Any, arrivals: Arrivals[Any], last_event_id: str | None) -> tuple[Place, bool]:
    """Where to begin: behind the last event, or now. True: the rows were built anew since, so that it is lost.

    Raises a 422 problem for an id that was not given here.
    """
    now = await news.read(lambda: arrivals.now(database))
    if last_event_id is None:
        return now, False
    try:
        place = Place.read(last_event_id)
    except MalformedCursor as error:
        raise invalid("Last-Event-ID", "header", "Send the id of an event that was sent to you.") from error
    return (place, False) if place.table == now.table else (now, True)


async def events(
    news: News, arrivals: Arrivals[Any], place: Place, read: Read, *, stay: bool, lost: bool = False
) -> AsyncIterator[bytes]:
    """The events behind a place, as bytes; then, for who stays, those that come, and a sign of life meanwhile."""
    yield f"retry: {RETRY_MS}\nid: {place.cursor}\n\n".encode()
    if lost:
        yield Event(place, "{}", "restart").encode()
    until = time.monotonic() + LONGEST_S
    with news.listening(arrivals) as listener:
        while True:
            listener.news.clear()
            found = await listener.read(partial(read, listener, place))
            for each in found:
                yield each.encode()
                place = each.place
            if found:
                continue
            if not stay or news.ended or time.monotonic() > until:
                return
            if not await listener.wait(HEARTBEAT_S):
                yield b": still here\n\n"
