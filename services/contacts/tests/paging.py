"""Lists as a client reads them: page after page."""

from typing import Any

from fastapi.testclient import TestClient


def whole(client: TestClient, path: str, *, limit: int, **params: Any) -> list[dict[str, Any]]:
    """A whole list, read in pages of so many."""
    items: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        asked = params | {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=asked).raise_for_status().json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items
