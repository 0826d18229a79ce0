"""How alike two people are, and in which words it is said (C5)."""

from typing import Any
from uuid import uuid4

import pytest

from crm.contacts.duplicates.blocking import keys_of, worth_comparing
from crm.contacts.duplicates.normalising import Traits, fold, mail_of, name_parts, street_of, traits_of
from crm.contacts.duplicates.weighing import Likeness, Population, counted_words, weigh
from crm.events.particulars import PostalAddress


def person(name: str, street: str = "", place: str = "", **more: Any) -> Traits:
    code, _, city = place.partition(" ")
    address = PostalAddress(street=street or None, postal_code=code or None, city=city or None)
    return traits_of(uuid4(), name=name, address=address, **more)


def likeness(one: Traits, other: Traits, population: Population | None = None) -> Likeness:
    found = weigh(one, other, population or Population(), least=0.0)
    assert found
    return found


def grades(one: str, other: str) -> list[str]:
    return likeness(person(one), person(other)).evidence


@pytest.mark.parametrize(
    ("one", "other", "evidence"),
    [
        ("Jürgen Müller", "Juergen Mueller", {"given name: same", "family name: same"}),
        ("Dr. Anna Schmidt", "Schmidt, Anna", {"given name: same", "family name: same"}),
        ("Jan van der Berg", "Jan Berg", {"given name: same", "family name: same"}),
        ("Anna Schmidt", "Anan Schmidt", {"given name: typing error", "family name: same"}),
        ("Anna Meyer", "Anna Maier", {"given name: same", "family name: same sound"}),
        ("Anna Philips", "Anna Fillips", {"given name: same", "family name: same sound"}),
        ("Bill Gates", "William Gates", {"given name: short form", "family name: same"}),
        ("A. Schmidt", "Anna Schmidt", {"given name: initial only", "family name: same"}),
        ("Anna Müller-Lüdenscheidt", "Anna Müller", {"given name: same", "family name: one of several names"}),
        ("Anna Maria Rossi", "Maria Rossi", {"given name: one of several names", "family name: same"}),
        ("Cuthbert Zimmermann", "Olga Weiss", {"given name: different", "family name: different"}),
    ],
)
def test_c5_names_are_compared_in_every_way_people_write_them(one: str, other: str, evidence: set[str]) -> None:
    assert set(grades(one, other)) == evidence
    assert set(grades(other, one)) == evidence


def test_c5_given_and_family_name_may_have_been_swapped() -> None:
    assert "names: given and family name swapped" in grades("Tanaka Haruki", "Haruki Tanaka")


@pytest.mark.parametrize(
    ("one", "other", "grade"),
    [
        ("1980-03-04", "1980-03-04", "same"),
        ("1980-03-04", "1980-04-03", "day and month swapped"),
        ("1980-03-14", "1980-03-15", "one digit off"),
        ("1980-03-14", "1980-03-41", "one digit off"),
        ("1980-03-14", "1961-11-02", "different"),
    ],
)
def test_c5_birth_dates_are_compared_digit_by_digit(one: str, other: str, grade: str) -> None:
    found = likeness(person("Anna Schmidt", birthday=one), person("Anna Schmidt", birthday=other))
    assert f"birth date: {grade}" in found.evidence


@pytest.mark.parametrize(
    ("one", "other", "grades"),
    [
        (("Hauptstraße 5", "10115 Berlin"), ("Hauptstr. 5", "10115 berlin"), {"street: same", "place: same"}),
        (("12 High Street", "SE1 London"), ("High St 12", "SE1 London"), {"street: same", "place: same"}),
        (("Weg 5", "10115 Berlin"), ("Weg 7a", "10151 Berlin"), {"street: same, other number"}),
        (("Lindenallee 3", "80331 München"), ("Lindenale 3", "80331 Muenchen"), {"street: similar", "place: same"}),
        (("Weg 5", "10115 Berlin"), ("Via Roma 5", "00184 Roma"), {"street: different", "place: different"}),
    ],
)  # fmt: skip
def test_c5_addresses_are_compared_without_habits_of_spelling(
    one: tuple[str, str], other: tuple[str, str], grades: set[str]
) -> None:
    found = likeness(person("A. Schmidt", *one), person("A. Schmidt", *other))
    assert grades <= set(found.evidence)


