"""Identity: which match key an identifier has, so that different spellings of one identifier meet (C1 to C3)."""

import re
import unicodedata
from typing import NamedTuple

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumberFormat

from crm.chassis.people.blocked import BLOCKED_LOCAL_PARTS, BLOCKED_VALUES
from crm.events.particulars import ExternalId, Phone

SHORTEST_E164 = len("+4930123")
"""Shorter ones are extensions and service numbers, which mean something else in every town."""


class Identifier(NamedTuple):
    """A kind of identifier and its match key: equal exactly if they mean the same. Usable as a claim."""

    kind: str
    match_key: str


def is_email(entered: str) -> bool:
    """Whether this has the form of an e-mail address. Nothing is looked up."""
    return _normalised(entered) is not None


def email_identifier(entered: str) -> Identifier | None:
    """The identifier an e-mail address is: trimmed, NFC, domain in IDNA and lower case, local part in lower case (C1).

    Dots and +tags stay. None if it is no address, or one that names nobody in particular (C3).
    """
    parts = _normalised(entered)
    if parts is None or parts[0] in BLOCKED_LOCAL_PARTS:
        return None
    return Identifier("email", f"{parts[0]}@{parts[1]}")


# What nearly all addresses look like: the library, which takes 70 µs, would say the same of them. Domains with two
# hyphens in a row may be IDNA, and some top domains are special: those are left to it.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?!.*--)([A-Za-z0-9_+'-]{1,64}(?:\.[A-Za-z0-9_+'-]{1,64})*)"
    r"@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+(?:com|org|net|edu|info|biz|[A-Za-z]{2}))"
)
_LONGEST_LOCAL_PART = 64


def _normalised(entered: str) -> tuple[str, str] | None:
    plain = _PLAIN.fullmatch(entered)
    if plain and len(plain[1]) <= _LONGEST_LOCAL_PART:
        return plain[1].lower(), plain[2].lower()
    return _normalised_by_library(entered)


def _normalised_by_library(entered: str) -> tuple[str, str] | None:
    try:
        address = validate_email(entered.strip(), check_deliverability=False, globally_deliverable=False)
    except EmailNotValidError:
        return None
    # Lower case can leave NFC, so once more. Never casefold: it would merge ß with ss, which are two mailboxes.
    return unicodedata.normalize("NFC", address.local_part.lower()), address.ascii_domain.lower()


def read_phone(entered: str, region: str) -> Phone:
    """A telephone number as entered, and its E.164 form as read in a region (ISO 3166-1 alpha-2), if any (C2)."""
    entered = entered.strip()
    try:
        number = phonenumbers.parse(entered, region)
    except NumberParseException:
        return Phone(entered)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    # Old ways of writing (Mexico with a 1) are too long for the library, though everybody still has them.
    readable = phonenumbers.is_possible_number(number) or _one_variant(e164) != e164
    return Phone(entered, e164 if readable and len(e164) >= SHORTEST_E164 else None)


def phone_identifier(phone: Phone) -> Identifier | None:
    """The identifier a telephone number is: E.164, with one form for national variants (C2). None if unreadable."""
    if phone.e164 is None or phone.e164.lstrip("+0") == "":
        return None
    return Identifier("phone", _one_variant(phone.e164))


_VARIANTS = (
    # Brazil: mobile numbers got a ninth digit, a 9 after the area code; the older rest begins with 6 to 9.
    (re.compile(r"^\+55(\d\d)9([6-9]\d{7})$"), r"+55\1\2"),
    # Argentina: a 9 after the country code for mobile numbers called from abroad.
    (re.compile(r"^\+549(\d{10})$"), r"+54\1"),
    # Mexico: until 2019 a 1 after the country code for mobile numbers.
    (re.compile(r"^\+521(\d{10})$"), r"+52\1"),
)


_WITH_VARIANTS = ("+55", "+549", "+521")


def _one_variant(e164: str) -> str:
    if not e164.startswith(_WITH_VARIANTS):
        return e164
    for pattern, one in _VARIANTS:
        e164 = pattern.sub(one, e164)
    return e164


def device_identifier(device: str) -> Identifier | None:
    """The identifier a visitor's device or cookie id is, as it is. None for non-values (C3)."""
    device = device.strip()
    return None if device.lower() in BLOCKED_VALUES else Identifier("device", device)


def external_identifier(external_id: ExternalId) -> Identifier | None:
    """The identifier that another system's id is; systems in lower case, ids as they are. None for non-values (C3)."""
    system, name = external_id.system.strip().lower(), external_id.id.strip()
    if not system or name.lower() in BLOCKED_VALUES:
        return None
    return Identifier("external_id", f"{system}:{name}")
