"""Following a history: its new items as they arrive, and which items are hidden from now on."""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from crm.chassis.auth.visibility import Hide
from crm.chassis.http.event_stream import Event, Read
from crm.chassis.http.news import Listener
from crm.chassis.projection import Db
from crm.chassis.projection.arrivals import Arrival, Arrivals, Place
from crm.chassis.projection.history import FOREVER
from crm.contacts.history import Touchpoint, history, item_of
from crm.contacts.reader import Reader
from crm.contacts.views import aliases
from crm.events import type_of, wire
from crm.events.interactions import InteractionRetracted

AT_ONCE = 100
"""How many rows are read before they are sent: what one who follows holds in memory."""

# In one transaction as the log has them; a fact that names two ids of a person arrives once.
arriving = Arrivals(history.table, "lpad(number::text, 19, '0') || ' ' || stream::text || ':' || version::text")

_encode = msgspec.json.Encoder(decimal_format="string").encode


def following(db: Db, contact_id: UUID, reader: Reader, unseal: wire.Unseal, hide: Hide) -> Read:
    """How the next events of a person are read: under all ids they have by then, as far as the reader may see them.

    `hide` takes from an item what the reader may not be told.
    """

    def read(listener: Listener, place: Place) -> Sequence[Event]:
        listener.keys = ids = aliases.ids_of(db, contact_id)
        while rows := arriving.after(db, ids, place, AT_ONCE):
            if found := list(_events(rows, reader, unseal, hide)):
                return found
            place = rows[-1].place  # nothing for this reader among them
        return ()

    return read


def _events(rows: Sequence[Arrival[Touchpoint]], reader: Reader, unseal: wire.Unseal, hide: Hide) -> Iterator[Event]:
    for row, place in ((each.row, each.place) for each in rows if reader.sees(each.row.readers)):
        if row.type == type_of(InteractionRetracted):
            yield Event(place, _encode({"stream": row.stream}).decode(), "retracted")
        elif row.hidden_at == FOREVER:
            yield Event(place, _encode(hide(msgspec.to_builtins(item_of(row, unseal)))).decode(), "item")
