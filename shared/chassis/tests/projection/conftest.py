"""A prepared database for the tests of views."""

from collections.abc import Iterator

import pytest

from crm.chassis.database import Database
from crm.chassis.migrations import migrate


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    migrate(database)
    opened = Database(database)
    yield opened
    opened.close()
