"""Excerpts: the facts about some contacts, found by reading the log in windows.

No index by contact: it would cost every append something, for a question that is asked about one person in a month.
"""

from collections.abc import Collection
from uuid import UUID

from crm.chassis.database import Database
from crm.chassis.log.reading import COLUMNS, SETTLED, sealed
from crm.chassis.log.store import Excerpt
from crm.events import Position

# The window is cut from the position index first; whole rows are fetched only of what is about the contacts.
_EXCERPT = f"""
    SELECT {COLUMNS}, page.contact_ids && %(contacts)s::uuid[] AS about, page.size
    FROM (
        SELECT *, lead(notification_id) OVER positions IS NULL AS is_last, count(*) OVER () AS size FROM (
            SELECT events.originator_id, events.originator_version, events.contact_ids,
                events.era, events.tx, events.notification_id
            FROM events
            WHERE (events.era, events.tx, events.notification_id)
                > (%(era)s::integer, %(tx)s::text::xid8, %(number)s::bigint) AND {SETTLED}
            ORDER BY events.era, events.tx, events.notification_id LIMIT %(window)s
        ) AS read WINDOW positions AS (ORDER BY era, tx, notification_id)
    ) AS page JOIN events USING (originator_id, originator_version)
    WHERE page.contact_ids && %(contacts)s::uuid[] OR page.is_last
    ORDER BY events.era, events.tx, events.notification_id LIMIT %(most)s
"""


def excerpt(
    database: Database, contacts: Collection[UUID], after: Position | None, *, most: int, window: int
) -> Excerpt:
    """At most so many settled facts about any of these contacts, among the next `window` of the log."""
    era, tx, number = after or (0, 0, 0)
    # One more than wanted, and perhaps the last of the window, which only tells where to go on.
    params = {"contacts": list(contacts), "era": era, "tx": str(tx), "number": number, "window": window}
    with database.connection() as connection, connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_EXCERPT.encode(), params | {"most": most + 1}).fetchall()
    found = [sealed(row) for row in rows if row[-2]]
    if len(found) > most:
        return Excerpt(tuple(found[:most]), found[most - 1].position)
    ended = not rows or rows[-1][-1] < window
    return Excerpt(tuple(found), None if ended else sealed(rows[-1]).position)