@pytest.mark.parametrize(
    ("one", "other", "grade"),
    [
        ("anna.schmidt@gmail.com", "annaschmidt+shop@googlemail.com", "same but for dots and tags"),
        ("anna7@example.org", "amna7@example.org", "typing error"),
        ("countess77@example.org", "countess.77@other.example", "same before the @"),
        ("anna.schmidt@example.org", "anna.schmidt@other.example", "made of a like name"),
        ("info@one.example", "info@other.example", "different"),
    ],
)
def test_c1_dots_and_tags_are_left_out_for_suggestions_only(one: str, other: str, grade: str) -> None:
    found = likeness(person("Anna Schmidt", emails=[one]), person("Anna Schmidt", emails=[other]))
    assert f"e-mail: {grade}" in found.evidence


def test_c2_numbers_meet_also_where_one_could_not_be_read() -> None:
    found = likeness(person("Anna", phones=["+49301234567"]), person("Anna", phones=["030 123 45 67"]))
    assert "telephone: same, written otherwise" in found.evidence


def test_c5_a_rare_name_tells_more_than_a_common_one() -> None:
    population = Population(100_000, {"nmuller": 0.01, "nanna": 0.01})
    common = likeness(person("Anna Müller"), person("Anna Müller"), population)
    rare = likeness(person("Anna Zwetschgenbaum"), person("Anna Zwetschgenbaum"), population)
    assert common.probability < 0.1 < rare.probability


def test_c5_people_of_one_household_are_not_suggested() -> None:
    home = ("Zwetschgenweg 5", "10115 Berlin")
    father, son = person("Hans Zwetschgenbaum", *home), person("Moritz Zwetschgenbaum", *home)
    assert weigh(father, son, Population()) is None
    assert weigh(father, person("Hans Zwetschgenbaum", *home), Population()) is not None


def test_c5_nobody_is_suggested_for_what_is_not_known() -> None:
    assert weigh(person("anna@example.org"), person("bob@example.org"), Population()) is None
    assert not likeness(person("anna@example.org"), person("bob@example.org")).findings


def test_the_evidence_holds_no_values() -> None:
    one = person("Anna Schmidt", "Weg 5", "10115 Berlin", birthday="1980-03-04", emails=["anna@example.org"])
    told = " ".join(likeness(one, one).evidence).lower()
    assert not [value for value in ("anna", "schmidt", "weg", "10115", "berlin", "1980") if value in told]


def test_c5_every_pair_of_alike_people_shares_a_key() -> None:
    spoilt = [
        (person("Anna Schmidt"), person("Schmidt Anna")),
        (person("Anna Schmidt", birthday="1980-03-04"), person("Anna Meier", birthday="1980-03-04")),
        (person("Anna Schmidt", "Weg 5", "10115 Berlin"), person("A. Zschmidt", "Weg 5", "10115 Berlin")),
        (person("A", emails=["anna.schmidt@example.org"]), person("B", emails=["annaschmidt@example.net"])),
        (person("A", phones=["+49301234567"]), person("B", phones=["030 1234567"])),
    ]
    for one, other in spoilt:
        assert worth_comparing(set(keys_of(one)) & set(keys_of(other)))


def test_c5_strangers_whose_names_sound_alike_are_not_compared() -> None:
    shared = set(keys_of(person("Anna Meyer"))) & set(keys_of(person("Alba Maier")))
    assert shared
    assert not worth_comparing(shared)


def test_words_are_counted_that_tell_how_common_somebody_is() -> None:
    assert counted_words(person("Dr. Anna Müller", "", "10115 Berlin")) == ("nanna", "nmuller", "p10115")


def test_folding_is_the_same_for_all_spellings() -> None:
    assert {fold(each) for each in ("MÜLLER", "Mueller", "muller")} == {"muller"}
    assert fold("O'Connor") == fold("OConnor")
    assert name_parts("  ")[1].joined == ""
    assert name_parts("Dr.")[1].joined == "dr"
    assert street_of("")[0] == ""
    assert mail_of("nothing") is None
