"""A database for the views of people, and a log of contacts to feed them."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.migrations import migrate
from crm.chassis.projection import View
from crm.chassis.testing.shelf import feed_of
from crm.chassis.testing.views import Records, from_topic
from crm.events import Fact


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    migrate(database)
    opened = Database(database)
    yield opened
    opened.close()


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def listening(db: Database, keys: MemoryKeys) -> Callable[[View[Any]], Callable[..., UUID]]:
    """Makes a view listen to contacts; what it returns tells it facts of a stream."""
    records, heard = Records(keys), [0]

    def listen(view: View[Any]) -> Callable[..., UUID]:
        feed = feed_of(db, records, view, "contacts")

        def tell(*facts: Fact, stream: UUID | None = None) -> UUID:
            stream = stream or uuid4()
            sealed = records.record(stream, *facts)
            feed.take(from_topic(sealed, first=heard[0]))
            heard[0] += len(sealed)
            return stream

        return tell

    return listen
