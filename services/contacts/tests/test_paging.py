"""What a history can be asked: corrections in place, who may see what, words, past moments, many ids (C10, C11)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.testing.shelf import one
from crm.chassis.testing.views import from_log
from crm.contacts import walking
from crm.contacts.history import history
from crm.contacts.reader import Reader
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered
from crm.events.interactions import InteractionAmended, InteractionLogged, InteractionRetracted
from crm.events.merging import ItemReassigned
from crm.events.sales import LeadCaptured, LeadQualified
from services.contacts.tests.telling import HR_HEAD, NOON, Story, ada, called

CLERK = Reader("user:clerk")


@pytest.fixture
def story(db: Database) -> Story:
    return Story(db)


def amended(subject: str, minutes: int = 0, **more: Any) -> InteractionAmended:
    told: dict[str, Any] = {"author": "user:ada", "took_place_at": NOON + timedelta(minutes=minutes), **more}
    return InteractionAmended(contact=ada, kind="call", direction="inbound", subject=subject, **told)


def retracted(**more: Any) -> InteractionRetracted:
    return InteractionRetracted(contact=ada, author="user:ada", reason="Mixed up", **more)


def last_recorded(story: Story) -> datetime:
    return story.records.log[-1].recorded_at


def test_c10_an_amended_item_shows_the_newest_text_where_it_belongs(story: Story) -> None:
    stream = story.tell(called("Price"), minutes=5)
    story.tell(called("Other"), minutes=3)
    story.tell(amended("The price", 5), stream=stream, minutes=10)
    other, item = story.items()
    assert (other.amended, item.amended) == (False, True)
    assert (item.type, item.summary, item.event_id) == (
        "crm.contacts.interaction-logged.v2", "call (inbound): The price", f"{stream}:2",
    )  # fmt: skip
    assert item.occurred_at == NOON + timedelta(minutes=5)
    story.tell(amended("The first price", 1), stream=stream, minutes=11)
    assert story.summaries() == ["call (inbound): The first price", "call (inbound): Other"]
    assert story.summaries(types=["crm.contacts.interaction-logged.v2"], stream=stream) == [
        "call (inbound): The first price"
    ]


def test_c10_a_retracted_item_is_hidden_with_all_its_versions(story: Story) -> None:
    stream = story.tell(called("Price"))
    story.tell(amended("The price"), stream=stream, minutes=1)
    story.tell(retracted(), stream=stream, minutes=2)
    assert story.items() == []
    assert len(history.select(story.db)) == 3


def test_c10_a_private_item_is_its_authors_and_hr_items_are_hrs(story: Story) -> None:
    story.tell(called("everybody's"))
    private = story.tell(called("ada's", visibility="private"), minutes=1)
    story.tell(called("clerk's", visibility="private"), minutes=2, actor="user:clerk")
    story.tell(called("of HR", visibility="hr"), minutes=3)
    seen = {
        CLERK: ["everybody's", "clerk's"],
        Reader("user:ada"): ["everybody's", "ada's"],
        Reader("user:eve", private=True): ["everybody's", "ada's", "clerk's"],
        Reader("user:eve", hr=True): ["everybody's", "of HR"],
        HR_HEAD: ["everybody's", "ada's", "clerk's", "of HR"],
    }
    for reader, subjects in seen.items():
        assert [each.data["subject"] for each in story.items(reader=reader)] == subjects
        assert len(story.items(reader=reader, text="call")) == len(subjects)
    story.tell(amended("ada's, mended", 1, visibility="private"), stream=private, minutes=4, actor="user:eve")
    assert "call (inbound): ada's, mended" in story.summaries(reader=Reader("user:ada"))


def test_c10_what_becomes_private_is_so_for_the_past_as_well(story: Story) -> None:
    stream = story.tell(called("Salary"))
    before = last_recorded(story)
    story.tell(amended("Salary", visibility="hr"), stream=stream, minutes=1)
    assert story.items(reader=CLERK, as_known_at=before) == []
    assert len(story.items(reader=HR_HEAD, as_known_at=before)) == 1


def test_c11_what_had_happened_and_what_was_known_are_different_questions(story: Story) -> None:
    stream = story.tell(called("Price"), minutes=5)
    known = last_recorded(story)
    story.tell(called("late"), minutes=1)
    assert story.summaries(as_of=NOON + timedelta(minutes=1)) == ["call (inbound): late"]
    assert story.summaries(as_known_at=known) == ["call (inbound): Price"]
    story.tell(amended("Mended", 5), stream=stream, minutes=6)
    mended = last_recorded(story)
    story.tell(retracted(), stream=stream, minutes=7)
    assert story.summaries() == ["call (inbound): late"]
    assert story.summaries(as_known_at=known) == ["call (inbound): Price"]
    assert story.summaries(as_known_at=mended) == ["call (inbound): late", "call (inbound): Mended"]
    assert story.summaries(as_known_at=mended, as_of=NOON + timedelta(minutes=4)) == ["call (inbound): late"]
    assert story.items(as_known_at=known - timedelta(seconds=1)) == []


def test_words_are_found_whatever_their_case_and_accents_and_only_all_together(story: Story) -> None:
    story.tell(called("Über den Preis", body="Herr Łukasz möchte 3 Räder; siehe offer_12.pdf"))
    story.tell(called("Price", body="too high"), minutes=1)
    story.tell(LeadQualified(), stream=story.tell(LeadCaptured(contact=ada, provisional=False, source="web", name="A")))
    for text in ("uber", "ÜBER preis", "rader", "Räder 3", "offer_12 pdf", "mocht*", "call preis"):
        assert [each.data.get("subject") for each in story.items(text=text)] == ["Über den Preis"], text
    for text in ("uber high", "ube", "'", "!", "ra:*", "preis | high", "x' & 'y"):
        assert story.items(text=text) == [], text
    assert len(story.items(text="call")) == len(story.items(text="  CALL ")) == 2
    assert story.summaries(text="worth") == ["Lead qualified: worth pursuing"]
    assert len(story.items(text="   ")) == 4
    assert story.items(uuid4(), text="price") == []


@pytest.mark.parametrize(("soon", "rare"), [(0, 0), (0, 3), (0, 100), (3, 0), (100, 0), (5, 100)])
def test_a_frequent_word_is_met_on_the_way_and_the_pages_are_the_same(
    story: Story, monkeypatch: pytest.MonkeyPatch, soon: int, rare: int
) -> None:
    monkeypatch.setattr(walking, "SOON", soon)
    monkeypatch.setattr(walking, "RARE", rare)
    for each in range(12):
        story.tell(called(f"{'odd' if each % 2 else 'even'} {each}"), minutes=each)
    for limit in (1, 4, 100):
        found = story.items(text="odd", limit=limit)
        assert [each.data["subject"] for each in found] == [f"odd {each}" for each in range(1, 12, 2)]
        back = story.items(text="odd", limit=limit, order="newest")
        assert back == found[::-1]
    assert len(story.items(text="odd", since=NOON + timedelta(minutes=6))) == 3


def test_c13_an_erasure_takes_the_words_and_leaves_what_says_nothing_of_a_person(story: Story, db: Database) -> None:
    story.tell(ContactRegistered(name="Canary"), stream=ada)
    lead = story.tell(LeadCaptured(contact=ada, provisional=False, source="web", name="Canary"), minutes=1)
    story.tell(LeadQualified(), stream=lead, minutes=1)
    stream = story.tell(called("x", body="Canary"), minutes=1)
    story.tell(amended("Canary"), stream=stream, minutes=2)
    story.tell(retracted(), stream=stream, minutes=2)
    story.tell(ContactErased(), stream=ada, minutes=3)
    table = history.table.name
    assert one(db, f"SELECT count(*) FROM {table} WHERE {table}::text ILIKE '%%canary%%'") == 0
    assert story.items(text="canary") == []
    assert story.summaries(text="qualified") == ["Lead qualified: worth pursuing"]


def test_of_several_types_any_is_enough(story: Story) -> None:
    story.tell(ContactRegistered(name="Ada"), stream=ada)
    story.tell(called("Price"), minutes=1)
    story.tell(LeadCaptured(contact=ada, provisional=False, source="web", name="Ada"), minutes=2, actor="user:bob")
    types = ["crm.contacts.contact-registered.v1", "crm.sales.lead-captured.v1"]
    assert [each.type for each in story.items(types=types)] == types
    assert [each.type for each in story.items(types=types, actor="user:bob")] == types[1:]
    assert [each.type for each in story.items(actor="user:nobody")] == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spread=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30)), max_size=60),
    limit=st.integers(1, 9),
    newest=st.booleans(),
)
def test_c10_the_history_of_many_people_is_all_of_theirs_in_one_order(
    story: Story, spread: list[tuple[int, int]], limit: int, newest: bool
) -> None:
    people = [uuid4() for _ in range(9)]
    for person, minutes in spread:
        told = InteractionLogged(contact=people[person], kind="note", direction="inbound", subject=str(minutes))
        both = (people[person], people[(person + 1) % 9]) if minutes % 5 == 0 else None
        story.tell(told, about=people[person], minutes=minutes, contact_ids=both)
    order: walking.Order = "newest" if newest else "oldest"
    whole = sorted((NOON + timedelta(minutes=minutes) for _, minutes in spread), reverse=newest)
    found = story.items(*people, order=order, limit=limit)
    assert [each.occurred_at for each in found] == whole
    assert len({each.event_id for each in found}) == len(spread)
    for soon, rare in ((0, 0), (4, 0), (0, 100), (4, 100)):  # each way to find words gives what reading all gives
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(walking, "SOON", soon)
            patch.setattr(walking, "RARE", rare)
            spoken = story.items(*people, order=order, limit=limit, text="note 7")
        assert spoken == [each for each in found if each.data["subject"] == "7"]


def test_c10_facts_of_one_append_stand_as_they_were_decided(story: Story) -> None:
    """Also where their streams' ids would sort otherwise: their place in the log is kept."""
    streams = sorted((uuid4() for _ in range(4)), reverse=True)
    moment = NOON
    sealed = [
        story.records.record(each, called(str(at)), subject=ada, occurred_at=moment)[0]
        for at, each in enumerate(streams)
    ]
    at_once = [_recorded_at(each, sealed[0].recorded_at) for each in sealed]
    story.feeds["contacts"].take(from_log(at_once))
    assert [each.data["subject"] for each in story.items()] == ["0", "1", "2", "3"]


