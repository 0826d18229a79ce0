"""The desk over a log in memory and views in a real database, kept up to date by hand."""

import pytest

from crm.chassis.service import Service
from crm.service_desk.service import service


@pytest.fixture
def declared() -> Service:
    return service


@pytest.fixture
def permissions() -> tuple[str, ...]:
    return ("service-desk:read", "service-desk:write", "contacts:read-addresses")
