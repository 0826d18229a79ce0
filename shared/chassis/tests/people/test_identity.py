"""C1, C2, C3: spellings of one identifier meet, different identifiers do not."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.people.identity import (
    Identifier,
    _normalised,
    _normalised_by_library,
    device_identifier,
    email_identifier,
    external_identifier,
    is_email,
    phone_identifier,
    read_phone,
)
from crm.events.particulars import ExternalId


@pytest.mark.parametrize(
    ("entered", "match_key"),
    [
        ("ada@example.com", "ada@example.com"),
        ("  Ada@Example.COM ", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("straße@example.com", "straße@example.com"),
        ("a.d.a+news@example.com", "a.d.a+news@example.com"),
    ],
)
def test_c1_spellings_of_an_email_address_share_a_match_key(entered: str, match_key: str) -> None:
    assert email_identifier(entered) == Identifier("email", match_key)


@pytest.mark.parametrize(
    "entered", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@example..com", "ada@-x.de"]
)
def test_c1_what_is_no_address_is_never_matched(entered: str) -> None:
    assert not is_email(entered)
    assert email_identifier(entered) is None


@given(st.emails())
def test_c1_case_never_matters(address: str) -> None:
    lower, upper = email_identifier(address.lower()), email_identifier(address)
    assert lower == upper


@pytest.mark.parametrize("entered", ["noreply@shop.example", "No-Reply@shop.example", "MAILER-DAEMON@x.example"])
def test_c3_addresses_of_nobody_are_kept_but_never_matched(entered: str) -> None:
    assert is_email(entered)
    assert email_identifier(entered) is None


@pytest.mark.parametrize(
    ("entered", "region", "e164"),
    [
        ("030 901820", "DE", "+4930901820"),
        ("+49 (0)30 901820", "US", "+4930901820"),
        ("0049 30 901820", "DE", "+4930901820"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("call me", "DE", None),
        ("12", "DE", None),
        ("", "DE", None),
    ],
)
def test_c2_numbers_are_read_in_the_default_region(entered: str, region: str, e164: str | None) -> None:
    phone = read_phone(entered, region)
    assert (phone.entered, phone.e164) == (entered, e164)


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+55 11 98765-4321", "+55 11 8765-4321", "BR"),
        ("(11) 98765-4321", "+551187654321", "BR"),
        ("+54 9 11 2345-6789", "+54 11 2345-6789", "AR"),
        ("+52 1 55 1234 5678", "+52 55 1234 5678", "MX"),
    ],
)
def test_c2_national_variants_share_a_match_key(one: str, other: str, region: str) -> None:
    first, second = phone_identifier(read_phone(one, region)), phone_identifier(read_phone(other, region))
    assert first is not None
    assert first == second


def test_c2_a_brazilian_landline_keeps_its_digits() -> None:
    assert phone_identifier(read_phone("+55 11 3456-7890", "BR")) == Identifier("phone", "+551134567890")


def test_c2_an_unreadable_number_is_kept_and_never_matched() -> None:
    phone = read_phone("ask reception", "DE")
    assert phone.entered == "ask reception"
    assert phone_identifier(phone) is None


def test_c3_what_programs_send_for_nobody_is_never_matched() -> None:
    assert external_identifier(ExternalId("shop", "undefined")) is None
    assert external_identifier(ExternalId("shop", "0")) is None
    assert external_identifier(ExternalId("", "4711")) is None
    assert external_identifier(ExternalId("Shop ", " 4711")) == Identifier("external_id", "shop:4711")
    assert device_identifier("undefined") is None
    assert device_identifier(" Cookie-1 ") == Identifier("device", "Cookie-1")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada+news@example.com", "ada@example.com"),
        ("a.d.a@example.com", "ada@example.com"),
        ("ada@example.com", "ada@example.org"),
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("\u0131@example.com", "i@example.com"),
    ],
)
def test_c1_different_mailboxes_stay_different(one: str, other: str) -> None:
    assert email_identifier(one) != email_identifier(other)


@pytest.mark.parametrize(
    "variants",
    [
        ("BÜCHER@BÜCHER.example", "bücher@bu\u0308cher.EXAMPLE", "bu\u0308cher@xn--bcher-kva.example"),
        ("Ada@faß.example", "ADA@FASS.EXAMPLE".lower().replace("fass", "faß")),
        ("\u212bngstr\u00f6m@example.com", "\u00e5ngstro\u0308m@EXAMPLE.COM"),
    ],
)
def test_c1_unicode_and_idna_spellings_collide(variants: tuple[str, ...]) -> None:
    assert len({email_identifier(each) for each in variants}) == 1
    assert email_identifier(variants[0]) is not None


@pytest.mark.parametrize(
    ("one", "other", "region"),
    [
        ("+55 11 98765-4321", "+55 21 98765-4321", "BR"),
        ("+55 11 93456-7890", "+55 11 3456-7890", "BR"),  # a landline never got a ninth digit
        ("+54 9 11 2345-6789", "+54 9 11 2345-6780", "AR"),
        ("+52 1 55 1234 5678", "+52 1 33 1234 5678", "MX"),
        ("030 901820", "040 901820", "DE"),
    ],
)
def test_c2_different_lines_stay_different(one: str, other: str, region: str) -> None:
    first, second = phone_identifier(read_phone(one, region)), phone_identifier(read_phone(other, region))
    assert first is not None
    assert first != second


ENTERED = st.one_of(
    st.emails(),
    st.text(max_size=40),
    st.builds("{}@{}".format, st.text(max_size=12), st.sampled_from(("bücher.example", "EXAMPLE.com", "faß.de"))),
)
NUMBERS = st.one_of(
    st.text("0123456789+()-/ ", max_size=20),
    st.builds("+55{}9{}".format, st.integers(11, 99), st.integers(60000000, 99999999)),
    st.builds("+549{}".format, st.integers(1000000000, 9999999999)),
    st.builds("+521{}".format, st.integers(1000000000, 9999999999)),
    st.text(max_size=20),
)


@given(ENTERED)
def test_c1_the_match_key_of_a_match_key_is_itself(entered: str) -> None:
    identifier = email_identifier(entered)
    if identifier is not None:
        assert email_identifier(identifier.match_key) == identifier


@given(NUMBERS, st.sampled_from(("DE", "US", "BR", "AR", "MX")))
def test_c2_reading_what_was_read_changes_nothing(entered: str, region: str) -> None:
    phone = read_phone(entered, region)
    identifier = phone_identifier(phone)
    if phone.e164 is None:
        assert identifier is None
        return
    assert read_phone(phone.e164, "DE").e164 == phone.e164  # international: the region says nothing any more
    if identifier is not None:
        assert phone_identifier(read_phone(identifier.match_key, region)) == identifier


SPELLINGS = (
    str.strip,
    lambda entered: f" {entered}\t",
    lambda entered: unicodedata.normalize("NFD", entered),
    lambda entered: "@".join((entered.rpartition("@")[0], entered.rpartition("@")[2].upper())),
)


@given(ENTERED, st.lists(st.sampled_from(SPELLINGS), max_size=4))
def test_c1_spelled_otherwise_again_and_again_an_address_means_the_same(
    entered: str, spellings: list[Callable[[str], str]]
) -> None:
    """Meaning the same is an equivalence: it is equality of keys, and no chain of spellings leads away from a key."""
    key = email_identifier(entered)
    if key is not None and entered.isascii():
        for spell in spellings:
            entered = spell(entered)
        assert email_identifier(entered) == key


_LOCAL = st.text("aZ09_+'-.", min_size=1, max_size=70)
_DOMAIN = st.from_regex(r"\A[aZ0-9-]{1,5}(\.[aZ0-9-]{1,65}){0,3}\.(com|org|de|XN|test|local|c1)\Z")


@given(_LOCAL, _DOMAIN)
def test_c1_what_looks_plain_is_read_as_the_library_reads_it(local: str, domain: str) -> None:
    entered = f"{local}@{domain}"
    assert _normalised(entered) == _normalised_by_library(entered)
