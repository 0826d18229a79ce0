"""Erasures as the services told them: per id, in any order, and what waits for whom (C13, E15)."""

import random
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import msgspec
import pytest
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.runtime import Runtime
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import DAY_ONE, Records, recorded
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.contacts.erasing import erasing
from crm.contacts.erasure import erase
from crm.contacts.erasure_list import ACKNOWLEDGED, erasure_list
from crm.contacts.erasures import measure
from crm.contacts.registration import register
from crm.events import Fact, Recorded, catalogue
from crm.events.contacts import ContactErased, ErasureRequested, SubjectKeyDestroyed
from crm.events.holds import ValuesHeld
from crm.events.identifiers import IdentifierTombstoned
from crm.events.sales import LeadCaptured

ADA, HELD = UUID(int=1), UUID(int=2)


def acknowledged(service: str, contact: UUID) -> Fact:
    kind = catalogue.BY_TYPE[ACKNOWLEDGED[service]]
    return kind(contact=contact)  # type: ignore[call-arg]


def story() -> list[list[Recorded[Fact]]]:
    """The facts of an erasure under a hold, per stream."""

    def told(stream: UUID, *facts: Fact) -> list[Recorded[Fact]]:
        return [
            recorded(stream, each, version, occurred_at=DAY_ONE + timedelta(hours=version), contact_ids=())
            for version, each in enumerate(facts, start=1)
        ]

    streams = [
        told(ADA, ErasureRequested(), ContactErased()),
        told(uuid4(), SubjectKeyDestroyed(contact=ADA, key_id=ADA), SubjectKeyDestroyed(contact=ADA, key_id=HELD)),
        told(HELD, ValuesHeld(hold=uuid4(), contact=ADA, fields=["name"], name="Ada")),
        told(uuid4(), IdentifierTombstoned(kind="email", holder=ADA)),
        told(uuid4(), IdentifierTombstoned(kind="email", holder=ADA)),
        told(uuid4(), IdentifierTombstoned(kind="phone", holder=ADA)),
    ]
    return streams + [told(uuid4(), acknowledged(each, ADA)) for each in ACKNOWLEDGED]


def test_c13_an_erasure_is_complete_when_all_is_done_however_the_facts_arrive() -> None:
    streams, dice = story(), random.Random(4)
    rows = []
    for _ in range(50):
        left = [list(each) for each in streams]
        order = []
        while left := [each for each in left if each]:
            order.append(dice.choice(left).pop(0))
        rows.append(erasure_list.fold(order)[ADA])
    assert all(each == rows[0] for each in rows)
    assert (rows[0].complete, rows[0].tombstones) == (True, {"email": 2, "phone": 1})


def test_c13_what_a_hold_keeps_or_a_service_owes_keeps_an_erasure_incomplete() -> None:
    streams = story()
    everything = [e for each in streams for e in each]
    for left_out in (1, 3, *range(len(everything) - len(ACKNOWLEDGED), len(everything))):
        facts = [e for at, e in enumerate(everything) if at != left_out]
        assert not erasure_list.fold(facts)[ADA].complete


@pytest.fixture
def two_erased(suite: TestClient, views: Projector, log: EventLog) -> list[str]:
    """Two people who were erased, one after the other."""
    ids = [suite.post("/contacts", json={"name": name}).json()["id"] for name in ("Ada", "Bob", "Cy")]
    for each in ids[:2]:
        suite.delete(f"/contacts/{each}").raise_for_status()
    views.catch_up()
    return ids[:2]


def test_e15_erasures_are_listed_with_who_has_not_acknowledged(
    suite: TestClient, views: Projector, log: EventLog, two_erased: list[str]
) -> None:
    first = suite.get("/erasures", params={"limit": 1}).json()
    second = suite.get("/erasures", params={"limit": 1, "cursor": first["next"]}).json()
    found = first["items"] + second["items"]
    assert [each["contact_id"] for each in found] == two_erased
    assert found[0]["waiting_for"] == list(ACKNOWLEDGED)
    views.hear(Records(log.keys).record(uuid4(), acknowledged("sales", UUID(two_erased[0]))))
    waiting = suite.get("/erasures", params={"incomplete": True}).json()["items"]
    assert "sales" not in waiting[0]["waiting_for"] and "sales" in waiting[1]["waiting_for"]
    assert list(waiting[0]["acknowledged"]) == ["sales"]


