"""What a fact is: its type, its one line for people, what is personal in it."""

import sys
from collections.abc import Iterator
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
import pytest
from msgspec import Struct

from crm.events import Fact, Money, Personal, catalogue, summarise, type_of
from crm.events.contacts import ContactMoved, ContactRegistered, ContactRenamed
from crm.events.fact import personal_fields, service_of
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.sales import LeadCaptured, OpportunityLost, OpportunityWon
from crm.events.service_desk import TicketReplied

FACTS = [each for each in catalogue.BY_TYPE.values() if each.__module__.startswith("crm.events.")]
each_fact = pytest.mark.parametrize("fact_class", FACTS, ids=type_of)


class Listed(Fact, frozen=True, tag="crm.testing.listed.v1"):
    summary = "{names}; {count}; {whole}; {maybe}"
    names: Personal[list[str]]
    count: int
    whole: bool
    maybe: Personal[str] | None = None


def test_a_type_names_the_service_the_fact_and_its_version() -> None:
    assert type_of(OpportunityWon) == "crm.sales.opportunity-won.v1"
    assert type_of(OpportunityWon(amount=Money(1, "EUR"))) == "crm.sales.opportunity-won.v1"
    assert service_of("crm.service-desk.ticket-opened.v1") == "service-desk"


@pytest.mark.parametrize(
    ("fact", "line"),
    [
        (ContactRenamed(name="Ada"), "Renamed to Ada"),
        (OpportunityWon(amount=Money(1234567, "EUR")), "Won: 12,345.67 EUR"),
        (OpportunityLost(amount=Money(5, "JPY"), reason="price"), "Lost 5 JPY: price"),
        (LeadCaptured(contact=UUID(int=1), provisional=True, source="web", name="Ada"), "New lead from web: –"),
        (
            ContactMoved(address=PostalAddress("1 High St", "E1", "London", None, "GB")),
            "Moved to 1 High St, E1 London, GB",
        ),
        (ContactMoved(address=None), "Moved to –"),
        (TicketReplied(by="agent", public=True, body="x" * 300), f"Reply by agent: {'x' * 120}"),
        (Listed(names=["a", "b"], count=3, whole=False), "a, b; 3; False; –"),
        (Listed(names=[], count=0, whole=True, maybe="{count}"), "; 0; True; {count}"),
    ],
)
def test_one_line_for_people(fact: Fact, line: str) -> None:
    assert summarise(fact) == line


def test_particulars_read_as_people_write_them() -> None:
    assert str(Phone("030 1234", "+49301234")) == "030 1234"
    assert str(ExternalId("shop", "4711")) == "shop:4711"
    assert str(PostalAddress()) == ""


def test_personal_fields_are_found_however_they_are_marked() -> None:
    assert personal_fields(Listed) == {"names", "maybe"}
    assert personal_fields(ContactRegistered) == {
        "name",
        "emails",
        "phones",
        "address",
        "external_ids",
        "devices",
        "shared",
    }
    assert personal_fields(OpportunityWon) == frozenset()


def test_types_are_well_formed_and_facts_of_their_module() -> None:
    for fact_type, fact_class in catalogue.BY_TYPE.items():
        if fact_class.__module__.startswith("crm.events."):
            root, service, name, version = fact_type.split(".")
            assert (root, version[:1], version[1:].isdigit()) == ("crm", "v", True)
            assert name == "".join(f"-{each.lower()}" if each.isupper() else each for each in fact_class.__name__)[1:]
            assert fact_class in catalogue.of_service(service)
            assert sys.modules[fact_class.__module__] in catalogue.MODULES[service]


def parts(hint: Any) -> Iterator[type[Struct]]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
        for each in get_type_hints(hint, include_extras=True).values():
            yield from parts(each)
    for argument in getattr(hint, "__args__", ()):
        yield from parts(argument)


@each_fact
def test_only_members_at_the_top_are_personal_and_of_a_type_that_can_be_erased(fact_class: type[Fact]) -> None:
    hints = get_type_hints(fact_class, include_extras=True)
    for part in {each for hint in hints.values() for each in parts(hint)}:
        assert not [
            name for name, hint in get_type_hints(part, include_extras=True).items() if "x-personal" in str(hint)
        ]
    for name in personal_fields(fact_class):
        plain = get_type_hints(fact_class)[name]
        assert plain is str or type(None) in getattr(plain, "__args__", ()) or plain.__origin__ in (list, tuple), name


@each_fact
def test_a_summary_uses_fields_of_the_fact_and_takes_one_line(fact_class: type[Fact]) -> None:
    assert "\n" not in fact_class.summary
    named = msgspec.json.schema(fact_class)["$defs"][fact_class.__name__]["properties"]
    fact_class.summary.format_map(dict.fromkeys(named, "x"))
