"""What a row says, by field, whatever the file's format: cells, several values in one, addresses, ids."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote

from crm.contacts.importing.columns import ADDRESS, NOT_KEPT, SECOND_ADDRESSES
from crm.contacts.importing.countries import country_code
from crm.events.particulars import ExternalId, PostalAddress

LONGEST_TEXT = 20_000
LONGEST = 200
_LONG = frozenset({"body", "consent_evidence"})
_SEPARATORS = re.compile(r"(?:[;,|\s]|:::)+")
_NUMBERS = re.compile(r"\s*(?:[;|]|:::)\s*|\s+/\s+")
"""A slash without spaces is part of a number, as in 030/1234567."""
_FORMULA = re.compile(r"'[=+\-@\t\r]")
"""How our own exports, and others, guard a cell that a spreadsheet would run."""
ATTRIBUTE = "attribute:"
"""What the field of a custom attribute begins with."""

Values: TypeAlias = dict[str, list[str]]
"""What a row says, by field; each value is trimmed and not empty."""


@dataclass(frozen=True)
class Unusable:
    """Why a row is nobody. The reason quotes nothing of the row."""

    field: str | None
    reason: str


def values_in(row: Sequence[str], columns: Mapping[str, str]) -> Values | Unusable:
    """What a row of a table says; `columns` says which place fills which field."""
    if len(row) <= max(map(int, columns)):
        return Unusable(None, "The row has fewer columns than the header.")
    values: Values = {}
    for place, field in columns.items():
        if value := row[int(place)].strip():
            guarded = value[0] == "'" and _FORMULA.match(value)
            values.setdefault(field, []).append(value[1:] if guarded else value)
    return values


def split_emails(values: Values) -> list[str]:
    return [each for entered in values.get("email", ()) for each in _SEPARATORS.split(entered) if each]


def split_phones(values: Values) -> list[str]:
    return [each for entered in values.get("phone", ()) for each in _NUMBERS.split(entered) if each]


def external_ids(values: Values) -> Iterator[ExternalId]:
    """Under the system that the field names, or `import`; `external_ids` holds `SYSTEM:ID;…`, as our exports do."""
    for field, entered in values.items():
        if field == "external_ids":
            pairs = (each.strip().partition(":") for some in entered for each in some.split(";"))
            yield from (ExternalId(unquote(system), unquote(name)) for system, _, name in pairs if system and name)
        elif field.startswith("external_id"):
            system = field.partition(":")[2] or "import"
            yield from (ExternalId(system, each) for each in entered)


def too_long(values: Values) -> Unusable | None:
    """Why a row holds text that cannot be kept."""
    for field, entered in values.items():
        longest = LONGEST_TEXT if field in _LONG or field.startswith(ATTRIBUTE) else LONGEST
        if field not in NOT_KEPT and any("\0" in each or len(each) > longest for each in entered):
            return Unusable(field, f"Give at most {longest:,} characters, and no control characters.")
    return None


def address_in(values: Values) -> PostalAddress | Unusable | None:
    """The first address of which anything is told; another one never completes it."""
    for which in ("", *SECOND_ADDRESSES):
        parts = {part: values[which + part][0] for part in ADDRESS if which + part in values}
        if "country" in parts:
            code = country_code(parts["country"])
            if code is None:
                return Unusable("country", "Give the country as two letters (ISO 3166), such as DE, or by its name.")
            parts["country"] = code
        if parts:
            return PostalAddress(**parts)
    return None
