"""People as vCards, version 4 (RFC 6350)."""

from collections.abc import Iterable, Iterator, Sequence

from crm.contacts.exporting.people import Exported
from crm.contacts.exporting.workplaces import Workplace

_LONGEST_LINE = 75
"""In octets; longer lines are folded."""


def as_cards(pages: Iterable[Sequence[Exported]]) -> Iterator[bytes]:
    """A card for each person."""
    for page in pages:
        yield b"".join(_card(each) for each in page)


def _card(each: Exported) -> bytes:
    return b"".join(_folded(line) for line in ("BEGIN:VCARD", "VERSION:4.0", *_lines(each), "END:VCARD"))


def _lines(each: Exported) -> Iterator[str]:
    contact = each.contact
    yield f"UID:urn:uuid:{each.contact_id}"
    yield f"FN:{_escaped(contact.name)}"
    for place, email in enumerate(contact.emails):
        yield f"EMAIL{_preferred(place, len(contact.emails))}:{_escaped(email)}"
    for place, phone in enumerate(contact.phones):
        yield f"TEL{_preferred(place, len(contact.phones))};VALUE=text:{_escaped(phone.entered)}"
    if address := contact.address:
        parts = (None, None, address.street, address.city, address.region, address.postal_code, address.country)
        yield "ADR:" + ";".join(_escaped(part or "") for part in parts)
    yield from _work(each.workplace)
    if contact.birthday:
        yield f"BDAY:{contact.birthday:%Y%m%d}"
    if contact.tags:
        yield f"CATEGORIES:{','.join(map(_escaped, contact.tags))}"
    for known in contact.external_ids:
        yield f"X-EXTERNAL-ID;SYSTEM={known.system}:{_escaped(known.id)}"


def _work(workplace: Workplace) -> Iterator[str]:
    if workplace.organisation:
        yield "ORG:" + ";".join(_escaped(part) for part in (workplace.organisation, workplace.department) if part)
    if workplace.job_title:
        yield f"TITLE:{_escaped(workplace.job_title)}"


def _preferred(place: int, count: int) -> str:
    return f";PREF={min(place + 1, 100)}" if count > 1 else ""


def _escaped(text: str) -> str:
    for character, written in (("\\", "\\\\"), (",", "\\,"), (";", "\\;"), ("\r\n", "\\n"), ("\n", "\\n")):
        text = text.replace(character, written)
    return text


def _folded(line: str) -> bytes:
    """A line of at most 75 octets, and what goes on behind a space; no character is cut."""
    folded, length = [""], 0
    for character in line:
        size = len(character.encode())
        if length + size > _LONGEST_LINE:
            folded.append(" ")
            length = 1
        folded[-1] += character
        length += size
    return "\r\n".join(folded).encode() + b"\r\n"
