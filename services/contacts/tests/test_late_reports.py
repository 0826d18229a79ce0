"""What is told later than it happened: within what every reader of the log can read."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

CALL = {"kind": "call", "direction": "inbound", "subject": "Twelve bikes"}
AGREED = {"channel": "email", "purpose": "news", "wording_version": "1", "source": "form", "evidence": {}}
FAR = ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "1899-12-31T00:00:00Z", 2798]


@pytest.fixture
def contact(api: TestClient) -> str:
    return str(api.post("/contacts", json={"name": "Ada"}).json()["id"])


@pytest.mark.parametrize("moment", FAR)
@pytest.mark.parametrize(("path", "body"), [("interactions", CALL), ("consents", AGREED)])
def test_what_lies_too_far_away_is_invalid(
    api: TestClient, contact: str, path: str, body: dict[str, Any], moment: object
) -> None:
    answer = api.post(f"/contacts/{contact}/{path}", json=body | {"occurred_at": moment})
    assert (answer.status_code, answer.json()["field"]) == (422, "occurred_at")
    assert api.post(f"/contacts/{contact}/{path}", json=body | {"occurred_at": "2019-05-01T10:00:00Z"}).is_success


@pytest.mark.parametrize("moment", FAR)
@pytest.mark.parametrize("name", ["as_of", "as_known_at"])
def test_the_past_is_asked_for_in_the_same_way(api: TestClient, contact: str, name: str, moment: object) -> None:
    answer = api.get(f"/contacts/{contact}", params={name: str(moment)})
    assert (answer.status_code, answer.json()["field"]) == (422, name)
