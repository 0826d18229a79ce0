"""Finding duplicates in a scan of all contacts (C5)."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm.chassis.runtime import Runtime
from crm.chassis.testing.services import Projector
from crm.contacts.duplicates import blocks, scanning
from crm.contacts.duplicates.scanning import Scanning, take
from crm.events.duplicates import DuplicateScanCompleted, DuplicateSuggested

from .conftest import HOME, queue, scan


def test_c5_a_scan_finds_the_same_pairs_as_following_the_changes(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], runtime: Runtime, views: Projector
) -> None:
    names = ["Anna Zwetschgenbaum", "Anna Zwetschgenbaun", "Moritz Zwetschgenbaum", "Olga Weiss"]
    for name in names:
        person(name, address=HOME)
    views.catch_up()
    done = scan(suite, runtime)
    assert (done["status"], done["progress"], done["contacts"], done["suggested"]) == ("completed", 1.0, 4, 1)
    views.catch_up()
    (pair,) = queue(suite)
    match()
    assert [each["id"] for each in queue(suite)] == [pair["id"]]
    assert scan(suite, runtime)["suggested"] == 0


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("dies_after", range(4))
def test_c5_a_scan_killed_anywhere_goes_on_and_suggests_nothing_twice(
    suite: TestClient,
    person: Callable[..., str],
    runtime: Runtime,
    views: Projector,
    monkeypatch: pytest.MonkeyPatch,
    dies_after: int,
) -> None:
    monkeypatch.setattr(scanning, "PAIRS_A_PART", 1)
    monkeypatch.setattr(blocks, "CONTACTS_A_SHARE", 3)
    people = [person(name, address=HOME) for name in ("Anna Zwetschgenbaum", "Ana Zwetschgenbaum", "Anna Zwetschgen")]
    for n in range(6):
        person(f"Somebody Else{n}", address=HOME | {"street": f"Weg {n}"})
    views.catch_up()
    made = suite.post("/duplicates/scan").json()
    note, steps = Scanning._note, iter(range(1_000))

    def die(self: Scanning, *arguments: Any) -> None:
        if next(steps) == dies_after:
            raise Killed  # between the append and the note
        note(self, *arguments)

    monkeypatch.setattr(Scanning, "_note", die)
    job = take(runtime)
    assert job
    with pytest.raises(Killed):
        Scanning(runtime, job).work_off()
    monkeypatch.setattr(Scanning, "_note", note)
    assert take(runtime) is None  # leased
    with runtime.database.connection() as connection:
        connection.execute("UPDATE duplicate_scans SET leased_until = NULL")
    job = take(runtime)
    assert job
    Scanning(runtime, job).work_off()
    answer = suite.get(f"/duplicates/scans/{made['id']}").json()
    assert answer["status"] == "completed"
    facts = [e.fact for each in {s.stream for s in runtime.log.read(None, 10_000)} for e in runtime.log.stream(each)]
    suggested = [fact for fact in facts if isinstance(fact, DuplicateSuggested)]
    pairs = {frozenset((str(fact.first), str(fact.second))) for fact in suggested}
    assert len(suggested) == len(pairs)
    assert frozenset(people[:2]) in pairs
    assert sum(isinstance(fact, DuplicateScanCompleted) for fact in facts) == 1


def test_a_scan_that_is_asked_for_twice_with_one_key_is_one_scan(suite: TestClient, runtime: Runtime) -> None:
    first, second = (suite.post("/duplicates/scan", headers={"Idempotency-Key": "k"}).json() for _ in range(2))
    assert first["id"] == second["id"]
    with runtime.database.connection() as connection:
        assert connection.execute("SELECT count(*) FROM duplicate_scans").fetchone() == (1,)


def test_a_scan_of_nobody_completes(suite: TestClient, runtime: Runtime) -> None:
    done = scan(suite, runtime)
    assert (done["status"], done["contacts"], done["compared"], done["suggested"]) == ("completed", 0, 0, 0)
