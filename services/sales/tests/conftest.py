"""Sales over a log in memory and views in a real database, kept up to date by hand."""

import pytest

from crm.chassis.service import Service
from crm.sales.service import service


@pytest.fixture
def declared() -> Service:
    return service


@pytest.fixture
def permissions() -> tuple[str, ...]:
    return ("sales:read", "sales:write", "sales:configure", "contacts:read-addresses")