def _recorded_at(sealed: Any, moment: datetime) -> Any:
    return replace(sealed, recorded_at=moment)


def test_c10_five_hundred_people_are_read_a_few_rows_each(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [uuid4() for _ in range(500)]
    for at in range(0, 500, 5):
        told = InteractionLogged(contact=people[at], kind="note", direction="inbound", subject=str(at))
        story.tell(told, about=people[at], minutes=at % 7)
    assert len(story.items(*people, order="newest")) == 100
    assert len(story.items(*people, text="note", limit=7)) == 100


def test_c8_an_alias_counts_a_fact_that_names_both_ids_once(story: Story) -> None:
    alias: UUID = uuid4()
    story.tell(ContactRegistered(name="Ada"), stream=ada)
    story.tell(ContactIdentified(holder=ada), stream=alias, about=alias, contact_ids=(alias, ada), minutes=2)
    assert len(story.items(ada, alias, text="recognised")) == 1


@pytest.mark.parametrize("rare", [0, 100])
def test_c9_what_was_handed_to_another_contact_is_found_there_by_its_words_and_filters(
    story: Story, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(walking, "RARE", rare)
    bob, merge = uuid4(), uuid4()
    item = story.tell(called("The offer"), minutes=1)
    story.tell(called("The price"), minutes=2)
    handed = ItemReassigned(item=item, of=ada, to=bob, merge_id=merge)
    (fact,) = story.records.record(uuid4(), handed, subject=ada, contact_ids=(ada, bob))
    story.reassigned.take(from_log([fact]))
    calls = ["crm.contacts.interaction-logged.v2"]
    assert [each.data["subject"] for each in story.items(types=calls)] == ["The price"]
    assert [(each.data["subject"], each.contact_id) for each in story.items(bob, types=calls)] == [("The offer", bob)]
    assert story.summaries(bob, text="offer") == ["call (inbound): The offer"]
    assert story.summaries(bob, text="price") == story.summaries(text="offer") == []
    assert story.summaries(bob, actor="user:nobody") == []
