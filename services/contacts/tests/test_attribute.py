"""The rules of custom attributes: definitions that change without touching the past, values of the right type."""

import pytest
from hypothesis import given as given_any
from hypothesis import strategies as st

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts import account_record, details_record
from crm.contacts.account import accounts
from crm.contacts.attribute import Definition, Definitions, change, define, definitions, reinstate, retire
from crm.contacts.attribute_record import InForce, first_values
from crm.contacts.attribute_value import format_value, parse_value, read_value, show_value
from crm.contacts.contact import contacts
from crm.events import summarise
from crm.events.accounts import AccountRegistered
from crm.events.attributes import (
    AttributeChoicesChanged,
    AttributeCleared,
    AttributeDefined,
    AttributeReinstated,
    AttributeRelabelled,
    AttributeRequirementChanged,
    AttributeRetired,
    AttributeSearchingChanged,
    AttributeSet,
    PersonalAttributeSet,
)
from crm.events.contacts import ContactRegistered

given = scenarios(definitions)
size = AttributeDefined(target="contact", name="shoe_size", label="Shoe size", kind="number")
tier = AttributeDefined(
    target="contact",
    name="tier",
    label="Tier",
    kind="choice",
    required=True,
    choices=["Gold", "Silver"],
    is_personal=False,
)
what = {"target": "contact", "name": "shoe_size", "label": "Shoe size", "kind": "number"}


def rules(*facts: object) -> InForce:
    folded = definitions.fold(facts)  # type: ignore[arg-type]
    assert folded
    return InForce(folded, len(facts))


def test_an_attribute_is_defined_once_and_its_name_stays_taken() -> None:
    given().when(define, **what).then(size)
    given(size).when(define, **what).then_rejected("already")
    given(size, AttributeRetired(name="shoe_size")).when(define, **what).then_rejected("stay taken")


@pytest.mark.parametrize("name", ["", "Size", "1st", "a-b", "a" * 61, "größe"])
def test_a_name_is_an_identifier(name: str) -> None:
    given().when(define, **what | {"name": name}).then_rejected("small letter")


def test_choices_belong_to_attributes_of_which_one_chooses() -> None:
    given().when(define, **what | {"choices": ["a"]}).then_rejected("Only attributes")
    for choices in ([], [" "], ["a;b"]):
        given().when(define, **what | {"kind": "choice", "choices": choices}).then_rejected("what can be chosen")


def test_nothing_on_an_account_is_personal() -> None:
    given().when(define, **what | {"target": "account"}).then_rejected("no person")


def test_a_definition_changes_and_each_change_is_a_fact() -> None:
    given(tier).when(
        change, name="tier", label="Level", choices=["Gold", "Bronze"], required=False, searchable=True
    ).then(
        AttributeRelabelled(name="tier", label="Level"),
        AttributeChoicesChanged(name="tier", choices=["Gold", "Bronze"]),
        AttributeRequirementChanged(name="tier", required=False),
        AttributeSearchingChanged(name="tier", searchable=True),
    )
    given(tier).when(change, name="tier", label=" Tier ", choices=["Gold", "Silver"], required=True).then_nothing()
    given(tier).when(change, name="level", label="Level").then_rejected("no such attribute", Unknown)


def test_a_retired_attribute_may_come_back() -> None:
    gone = AttributeRetired(name="tier", reason="unused")
    given(tier).when(retire, name="tier", reason="unused").then(gone)
    given(tier, gone).when(retire, name="tier").then_nothing()
    given(tier, gone).when(reinstate, name="tier").then(AttributeReinstated(name="tier"))
    given(tier).when(reinstate, name="tier").then_nothing()


ada = ContactRegistered(name="Ada")
on_contact, on_account = scenarios(contacts), scenarios(accounts)
GOLD = AttributeSet(attribute="tier", label="Tier", kind="choice", values=["Gold"], definitions_version=1)
SIZE = PersonalAttributeSet(
    attribute="shoe_size", label="Shoe size", kind="number", values=["38.5"], definitions_version=2
)


def test_personal_values_are_sealed_and_others_are_not() -> None:
    on_contact(ada).when(details_record.describe, attributes={"tier": "Gold"}, rules=rules(tier)).then(GOLD)
    on_contact(ada).when(details_record.describe, attributes={"shoe_size": 38.50}, rules=rules(tier, size)).then(SIZE)
    on_contact(ada, GOLD).when(details_record.describe, attributes={"tier": "Gold"}, rules=rules(tier)).then_nothing()
    assert summarise(SIZE) == "Shoe size: 38.5"


def test_what_is_required_is_given_on_registering_and_not_taken_away() -> None:
    on_contact().when(
        details_record.register_completely, name="Ada", attributes={"tier": "Gold"}, rules=rules(tier)
    ).then(ada, GOLD)
    on_contact().when(
        details_record.register_completely, name="Ada", attributes={"shoe_size": 38}, rules=rules(tier, size)
    ).then_rejected("Tier is required")
    on_contact(ada, GOLD).when(details_record.describe, attributes={"tier": None}, rules=rules(tier)).then_rejected(
        "Tier is required"
    )
    on_contact(ada, SIZE).when(details_record.describe, attributes={"shoe_size": None}, rules=rules(size)).then(
        AttributeCleared(attribute="shoe_size", label="Shoe size")
    )
    on_contact(ada).when(details_record.describe, attributes={"shoe_size": None}, rules=rules(size)).then_nothing()


