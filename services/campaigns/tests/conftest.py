"""Campaigns over a log in memory and views in a real database, kept up to date by hand."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.service import service
from crm.chassis.embedded.process import free_port
from crm.chassis.service import Service
from crm.chassis.settings import Settings
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import Records
from crm.events import Fact
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.contacts import ContactRegistered
from crm.events.particulars import PostalAddress

PUBLIC_URL = "https://mail.shop.example"
CONTACTS_URL = "https://contacts.shop.example/"


class People:
    """People as contacts tell of them."""

    def __init__(self, records: Records, views: Projector) -> None:
        self.records, self._views = records, views

    def tell(
        self, stream: UUID, *facts: Fact, subject: UUID | None = None, occurred_at: datetime | None = None
    ) -> None:
        self._views.hear(self.records.record(stream, *facts, subject=subject, occurred_at=occurred_at))

    def register(self, name: str = "Ada Lovelace", *emails: str, country: str = "GB", agrees: bool = True) -> UUID:
        contact = uuid4()
        address = PostalAddress(city="London", country=country)
        self.tell(contact, ContactRegistered(name=name, emails=list(emails), address=address))
        if agrees:
            self.agree(contact)
        return contact

    def agree(self, contact: UUID, purpose: str = "marketing") -> None:
        fact = ConsentGranted(contact=contact, channel="email", purpose=purpose, wording_version="1", source="form")
        self.tell(uuid5(contact, purpose), fact, subject=contact)

    def withdraw(self, contact: UUID, purpose: str = "marketing") -> None:
        fact = ConsentWithdrawn(contact=contact, channel="email", purpose=purpose, source="form")
        self.tell(uuid5(contact, purpose), fact, subject=contact)


@pytest.fixture
def declared() -> Service:
    return service


@pytest.fixture
def permissions() -> tuple[str, ...]:
    return ("campaigns:read", "campaigns:write", "campaigns:send", "contacts:read-addresses")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """There is no mail server at its address."""
    urls = {"public_url": PUBLIC_URL, "contacts_url": CONTACTS_URL}
    mail = {"smtp": f"127.0.0.1:{free_port()}", "mail_from": "news@shop.example"}
    return settings.model_copy(update={**urls, **mail, "kafka": "none"})


@pytest.fixture
def people(contacts: Records, views: Projector) -> People:
    return People(contacts, views)


@pytest.fixture
def plan(client: TestClient) -> Callable[..., UUID]:
    """Plans a campaign and returns its id."""

    def plan(**more: Any) -> UUID:
        body = {"name": "Spring", "subject": "{first_name}, news", "text": "Dear {name}, see https://shop.example/new."}
        answer = client.post("/campaigns", json=body | more)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    return plan
