"""The audit: who changed what, when and why, with what the history hides; from the facts alone (C10, C11)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.paging import Page, PageRequest
from crm.contacts.audit_trail import AuditFilter, Change, Entry, audit_of
from crm.contacts.reader import Reader
from crm.events import Money
from crm.events.contacts import ContactErased, ContactRegistered
from crm.events.interactions import InteractionAmended, InteractionRetracted
from crm.events.sales import LeadCaptured, OpportunityAmountChanged, OpportunityStageChanged
from services.contacts.tests.telling import HR_HEAD, NOON, Story, ada, called


@pytest.fixture
def story(db: Database) -> Story:
    return Story(db)


def audit(
    story: Story, *ids: UUID, limit: int = 100, cursor: str | None = None, reader: Reader = HR_HEAD, **only: Any
) -> Page[Entry]:
    request, unseal = PageRequest(limit, cursor), story.records.keys.unseal
    asked = AuditFilter(**only)
    return audit_of(story.db, ids or (ada,), request, reader=reader, order="oldest", only=asked, unseal=unseal)


def corrected_and_taken_back(story: Story) -> UUID:
    told: dict[str, Any] = {"kind": "call", "direction": "inbound", "author": "user:ada", "took_place_at": NOON}
    stream = story.tell(called("Price", visibility="hr"))
    story.tell(InteractionAmended(contact=ada, subject="The price", visibility="hr", **told), stream=stream, minutes=9)
    story.tell(
        InteractionRetracted(contact=ada, author="user:ada", reason="Mixed up", visibility="hr"),
        stream=stream,
        minutes=9,
    )
    return stream


def test_c10_what_was_corrected_and_taken_back_stays_with_who_and_why(story: Story) -> None:
    stream = corrected_and_taken_back(story)
    first, second, third = audit(story).items
    assert [each.summary for each in (first, second, third)] == [
        "call (inbound): Price",
        "Corrected: call (inbound): The price",
        "Interaction retracted: Mixed up",
    ]
    assert (first.hidden_at, second.hidden_at) == (second.recorded_at, third.recorded_at)
    assert (third.reason, third.actor, third.channel, third.correlation_id) == ("Mixed up", "user:ada", "web", "test")
    assert first.event_id == f"{stream}:1"
    assert story.items() == []


def test_c11_the_audit_as_it_stood_then(story: Story) -> None:
    corrected_and_taken_back(story)
    first, second, _ = audit(story).items
    (then,) = audit(story, as_known_at=first.recorded_at).items
    assert (then.summary, then.hidden_at) == ("call (inbound): Price", None)
    assert [each.hidden_at for each in audit(story, as_known_at=second.recorded_at).items] == [second.recorded_at, None]


def test_c10_the_audit_shows_no_more_than_one_may_see(story: Story) -> None:
    corrected_and_taken_back(story)
    assert audit(story, reader=Reader("user:auditor")).items == ()
    assert len(audit(story, reader=Reader("user:auditor", hr=True)).items) == 3


def test_values_before_and_after_are_told_where_the_fact_says_them(story: Story) -> None:
    common: dict[str, Any] = {"pipeline_version": 1, "probability": 50, "probability_overridden": False}
    stage = OpportunityStageChanged(from_stage="New", to_stage="Proposal", category="Pipeline", **common)
    amount = OpportunityAmountChanged(was=Money(100, "EUR"), amount=Money(250, "EUR"))
    story.tell(stage, amount)
    moved, changed = audit(story).items
    assert moved.changes == (Change("stage", "New", "Proposal"),)
    assert [(each.field, each.before, each.after) for each in changed.changes] == [
        ("amount", changed.data["was"], changed.data["amount"])
    ]


def test_it_is_narrowed_down_and_paged_in_the_order_of_recording(story: Story) -> None:
    for minutes in (3, 1, 2):
        story.tell(called(str(minutes)), minutes=minutes, actor=f"user:{minutes}")
    story.tell(LeadCaptured(contact=ada, provisional=False, source="web", name="Ada"), minutes=0)
    whole = audit(story).items
    assert [each.occurred_at for each in whole] == [NOON + timedelta(minutes=each) for each in (3, 1, 2, 0)]
    found: list[Entry] = []
    cursor = None
    while len(found) < 4:
        page = audit(story, limit=1, cursor=cursor)
        found, cursor = [*found, *page.items], page.next
    assert (tuple(found), cursor) == (whole, None)
    assert audit(story, actor="user:1").items == whole[1:2]
    assert audit(story, types=["crm.sales.lead-captured.v1"]).items == whole[3:]
    assert audit(story, since=whole[1].recorded_at, until=whole[3].recorded_at).items == whole[1:3]


def test_a_fact_that_names_two_ids_of_a_person_is_one_entry(story: Story) -> None:
    alias = uuid4()
    story.tell(ContactRegistered(name="Ada"), stream=ada, contact_ids=(ada, alias))
    assert len(audit(story, ada, alias).items) == 1


def test_c13_the_audit_of_somebody_forgotten_names_nobody(story: Story) -> None:
    corrected_and_taken_back(story)
    story.tell(ContactErased(), stream=ada, minutes=20)
    entries = audit(story).items
    assert [each.summary for each in entries][:2] == [
        "call (inbound): [erased]",
        "Corrected: call (inbound): [erased]",
    ]
    assert entries[2].reason == "[erased]"


def test_the_audit_over_http(suite: TestClient, views: Any, as_agent: Any, db: Database) -> None:
    ada = suite.post("/contacts", json={"name": "Ada"}).json()["id"]
    views.catch_up()
    answer = suite.get(f"/contacts/{ada}/audit").json()
    assert [(each["type"], each["actor"], each["channel"]) for each in answer["items"]] == [
        ("crm.contacts.contact-registered.v1", "user:ada", "api")
    ]
    assert answer["items"][0]["trace_id"]
    assert suite.get(f"/contacts/{uuid4()}/audit").status_code == 404
    assert as_agent("bob", "contacts:read", database=db).get(f"/contacts/{ada}/audit").status_code == 403
    assert as_agent("bob", "contacts:audit", database=db).get(f"/contacts/{ada}/audit").status_code == 200
