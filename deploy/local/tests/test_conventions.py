"""What holds for every API: writes can be sent again, lists have stable cursors. Told from the OpenAPI documents."""

from collections.abc import Iterator
from typing import Any

from crm.local.suite import services

SAFE = ("get", "head", "options")
NEED_NO_KEY = {
    "POST /contacts/{contact_id}/merge/preview": "it writes nothing",
    "POST /accounts/{account_id}/merge/preview": "it writes nothing",
    "POST /campaigns/{campaign}/preview": "it writes nothing",
    "POST /contacts/{contact_id}/preference-link": "it writes nothing: a link is signed, and kept nowhere",
    "POST /confirm/{token}": "the token is used once, and pressing again changes nothing",
    "POST /preferences/{token}": "it says how things shall be, and saying so again changes nothing",
    "POST /unsubscribe/{token}": "who has unsubscribed stays so",
    "DELETE /imports/{import_id}/file": "what is discarded stays so",
}
"""Writes that are idempotent by what they mean."""


def operations() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each operation by its name, with the document it is from."""
    for service in services():
        document = service.openapi()
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                yield f"{method.upper()} {path}", operation, document


def taken(operation: dict[str, Any]) -> set[str]:
    return {each["name"] for each in operation.get("parameters", ())}


def test_every_write_can_be_sent_again() -> None:
    writes = [(name, taken(each)) for name, each, _ in operations() if name.split()[0].lower() not in SAFE]
    assert len(writes) > 100
    assert {name for name, params in writes if "Idempotency-Key" not in params} == set(NEED_NO_KEY)


def test_every_list_is_read_in_pages_with_a_stable_cursor_and_a_limit() -> None:
    lists = [(name, taken(operation)) for name, operation, document in operations() if is_list(operation, document)]
    assert len(lists) > 20
    assert [name for name, params in lists if not {"cursor", "limit"} <= params] == []


def is_list(operation: dict[str, Any], document: dict[str, Any]) -> bool:
    content = operation["responses"].get("200", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].split("/")[-1]]
    return schema.get("type") == "array" or "items" in schema.get("properties", {})
