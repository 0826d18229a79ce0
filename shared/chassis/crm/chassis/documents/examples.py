"""Examples of facts: made from their schemas, always the same, with values a person would expect."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID, uuid5

from crm.chassis.documents.schemas import JsonSchema, inlined

STREAM = UUID("8d0f1f0e-6a57-4c5b-9f0e-1b2c3d4e5f60")
CONTACT = uuid5(STREAM, "contact")

_USUAL: dict[str, Any] = {
    "address": "ada@company.example",
    "assignee": "maria",
    "attribute": "tier",
    "birthday": "1985-12-10",
    "body": "The bell does not ring.",
    "by": "agent",
    "category": "pipeline",
    "choices": "Gold",
    "city": "London",
    "code": 550,
    "columns": {"0": "name", "1": "email"},
    "company": "Analytical Engines Ltd",
    "competitor": "Difference & Co",
    "consent": "newsletter",
    "content_hash": "5d41402abc4b2a76b9719d911017c592ae3d8c1f0b7e64a2d1c0b9f8e7d6c5b4",
    "country": "GB",
    "currency": "EUR",
    "delimiter": ";",
    "domain": "company.example",
    "domains": "company.example",
    "e164": "+442079460123",
    "email": "ada@company.example",
    "emails": "ada@company.example",
    "encoding": "utf-8",
    "entered": "020 7946 0123",
    "field": "email",
    "form_url": "https://shop.example/newsletter",
    "from_stage": "Qualification",
    "handle": "@ada@maths.example",
    "id": "4711",
    "interest": "Twelve bikes",
    "ip": "192.0.2.7",
    "kind": "question",
    "label": "Tier",
    "language": "en-GB",
    "line": 17,
    "matched": 58,
    "matched_by": "email",
    "method": "one-click",
    "minor": 1200000,
    "name": "Ada Lovelace",
    "name_contains": "Love",
    "network": "mastodon",
    "note": "Call again in spring",
    "number": 1042,
    "owner": "mia",
    "phone": "020 7946 0123",
    "pipeline": "default",
    "postal_code": "SW1Y 4JH",
    "priority": "normal",
    "probability": 50,
    "purpose": "newsletter",
    "queue": "repairs",
    "reason": "other",
    "region": "Greater London",
    "registered": 1130,
    "rejected": 12,
    "replaced": {"Demo": "Proposal"},
    "role": "Head of purchasing",
    "rows": 1200,
    "size_bytes": 148213,
    "source": "trade fair",
    "stage": "Proposal",
    "street": "12 St James's Square",
    "subject": "The bell of my bike",
    "system": "shop",
    "tag": "key account",
    "text": "Hello {first_name}, spring is here.",
    "time_zone": "Europe/London",
    "title": "Twelve bikes",
    "to_stage": "Proposal",
    "url": "https://shop.example/spring",
    "user_agent": "Mozilla/5.0",
    "values": "Gold",
    "was": "low",
    "wording_version": "2026-01",
    "AccountArchived.reason": "Dissolved",
    "AccountBecameFormer.reason": "Moved away",
    "AccountRegistered.name": "Analytical Engines Ltd",
    "AccountRenamed.name": "Analytical Engines Ltd",
    "AttributeChoicesChanged.name": "tier",
    "AttributeDefined.name": "tier",
    "AttributeReinstated.name": "tier",
    "AttributeRelabelled.name": "tier",
    "AttributeRequirementChanged.name": "tier",
    "AttributeRetired.name": "tier",
    "AttributeRetired.reason": "No longer asked for",
    "AttributeSearchingChanged.name": "tier",
    "CampaignPlanned.name": "Spring bikes",
    "CampaignPlanned.subject": "Spring is here",
    "ConsentWordingPublished.text": "I would like to read about new bikes once a month.",
    "ConsentWordingPublished.version": "2026-01",
    "ContactArchived.reason": "Moved abroad",
    "ErasureRequested.reason": "Asked for by letter",
    "FurtherAddressRecorded.label": "work",
    "FurtherAddressRemoved.label": "work",
    "IdentifierClaimed.kind": "email",
    "IdentifierReleased.kind": "email",
    "ImportRowRejected.reason": "Give a valid e-mail address.",
    "InteractionAmended.kind": "external",
    "InteractionLogged.kind": "external",
    "InteractionLogged.subject": "Called about twelve bikes",
    "LeadDisqualified.reason": "no budget",
    "MessageHandedOff.subject": "Spring is here",
    "OpportunityLost.reason": "price",
    "OpportunityProbabilityChanged.was": 20,
    "Stage.name": "Proposal",
    "TicketPriorityChanged.priority": "high",
    "TicketReopened.reason": "not solved",
    "TicketReplied.body": "Oil it.",
}
"""What a field of this name usually holds; `Object.field` where the name means something else in one kind of object."""

_FORMATS = {"date-time": "2026-11-30T09:30:00Z", "date": "2026-12-18"}
_PYTHON: dict[str, type] = {"string": str, "integer": int, "object": dict}


def example_of(schema: JsonSchema) -> Any:
    """A value that fits a schema. What would be sealed is a token of the right form that no key opens."""
    return _example(inlined(schema), "", "")


def _example(schema: JsonSchema, around: str, name: str) -> Any:
    """`name` is the field, `around` the title of the object it is in."""
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], around, name)
    if "properties" in schema:
        around = schema.get("title", "")
        return {field: _example(each, around, field) for field, each in schema["properties"].items()}
    if schema["type"] == "array":
        return [_example(schema["items"], around, name)]
    return _value(schema, around, name)


def _value(schema: JsonSchema, around: str, name: str) -> Any:
    if schema.get("contentMediaType") == "application/jose":
        return _sealed()
    if schema.get("format") == "uuid":
        return str(uuid5(STREAM, name.removesuffix("s")))
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    usual = _USUAL.get(f"{around}.{name}", _USUAL.get(name))
    if isinstance(usual, _PYTHON.get(schema["type"], ())):
        return usual
    unusual = {"boolean": schema.get("default", True), "integer": 3, "number": 3, "null": None, "object": {}}
    return unusual.get(schema["type"], name.replace("_", " "))


def _sealed() -> str:
    """A compact JWE with the headers that ours have."""
    header = {"alg": "dir", "enc": "A256GCM", "kid": str(CONTACT), "eid": f"{STREAM}:1"}
    parts = (json.dumps(header, separators=(",", ":")).encode(), b"", bytes(12), b"\x01\x02\x03", bytes(16))
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
