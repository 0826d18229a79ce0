"""The file of people: the same each time, from many countries, with the faults that real files have."""

import csv
import io

import phonenumbers

from crm.chassis.people.identity import email_identifier, read_phone
from crm.local.demo.people import AGAIN, HEADER, PERSONS, UNUSABLE, people_csv, persons


def test_the_file_is_the_same_each_time() -> None:
    assert people_csv() == people_csv()


def test_everybody_has_an_address_and_a_number_of_their_own() -> None:
    everybody = persons()
    assert len(everybody) == PERSONS >= 1_000
    assert len({email_identifier(each.email) for each in everybody} - {None}) == PERSONS
    assert len({read_phone(each.phone, "DE").e164 for each in everybody} - {None}) == PERSONS


def test_people_come_from_eight_countries_with_numbers_of_theirs() -> None:
    by_country: dict[str, int] = {}
    for each in persons():
        by_country[each.country] = by_country.get(each.country, 0) + 1
        number = phonenumbers.parse(each.phone)
        assert phonenumbers.is_valid_number(number), each.phone
        assert each.country in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[number.country_code or 0]
    assert len(by_country) == 8
    assert min(by_country.values()) >= 100


def test_the_file_holds_everybody_some_again_and_rows_that_are_nobody() -> None:
    header, *rows = csv.reader(io.StringIO(people_csv()), delimiter=";")
    assert tuple(header) == HEADER
    assert len(rows) == PERSONS + AGAIN + len(UNUSABLE)
    assert all(list(each) in rows for each in UNUSABLE)
