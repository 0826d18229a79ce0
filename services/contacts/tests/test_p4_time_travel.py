"""P4: answers for past moments equal the answers that were given then (C11).

`RAPPORT_EXAMPLES` says for how many, `RAPPORT_SEED` what happens.
"""

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.contacts.tests.paging import whole

MOMENTS = int(os.environ.get("RAPPORT_EXAMPLES", "100"))
SEED = int(os.environ.get("RAPPORT_SEED", "1"))
PAGE = 200
PEOPLE = 6
CHANNELS = ("email", "phone")


class Office:
    """People who do things with contacts at random."""

    def __init__(self, suite: TestClient, seed: int) -> None:
        self.suite, self.random = suite, random.Random(seed)
        self.contacts: list[str] = []
        self.interactions: list[tuple[str, str]] = []
        self.merges: list[tuple[str, str]] = []
        self._number = 0

    def act(self) -> None:
        """Does one thing; what a rule refuses is left."""
        if len(self.contacts) < PEOPLE:
            self.register()
            return
        acts: list[Callable[[], None]] = [self.rename, self.reach, self.note, self.note, self.amend, self.retract]
        self.random.choice([*acts, self.consent, self.merge, self.unmerge])()

    def register(self) -> None:
        answer = self._post("/contacts", name=self._word(), emails=[f"{self._word()}@example.com"])
        self.contacts.append(answer["id"])

    def rename(self) -> None:
        self.suite.patch(f"/contacts/{self._somebody()}", json={"name": self._word()})

    def reach(self) -> None:
        self._post(f"/contacts/{self._somebody()}/emails", email=f"{self._word()}@example.com")

    def note(self) -> None:
        contact = self._somebody()
        ago = timedelta(hours=self.random.choice([0, 0, 1, 100, 10_000]))
        moment = (datetime.now(UTC) - ago).isoformat()
        told = {"kind": "note", "direction": "internal", "subject": self._word(), "occurred_at": moment}
        if answer := self._post(f"/contacts/{contact}/interactions", **told):
            self.interactions.append((contact, answer["id"]))

    def amend(self) -> None:
        self._with_interaction("amend", subject=self._word())

    def retract(self) -> None:
        if self.random.random() < 0.3:
            self._with_interaction("retract", reason="Mixed up")

    def consent(self) -> None:
        channel, what = self.random.choice(CHANNELS), {"purpose": "news", "source": "form"}
        path = f"/contacts/{self._somebody()}/consents"
        if self.random.random() < 0.6:
            self._post(path, channel=channel, wording_version="1", evidence={"note": "told us"}, **what)
        else:
            self._post(f"{path}/withdraw", channel=channel, **what)

    def merge(self) -> None:
        survivor, other = self.random.sample(self.contacts, 2)
        if answer := self._post(f"/contacts/{survivor}/merge", absorb=[other]):
            self.merges.append((survivor, answer["id"]))

    def unmerge(self) -> None:
        if self.merges:
            survivor, merge = self.random.choice(self.merges)
            self._post(f"/contacts/{survivor}/unmerge", merge_id=merge, reason="Two people")

    def _with_interaction(self, what: str, **body: Any) -> None:
        if self.interactions:
            contact, interaction = self.random.choice(self.interactions)
            self._post(f"/contacts/{contact}/interactions/{interaction}/{what}", **body)

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        answer = self.suite.post(path, json=body)
        assert answer.status_code in (200, 201, 404, 409), answer.text
        return dict(answer.json()) if answer.is_success else {}

    def _somebody(self) -> str:
        return self.random.choice(self.contacts)

    def _word(self) -> str:
        self._number += 1
        return f"{self.random.choice(['Ada', 'Bob', 'Eve'])}{self._number}"


def answers(suite: TestClient, contact: str, **past: str) -> dict[str, Any]:
    """What is said of a contact, now or of a moment."""
    paths = {
        "contact": "",
        "history": "/history",
        "consents": "/consents/matrix",
        "aliases": "/aliases",
        "merges": "/merges",
    }
    asked = {"limit": PAGE} | past
    found = {name: suite.get(f"/contacts/{contact}{path}", params=asked) for name, path in paths.items()}
    assert {each.status_code for each in found.values()} == {200}, {n: e.text for n, e in found.items()}
    told = {name: each.json() for name, each in found.items()}
    del told["consents"]["at"]  # the moment of the question
    return told


@pytest.mark.parametrize("seed", [SEED])
def test_p4_what_was_known_at_100_moments_is_what_was_answered_then(suite: TestClient, views: Any, seed: int) -> None:
    office = Office(suite, seed)
    told: list[tuple[str, datetime, dict[str, Any]]] = []
    while len(told) < MOMENTS:
        office.act()
        if len(office.contacts) < PEOPLE:
            continue
        views.catch_up()
        contact = office.random.choice(office.contacts)
        told.append((contact, datetime.now(UTC), answers(suite, contact)))
    views.catch_up()
    for contact, moment, then in told:
        assert answers(suite, contact, as_known_at=moment.isoformat()) == then
    _valid_time(suite, office, told)


def _valid_time(suite: TestClient, office: Office, told: list[tuple[str, datetime, dict[str, Any]]]) -> None:
    """With late facts: of what was known at a moment, what had happened by another one."""
    for contact, known_at, then in told[-20:]:
        moment = datetime.now(UTC) - timedelta(hours=office.random.choice([2, 200, 20_000]))
        read = partial(whole, suite, f"/contacts/{contact}/history", limit=PAGE, as_known_at=known_at.isoformat())
        items = read()
        expected = [each for each in items if datetime.fromisoformat(each["occurred_at"]) <= moment]
        own = [each for each in expected if each["contact_id"] == contact]
        found = read(as_of=moment.isoformat())
        assert [each for each in found if each["contact_id"] == contact] == own
        assert then["history"]["items"] == items[:PAGE]
