"""The unified history: order, filters, cursors, aliases, erasure."""

from datetime import timedelta
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.database import Database
from crm.chassis.paging import MalformedCursor, to_cursor
from crm.chassis.testing.shelf import one
from crm.contacts.history import history
from crm.contacts.item import Item, render, take_apart
from crm.events import Fact, UnknownFact, catalogue, type_of
from crm.events.consents import ConsentGranted
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered, ContactRenamed
from crm.events.particulars import Phone
from crm.events.sales import LeadCaptured, LeadQualified
from services.contacts.tests.telling import NOON, Story, ada, called


@pytest.fixture
def story(db: Database) -> Story:
    return Story(db)


def test_facts_of_every_service_stand_in_one_history(story: Story) -> None:
    story.tell(ContactRegistered(name="Ada"), stream=ada)
    story.tell(
        LeadCaptured(contact=ada, provisional=False, source="web", name="Ada", interest="An engine"),
        LeadQualified(),
        minutes=1,
    )
    story.tell(called("Price"), minutes=2)
    assert [(each.service, each.type, each.summary) for each in story.items()] == [
        ("contacts", "crm.contacts.contact-registered.v1", "Ada became a contact"),
        ("sales", "crm.sales.lead-captured.v1", "New lead from web: An engine"),
        ("sales", "crm.sales.lead-qualified.v1", "Lead qualified: worth pursuing"),
        ("contacts", "crm.contacts.interaction-logged.v2", "call (inbound): Price"),
    ]


UNSAID = {"attachments": [], "via": None, "visibility": "everyone"}


def test_an_item_says_all_there_is_to_know(story: Story) -> None:
    stream = story.tell(called("Price"))
    (item,) = story.items()
    assert item == Item(
        event_id=f"{stream}:1",
        contact_id=ada,
        service="contacts",
        type="crm.contacts.interaction-logged.v2",
        summary="call (inbound): Price",
        occurred_at=NOON,
        recorded_at=item.recorded_at,
        actor="user:ada",
        channel="web",
        data={
            "contact": str(ada),
            "kind": "call",
            "direction": "inbound",
            "subject": "Price",
            "body": None,
            "attachments": [],
            "via": None,
            "visibility": "everyone",
            "system": None,
            "external_id": None,
        },
        trace_id=None,
    )


def test_c10_late_facts_stand_where_they_belong(story: Story) -> None:
    for subject, minutes in (("second", 2), ("third", 3), ("first", 1)):
        story.tell(called(subject), minutes=minutes)
    said = [f"call (inbound): {each}" for each in ("first", "second", "third")]
    assert story.summaries() == said
    assert story.summaries(order="newest") == said[::-1]


def test_c10_facts_of_one_moment_stand_in_the_order_of_recording_and_versions(story: Story) -> None:
    story.tell(ContactRegistered(name="0"), *(ContactRenamed(name=str(each)) for each in range(1, 12)), stream=ada)
    expected = ["0 became a contact", *(f"Renamed to {each}" for each in range(1, 12))]
    for limit in (1, 5, 100):
        assert story.summaries(limit=limit) == expected
        assert story.summaries(limit=limit, order="newest") == expected[::-1]


def test_pages_stay_right_while_items_come_in(story: Story) -> None:
    for each in range(4):
        story.tell(called(str(each)), minutes=each)
    first = story.page(order="newest", limit=2)
    story.tell(called("new"), minutes=9)
    second = story.page(order="newest", limit=2, cursor=first.next)
    assert [each.data["subject"] for each in (*first.items, *second.items)] == ["3", "2", "1", "0"]
    assert second.next is None
    back = story.page(order="oldest", limit=2, cursor=second.previous)
    assert [each.data["subject"] for each in back.items] == ["2", "3"]
    assert [each.data["subject"] for each in story.page(cursor=first.previous).items] == ["new"]
    with pytest.raises(MalformedCursor):
        story.page(cursor=to_cursor("another list", [1]))


def test_filters_narrow_it_down(story: Story) -> None:
    story.tell(ContactRegistered(name="Ada"), stream=ada)
    story.tell(LeadCaptured(contact=ada, provisional=False, source="web", name="Ada"), minutes=5)
    story.tell(called("Price"), minutes=10)
    assert len(story.items(service="sales")) == 1
    assert len(story.items(types=["crm.contacts.interaction-logged.v2"])) == 1
    assert len(story.items(channel="web")) == 3
    assert story.items(channel="phone") == []
    between = story.items(since=NOON + timedelta(minutes=5), until=NOON + timedelta(minutes=10))
    assert [each.service for each in between] == ["sales"]
    assert story.items(service="sales", channel="phone") == []


