"""Activity: facts per day, service and type."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics.activity import Activity, Days, Totals, activity, add_up, find
from crm.chassis.database import Database
from crm.chassis.paging import PageRequest
from crm.chassis.testing.views import recorded
from crm.events import Fact, Recorded, Sealed, UnknownFact
from crm.events.contacts import ContactErased, ContactRegistered, ContactRenamed
from crm.events.interactions import InteractionLogged
from crm.events.money import Money
from crm.events.sales import LeadQualified, OpportunityWon

FIRST = date(2026, 3, 1)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REGISTERED, RENAMED = "crm.contacts.contact-registered.v1", "crm.contacts.contact-renamed.v1"
ada = uuid4()

registered = ContactRegistered(name="Ada")


class Ear(Protocol):
    def tell(self, *facts: Fact, **more: Any) -> UUID: ...
    def hear(self, facts: Sequence[Sealed]) -> None: ...


def fact_at(fact: Fact, moment: datetime) -> Recorded[Fact]:
    return recorded(uuid4(), fact, occurred_at=moment)


def test_facts_of_one_type_are_counted_per_day() -> None:
    rows = activity.fold([fact_at(registered, NOON), fact_at(registered, NOON), fact_at(LeadQualified(), NOON)])
    assert list(rows.values()) == [
        Activity(FIRST, "contacts", REGISTERED, 2),
        Activity(FIRST, "sales", "crm.sales.lead-qualified.v1", 1),
    ]


def test_a_day_is_one_of_utc_and_of_when_it_happened() -> None:
    berlin = timezone(timedelta(hours=1))
    rows = activity.fold(
        [
            fact_at(registered, datetime(2026, 3, 1, 23, 59, 59, tzinfo=UTC)),
            fact_at(registered, datetime(2026, 3, 2, 0, 0, tzinfo=UTC)),
            fact_at(registered, datetime(2026, 3, 2, 0, 30, tzinfo=berlin)),
        ]
    )
    assert {row.day: row.facts for row in rows.values()} == {FIRST: 2, date(2026, 3, 2): 1}


def test_a_type_that_is_not_known_counts_as_it_is() -> None:
    rows = activity.fold([recorded(uuid4(), UnknownFact(name="crm.sales.quote-drawn.v1", value=b"{}"))])
    assert [(row.service, row.type) for row in rows.values()] == [("sales", "crm.sales.quote-drawn.v1")]


FACTS: tuple[Fact, ...] = (
    registered,
    ContactRenamed(name="B"),
    LeadQualified(),
    OpportunityWon(amount=Money(1, "EUR")),
)
HAPPENED = st.tuples(st.sampled_from(FACTS), st.integers(0, 72))


@given(st.data(), st.lists(HAPPENED, max_size=20))
def test_a9_the_order_in_which_facts_come_changes_nothing(data: st.DataObject, happened: list[Any]) -> None:
    facts = [fact_at(fact, NOON + timedelta(hours=hours)) for fact, hours in happened]
    assert activity.fold(data.draw(st.permutations(facts))) == activity.fold(facts)


def test_counts_are_found_the_latest_day_first_and_added_up(db: Database, ear: Ear) -> None:
    ear.tell(registered, ContactRenamed(name="B"), ContactRenamed(name="C"), about=(ada,))
    ear.tell(LeadQualified(), about=(ada,), hours=24)
    found = find(db, Days(), PageRequest())
    assert [(row.day.day, row.type, row.facts) for row in found.items] == [
        (2, "crm.sales.lead-qualified.v1", 1),
        (1, REGISTERED, 1),
        (1, RENAMED, 2),
    ]
    assert add_up(db, Days()) == Totals(
        4, {"contacts": 3, "sales": 1}, {REGISTERED: 1, RENAMED: 2, "crm.sales.lead-qualified.v1": 1}
    )


@pytest.mark.parametrize(
    ("asked", "facts"),
    [
        (Days(first=date(2026, 3, 2)), 1),
        (Days(last=FIRST), 3),
        (Days(first=FIRST, last=date(2026, 3, 2)), 4),
        (Days(service="sales"), 1),
        (Days(type=RENAMED), 2),
        (Days(service="sales", type=RENAMED), 0),
    ],
)
def test_days_services_and_types_narrow_it_down(db: Database, ear: Ear, asked: Days, facts: int) -> None:
    ear.tell(registered, ContactRenamed(name="B"), ContactRenamed(name="C"), about=(ada,))
    ear.tell(LeadQualified(), about=(ada,), hours=24)
    assert add_up(db, asked).facts == sum(row.facts for row in find(db, asked, PageRequest()).items) == facts


@pytest.mark.parametrize("asked", ["v1", "v2"])
def test_a9_what_was_counted_under_an_older_version_of_a_type_counts_for_the_newest(
    db: Database, ear: Ear, asked: str
) -> None:
    kind = "crm.contacts.interaction-logged."
    note = InteractionLogged(contact=ada, kind="note", direction="internal", subject="Bell")
    ear.tell(note, note, about=(ada,))
    with db.connection() as connection:
        connection.execute(f"UPDATE {activity.table.name} SET type = regexp_replace(type, 'v2$', 'v1')".encode())
    ear.tell(note, about=(ada,))
    days = Days(type=kind + asked)
    assert [(row.type, row.facts) for row in find(db, days, PageRequest()).items] == [
        (f"{kind}v2", 2),
        (f"{kind}v2", 1),
    ]
    assert add_up(db, days) == add_up(db, Days()) == Totals(3, {"contacts": 3}, {f"{kind}v2": 3})


def test_a10_an_erasure_adds_to_the_counts_and_takes_nothing_away(db: Database, ear: Ear) -> None:
    ear.tell(registered, stream=ada, about=(ada,))
    ear.tell(InteractionLogged(contact=ada, kind="note", direction="internal", subject="Canary"), about=(ada,))
    before = add_up(db, Days()).by_type
    ear.tell(ContactErased(), stream=ada, about=(ada,))
    assert add_up(db, Days()).by_type == {**before, "crm.contacts.contact-erased.v1": 1}
    kept = str(activity.select(db))
    assert "Canary" not in kept
    assert str(ada) not in kept


def test_a_fact_that_comes_twice_counts_once(db: Database, ear: Any) -> None:
    ear.tell(registered, stream=ada, about=(ada,))
    ear.hear(ear.records.log[-1:])
    assert add_up(db, Days()).facts == 1
