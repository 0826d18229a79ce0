"""People as JSON Lines: one object a line, in the words of the API."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

import msgspec

from crm.contacts.exporting.people import Exported

_json = msgspec.json.Encoder()


def as_lines(pages: Iterable[Sequence[Exported]]) -> Iterator[bytes]:
    """A line for each person."""
    for page in pages:
        yield b"".join(_json.encode(_told(each)) + b"\n" for each in page)


def _told(each: Exported) -> dict[str, object]:
    contact = each.contact
    return {
        "id": each.contact_id,
        "name": contact.name,
        "emails": [{"email": email, "verified": email in contact.verified} for email in contact.emails],
        "phones": [
            {"phone": phone.entered, "e164": phone.e164, "verified": phone.entered in contact.verified}
            for phone in contact.phones
        ],
        "address": contact.address,
        **asdict(each.workplace),
        "external_ids": contact.external_ids,
        "birthday": contact.birthday,
        "owner": contact.owner,
        "tags": contact.tags,
        "attributes": {each.attribute: each.shown for each in contact.attributes},
        "provisional": contact.provisional,
    }
