"""A row as a person, by the same normaliser as the API (C12)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.chassis.people.identity import is_email, read_phone
from crm.events.particulars import ExternalId, Phone, PostalAddress

LONGEST = 200
_ADDRESS = ("street", "postal_code", "city", "region", "country")
_SEPARATORS = re.compile(r"[;,|\s]+")
_NUMBERS = re.compile(r"\s*[;|/]\s*")


@dataclass(frozen=True)
class Person:
    """Whom a row tells of."""

    name: str
    emails: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    address: PostalAddress | None = None
    external_ids: tuple[ExternalId, ...] = ()


@dataclass(frozen=True)
class Unusable:
    """Why a row is nobody. The reason quotes nothing of the row."""

    field: str | None
    reason: str


def person_of(row: Sequence[str], columns: Mapping[str, str], region: str) -> Person | Unusable:
    """The person in a row; `columns` says which place fills which field, `region` how numbers are read (C2)."""
    if len(row) <= max(map(int, columns)):
        return Unusable(None, "The row has fewer columns than the header.")
    values: dict[str, list[str]] = {}
    for place, field in columns.items():
        if value := row[int(place)].strip():
            values.setdefault(field, []).append(value)
    emails = [each for entered in values.get("email", ()) for each in _SEPARATORS.split(entered) if each]
    name = _name(values) or next(iter(emails), "")
    if problem := _problem(values, emails, name):
        return problem
    phones = [each for entered in values.get("phone", ()) for each in _NUMBERS.split(entered) if each]
    return Person(
        name=name,
        emails=tuple(emails),
        phones=tuple(read_phone(each, region) for each in phones),
        address=_address(values),
        external_ids=tuple(ExternalId("import", each) for each in values.get("external_id", ())),
    )


def _problem(values: Mapping[str, Sequence[str]], emails: Sequence[str], name: str) -> Unusable | None:
    for field, entered in values.items():
        if any("\0" in each or len(each) > LONGEST for each in entered):
            return Unusable(field, f"Give at most {LONGEST} characters, and no control characters.")
    if not all(map(is_email, emails)):
        return Unusable("email", "This is not an e-mail address.")
    if not all(re.fullmatch("[A-Za-z]{2}", each) for each in values.get("country", ())):
        return Unusable("country", "Give the country as two letters (ISO 3166), such as DE.")
    if not name:
        return Unusable("name", "The row has neither a name nor an e-mail address.")
    return None


def _name(values: Mapping[str, Sequence[str]]) -> str:
    if "name" in values:
        return values["name"][0]
    return " ".join((*values.get("first_name", ()), *values.get("last_name", ())))


def _address(values: Mapping[str, Sequence[str]]) -> PostalAddress | None:
    parts = {field: values[field][0] for field in _ADDRESS if field in values}
    if "country" in parts:
        parts["country"] = parts["country"].upper()
    return PostalAddress(**parts) if parts else None