def test_c8_the_history_of_a_person_is_that_of_all_ids_and_counts_a_fact_once(story: Story) -> None:
    alias = uuid4()
    story.tell(ContactRegistered(name="Ada"), stream=ada)
    story.tell(called("as somebody unknown"), about=alias, minutes=1)
    story.tell(ContactIdentified(holder=ada), stream=alias, about=alias, contact_ids=(alias, ada), minutes=2)
    story.tell(called("later"), minutes=3)
    assert len(story.items()) == 3
    for limit in (1, 2, 100):
        assert story.summaries(ada, alias, limit=limit) == [
            "Ada became a contact",
            "call (inbound): as somebody unknown",
            f"Recognised as contact {ada}",
            "call (inbound): later",
        ]


def test_c13_an_erasure_blanks_what_was_personal_and_nothing_else(story: Story, db: Database) -> None:
    story.tell(ContactRegistered(name="Canary", emails=["canary@example.com"]), stream=ada)
    story.tell(called("Canary"), minutes=1)
    story.tell(ContactErased(), stream=ada, minutes=2)
    table = history.table.name
    assert one(db, f"SELECT count(*) FROM {table} WHERE {table}::text ILIKE '%%canary%%'") == 0
    assert [(each.summary, each.data) for each in story.items()] == [
        (
            "[erased] became a contact",
            {
                "name": "[erased]",
                "emails": [],
                "phones": [],
                "address": None,
                "external_ids": [],
                "provisional": False,
                "devices": [],
                "anonymous": False,
                "shared": [],
            },
        ),
        (
            "call (inbound): [erased]",
            {
                "contact": str(ada),
                "kind": "call",
                "direction": "inbound",
                "subject": "[erased]",
                "body": None,
                "attachments": [],
                "via": None,
                "visibility": "everyone",
                "system": None,
                "external_id": None,
            },
        ),
        ("Erased (everything)", {"scope": "everything"}),
    ]


def test_c13_what_is_said_of_another_person_in_ones_history_goes_with_that_other(story: Story) -> None:
    bob = uuid4()
    story.tell(called("Canary"), contact_ids=(ada, bob))
    story.tell(ContactErased(), stream=bob, about=bob, minutes=1)
    assert story.summaries(bob)[0] == "call (inbound): Canary"
    story.tell(ContactErased(), stream=ada, minutes=2)
    assert story.summaries(bob)[0] == "call (inbound): [erased]"


def test_a_fact_of_a_type_not_known_yet_is_kept_and_readable_once_it_is(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "crm.contacts.interaction-logged.v2"
    with monkeypatch.context() as patch:
        patch.delitem(catalogue.BY_TYPE, name)
        story.tell(called("Price"))
        (item,) = story.items()
        assert (item.type, item.summary) == (name, name)
        told = {"contact": str(ada), "kind": "call", "direction": "inbound", "visibility": "everyone", "system": None}
        assert item.data == told
    assert story.summaries() == ["call (inbound): Price"]


FACTS: list[Fact] = [
    ContactRegistered(name="Ada", emails=["a@b.example"], phones=[Phone("1", "+491")]),
    ContactRegistered(name="[erased]"),
    ConsentGranted(contact=ada, channel="email", purpose="news", wording_version="1", source="form"),
    LeadQualified(),
]


@given(st.sampled_from(FACTS))
def test_a_fact_taken_apart_and_put_together_is_the_same(fact: Fact) -> None:
    clear, personal = take_apart(fact)
    kept = msgspec.json.decode(msgspec.json.encode(clear))
    rendered = render(type_of(fact), kept, personal, lambda _: None)
    expected = msgspec.to_builtins(fact)
    expected.pop("type")
    assert rendered["data"] == expected


def test_what_is_unknown_is_taken_apart_as_it_came() -> None:
    clear, personal = take_apart(UnknownFact(name="crm.x.y.v1", value=b'{"type":"crm.x.y.v1","a":1,"personal":"jwe"}'))
    assert (clear, personal) == ({"a": 1, "personal": "jwe"}, None)