def test_a_definition_changes_without_touching_the_past() -> None:
    """Old values keep value and label; a retired attribute asks for nothing, takes nothing, and can be cleared."""
    later = rules(
        tier,
        AttributeRelabelled(name="tier", label="Level"),
        AttributeChoicesChanged(name="tier", choices=["Bronze"]),
        AttributeRetired(name="tier"),
    )
    contact = contacts.fold((ada, GOLD))
    assert contact
    assert [(each.label, each.shown) for each in contact.attributes] == [("Tier", "Gold")]
    set_it = {"attributes": {"tier": "Bronze"}, "rules": later}
    on_contact(ada, GOLD).when(details_record.describe, **set_it).then_rejected("retired")
    on_contact(ada, GOLD).when(details_record.describe, attributes={"tier": None}, rules=later).then(
        AttributeCleared(attribute="tier", label="Level")
    )
    assert first_values({}, later) == ()


def test_what_was_never_defined_is_refused_by_name() -> None:
    with pytest.raises(Rejected) as refusal:
        first_values({"hat": "large"}, rules(size))
    assert refusal.value.field == "attributes.hat"


def test_accounts_have_attributes_too() -> None:
    sector = AttributeDefined(
        target="account", name="sector", label="Sector", kind="text", required=True, is_personal=False
    )
    made = AttributeSet(attribute="sector", label="Sector", kind="text", values=["Tools"], definitions_version=1)
    on_account().when(
        account_record.register_completely, name="Acme", attributes={"sector": "Tools"}, rules=rules(sector)
    ).then(AccountRegistered(name="Acme"), made)
    on_account().when(
        account_record.register_completely, name="Acme", attributes={}, rules=rules(sector)
    ).then_rejected("Sector is required")
    on_account(AccountRegistered(name="Acme"), made).when(
        account_record.describe, attributes={"sector": None}, rules=rules(sector)
    ).then_rejected("required")


def of(kind: str) -> Definition:
    choices = ("Gold", "Silver") if "choice" in kind else ()
    return Definition("it", "It", kind, choices=choices)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "given_value", "kept", "shown"),
    [
        ("text", "  Hello ", ("Hello",), "Hello"),
        ("number", 43, ("43",), 43),
        ("number", "12.50", ("12.5",), 12.5),
        ("number", -0.0, ("0",), 0),
        ("number", 1e3, ("1000",), 1000),
        ("date", "2026-02-28", ("2026-02-28",), "2026-02-28"),
        ("boolean", True, ("true",), True),
        ("boolean", False, ("false",), False),
        ("choice", "Gold", ("Gold",), "Gold"),
        ("many-choice", ["Silver", "Gold", "Silver"], ("Silver", "Gold"), ["Silver", "Gold"]),
        ("link", "https://acme.example/a?b=c", ("https://acme.example/a?b=c",), "https://acme.example/a?b=c"),
    ],
)
def test_values_are_kept_as_texts_and_shown_in_their_type(
    kind: str, given_value: object, kept: tuple[str, ...], shown: object
) -> None:
    definition = of(kind)
    assert read_value(definition, given_value) == kept
    assert show_value(definition.kind, kept) == shown
    assert parse_value(definition, format_value(kept)) == kept


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("text", ""),
        ("text", 5),
        ("text", "x" * 2_001),
        ("number", "many"),
        ("number", True),
        ("number", "NaN"),
        ("number", "1e400"),
        ("number", "1234567890.1234567"),
        ("number", None),
        ("date", "2026-02-30"),
        ("date", "20260228"),
        ("date", 20260228),
        ("boolean", "true"),
        ("boolean", 1),
        ("choice", "gold"),
        ("choice", ["Gold"]),
        ("many-choice", "Gold"),
        ("many-choice", []),
        ("many-choice", ["Bronze"]),
        ("link", "acme.example"),
        ("link", "javascript:alert(1)"),
        ("link", "http://[::1"),
    ],
)
def test_what_is_not_of_the_type_is_refused_in_words(kind: str, bad: object) -> None:
    with pytest.raises(Rejected, match="It takes") as refusal:
        read_value(of(kind), bad)
    assert refusal.value.field == "attributes.it"


@pytest.mark.parametrize(
    ("kind", "text", "kept"),
    [
        ("boolean", " Yes ", ("true",)),
        ("boolean", "0", ("false",)),
        ("choice", "SILVER", ("Silver",)),
        ("many-choice", "gold; silver;;", ("Gold", "Silver")),
        ("number", " 7 ", ("7",)),
    ],
)
def test_c12_values_in_files_are_read_generously(kind: str, text: str, kept: tuple[str, ...]) -> None:
    assert parse_value(of(kind), text) == kept


@given_any(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9))
def test_numbers_come_back_as_they_were(number: object) -> None:
    kept = read_value(of("number"), str(number))
    assert float(kept[0]) == float(str(number))
    assert read_value(of("number"), show_value("number", kept)) == kept


def test_nothing_is_defined_at_first() -> None:
    assert InForce() == InForce(Definitions(), 0)
