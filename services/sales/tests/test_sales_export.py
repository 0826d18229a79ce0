"""What sales recorded about one person, for who answers for it (C13)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.http import Api
from crm.chassis.keys import MemoryKeys
from crm.chassis.testing import services
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import Records
from crm.events.contacts import ContactIdentified, ContactRegistered

ADA, OLD = UUID(int=11), UUID(int=12)


def exported(client: TestClient, contact: UUID, **asked: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client.get(f"/people/{contact}/export", params=asked | cursor)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            return items
        cursor = {"cursor": answer.json()["next"]}


def test_c13_a_service_exports_everything_it_recorded_about_a_person_under_all_ids(
    api: Api, issuer: LocalIssuer, views: Projector, contacts: Records, post: Callable[..., Any], keys: MemoryKeys
) -> None:
    views.hear(contacts.record(ADA, ContactRegistered(name="Ada")))
    views.hear(contacts.record(OLD, ContactIdentified(holder=ADA)))
    for contact in (ADA, OLD, uuid4()):
        post("/leads", name="Ada", contact=str(contact), source="web", interest="bells")
    with services.client_of(api, issuer.issue("officer", ["sales:privacy"])) as officer:
        found = exported(officer, OLD, limit=1)
        assert [each["contact_ids"] for each in found] == [[str(ADA)], [str(OLD)]]
        assert [each["data"]["interest"] for each in found] == ["bells", "bells"]
        assert exported(officer, ADA) == found
        keys.destroy(ADA)
        assert exported(officer, ADA)[0]["data"]["interest"] is None


def test_c13_an_export_is_for_who_answers_for_privacy(client: TestClient, views: Projector) -> None:
    refused = client.get(f"/people/{ADA}/export")
    assert (refused.status_code, "sales:privacy" in refused.text) == (403, True)
