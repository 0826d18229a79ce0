"""Exports of other programs, known by their headers: which program it is, and what its columns mean."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from crm.contacts.importing.columns import ADDRESS, recognise

_PART = {
    "street": "street",
    "city": "city",
    "region": "region",
    "state": "region",
    "state/province": "region",
    "postal code": "postal_code",
    "zip/postal code": "postal_code",
    "country": "country",
    "country/region": "country",
}
_NAMES = {
    "first name": "first_name",
    "given name": "first_name",
    "middle name": "middle_name",
    "additional name": "middle_name",
    "last name": "last_name",
    "family name": "last_name",
}


_WORK = {"name": "organisation", "title": "job_title", "department": "department"}
_FIRST = frozenset({"associated company", "primary associated company id"})
"""Titles that count before others with the same meaning, wherever they stand: the id beside them is theirs."""


class Source(NamedTuple):
    """A program: by which titles its export is known, and which field a title (in lower case) fills."""

    name: str
    is_meant: Callable[[frozenset[str]], bool]
    field_of: Callable[[str], str | None]


def _google(title: str) -> str | None:
    numbered = re.fullmatch(r"(e-mail|phone|website|address|organization) (\d+) - (.+)", title)
    if numbered is None:
        work = _WORK.get(title.removeprefix("organization ")) if title.startswith("organization ") else None
        rest = {"group membership": "tags"}
        return _NAMES.get(title) or work or rest.get(title) or _same(title, "birthday", "notes", "labels", "name")
    what, number, part = numbered.groups()
    if what == "address":
        return _address(part, {"1": "", "2": "other_"}.get(number))
    if what == "organization":
        return _WORK.get(part) if number == "1" else None
    return {"e-mail": "email", "phone": "phone", "website": "website"}[what] if part == "value" else None


def _outlook(title: str) -> str | None:
    if re.fullmatch(r"e-mail (\d )?address", title):
        return "email"
    if re.fullmatch(r"(business|home|mobile|other|primary|car|company main|radio) phone( \d)?", title):
        return "phone"
    which, _, part = title.partition(" ")
    if which in _OUTLOOK_ADDRESSES and (field := _address(part, _OUTLOOK_ADDRESSES[which])):
        return field
    rest = {"company": "organisation", "job title": "job_title", "web page": "website", "categories": "tags"}
    return _NAMES.get(title) or rest.get(title) or _same(title, "department", "birthday", "notes")


_OUTLOOK_ADDRESSES = {"business": "", "home": "home_", "other": "other_"}


def _hubspot(title: str) -> str | None:
    fields = {
        "record id": "external_id:hubspot",
        "record id - contact": "external_id:hubspot",
        "email": "email",
        "additional email addresses": "email",
        "work email": "email",
        "phone number": "phone",
        "mobile phone number": "phone",
        "street address": "street",
        "city": "city",
        "state/region": "region",
        "postal code": "postal_code",
        "country/region": "country",
        "country": "country",
        "associated company": "organisation",
        "company name": "organisation",
        "associated company ids": "account_id:hubspot",
        "primary associated company id": "account_id:hubspot",
        "job title": "job_title",
        "department": "department",
        "date of birth": "birthday",
        "website url": "website",
    }
    return _NAMES.get(title) or fields.get(title)


_PHONES = ("phone", "mobile", "mobilephone", "mobile phone", "home phone", "homephone", "other phone", "otherphone")


def _salesforce(title: str) -> str | None:
    fields = {
        "contact id": "external_id:salesforce",
        "id": "external_id:salesforce",
        "email": "email",
        "account name": "organisation",
        "account id": "account_id:salesforce",
        "accountid": "account_id:salesforce",
        "title": "job_title",
        "department": "department",
        "birthdate": "birthday",
        "description": "note",
        "firstname": "first_name",
        "middlename": "middle_name",
        "lastname": "last_name",
        "mailingstreet": "street",
        "mailingcity": "city",
        "mailingstate": "region",
        "mailingpostalcode": "postal_code",
        "mailingcountry": "country",
    }
    which, _, part = title.partition(" ")
    place = {"mailing": "", "other": "other_"}.get(which)
    return _NAMES.get(title) or fields.get(title) or ("phone" if title in _PHONES else _address(part, place))


def _address(part: str, which: str | None) -> str | None:
    field = _PART.get(part)
    return f"{which}{field}" if field is not None and which is not None else None


def _same(title: str, *known: str) -> str | None:
    return {"notes": "note", "labels": "tags"}.get(title, title) if title in known else None


def _of_google(titles: frozenset[str]) -> bool:
    return any(re.fullmatch(r"(e-mail|phone|address) 1 - (value|label|type|formatted)", each) for each in titles) or (
        {"phonetic first name", "file as", "labels"} <= titles or {"given name", "group membership"} <= titles
    )


def _of_outlook(titles: frozenset[str]) -> bool:
    return bool(
        {"e-mail address", "first name"} <= titles
        and {"business phone", "business street", "home street", "mobile phone", "e-mail 2 address"} & titles
    )


def _of_hubspot(titles: frozenset[str]) -> bool:
    marks = {"contact owner", "company owner", "lifecycle stage", "lead status", "create date"}
    marks |= {"associated company", "associated company ids"}
    return bool({"record id", "record id - contact"} & titles and marks & titles)


def _of_salesforce(titles: frozenset[str]) -> bool:
    return bool(
        {"mailing street", "mailing zip/postal code", "mailingpostalcode", "mailingstreet"} & titles
        or ("account name" in titles and {"contact id", "account id"} & titles)
    )


_ONCE = {*ADDRESS, "name", *_NAMES.values(), *_WORK.values(), "note"}
"""What only one column of a file fills."""

SOURCES: Sequence[Source] = (
    Source("google", _of_google, _google),
    Source("outlook", _of_outlook, _outlook),
    Source("hubspot", _of_hubspot, _hubspot),
    Source("salesforce", _of_salesforce, _salesforce),
)


def source_of(header: Sequence[str]) -> str:
    """The program that a header comes from; `generic` if it is none that is known here."""
    titles = frozenset(each.strip().lower() for each in header)
    return next((each.name for each in SOURCES if each.is_meant(titles)), "generic")


def columns_of(header: Sequence[str], source: str, kind: str) -> Mapping[str, str]:
    """Which column (by its place) fills which field, as the program means them, else by the words in the header."""
    known = next((each for each in SOURCES if each.name == source), None)
    if known is None or kind != "people":
        columns = recognise(header, kind)
        own = known is not None and kind == "accounts"  # the ids by which exports of people name an account
        return {place: f"{each}:{source}" if own and each == "external_id" else each for place, each in columns.items()}
    columns = {}
    titles = [each.strip().lower() for each in header]
    for place in sorted(range(len(titles)), key=lambda each: titles[each] not in _FIRST):
        field = known.field_of(titles[place])
        once = field in _ONCE or (field or "").startswith("account_id:")
        if field and not (once and field in columns.values()):
            columns[str(place)] = field
    return columns