def test_e15_late_acknowledgements_are_measured_also_of_a_service_that_never_heard(
    suite: TestClient, views: Projector, log: EventLog, two_erased: list[str], runtime: Runtime, db: Database
) -> None:
    heard = Records(log.keys)
    for each in two_erased:
        views.hear(heard.record(uuid4(), acknowledged("sales", UUID(each))))
    measure(Runtime(runtime.settings, db, log.keys, log))
    waits = {
        each: REGISTRY.get_sample_value("rapport_erasure_waiting_seconds", {"service": each}) for each in ACKNOWLEDGED
    }
    assert waits["sales"] == 0
    assert all((waited or 0) > 0 for service, waited in waits.items() if service != "sales")


def answer_everything(log: EventLog, runtime: Runtime) -> None:
    for _ in range(3):
        for sealed in log.read(None, 500):
            if sealed.type in erasing.types:
                erasing.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)


def test_c13_merged_people_erase_as_one_with_what_was_recorded_under_every_id(
    api: TestClient, registered: Callable[..., UUID], log: EventLog, do: Commands, runtime: Runtime, keys: MemoryKeys
) -> None:
    ada, double, visitor = registered("Ada", emails=["ada@example.org"]), registered("Countess"), uuid4()
    do.execute_together(
        Step(contacts, visitor, partial(identify, holder=double)),
        Step(contacts, double, partial(recognise, alias=visitor)),
    )
    elsewhere = Records(keys)
    lead = partial(LeadCaptured, provisional=True, source="web", name="Ada", interest="an engine")
    told = [elsewhere.record(uuid4(), lead(contact=each), subject=each)[0] for each in (ada, double, visitor)]
    api.post(f"/contacts/{ada}/merge", json={"absorb": [str(double)]}).raise_for_status()
    api.delete(f"/contacts/{ada}").raise_for_status()
    answer_everything(log, runtime)
    assert all(keys.is_destroyed(each) for each in (ada, double, visitor))
    for each in (ada, double, visitor):
        assert "Ada" not in str(log.stream(each)) and "Countess" not in str(log.stream(each))
        assert api.get(f"/contacts/{each}").status_code == 410
    assert all(b"an engine" not in each.value and keys.unseal(token_of(each.value)) is None for each in told)


def token_of(value: bytes) -> str:
    return str(msgspec.json.decode(value)["personal"])


def test_c13_a_hold_on_somebody_absorbed_counts_for_the_person(
    api: TestClient, registered: Callable[..., UUID], log: EventLog, runtime: Runtime
) -> None:
    ada, double = registered("Ada"), registered("Countess")
    hold = {"fields": ["name"], "reason": "tax law"}
    api.post(f"/contacts/{double}/legal-holds", json=hold).raise_for_status()
    api.post(f"/contacts/{ada}/merge", json={"absorb": [str(double)]}).raise_for_status()
    (placed,) = api.get(f"/contacts/{ada}/legal-holds").json()["items"]
    api.delete(f"/contacts/{ada}").raise_for_status()
    answer_everything(log, runtime)
    assert sorted(each["name"] for each in api.get(f"/contacts/{ada}/held-values").json()["items"]) == [
        "Ada",
        "Countess",
    ]
    api.post(f"/contacts/{ada}/legal-holds/{placed['id']}/lift").raise_for_status()
    answer_everything(log, runtime)
    assert api.get(f"/contacts/{double}/held-values").json()["items"] == []


def test_c13_an_erasure_needs_nobody_to_be_told_twice(do: Commands, log: EventLog, runtime: Runtime) -> None:
    contact = uuid4()
    do(contacts, contact, partial(register, name="Ada"))
    do(contacts, contact, erase)
    answer_everything(log, runtime)
    before = len(log.read(None, 500))
    answer_everything(log, runtime)
    assert len(log.read(None, 500)) == before
