"""Importing as a user does it: over HTTP, with the worker and the views run by hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.runtime import Runtime
from crm.chassis.testing.services import Projector
from crm.contacts.importing.job import take
from crm.contacts.importing.journal import Journal
from crm.contacts.importing.worker import work_off
from crm.events import Fact
from services.contacts.tests.paging import whole


class Killed(BaseException):
    """The process dies here."""


FILES = Path(__file__).parent / "imported"


@dataclass
class Importer:
    """Somebody who imports, and the role that works imports off."""

    client: TestClient
    runtime: Runtime
    views: Projector

    def upload(self, content: bytes, *, start: bool = True, **fields: str) -> UUID:
        """Takes a file in and returns the id of its import."""
        answer = self.client.post(
            "/imports", params={"start": start}, files={"file": ("people.csv", content)}, data=fields
        )
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    def run(self) -> None:
        """Works off what waits."""
        self.views.catch_up()
        while job := take(self.runtime.database):
            work_off(self.runtime, job)
        self.views.catch_up()

    def run_after_a_kill(self) -> None:
        """Works off what waits, also what a worker that was killed still holds."""
        with self.runtime.database.connection() as connection:
            connection.execute("UPDATE imports SET leased_until = NULL")
        self.run()

    def run_with_a_kill(self, at: int, *, counted: bool) -> None:
        """A worker is killed at a batch, before or after it has `counted` it; another one works off the rest."""
        count, calls = Journal.count, iter(range(10))

        def die(journal: Journal, *arguments: Any) -> bool:
            dying = next(calls) == at
            if not dying or counted:
                count(journal, *arguments)
            if dying:
                raise Killed
            return True

        with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
            patch.setattr(Journal, "count", die)
            self.run()
        self.run_after_a_kill()

    def imported(self, content: bytes, **fields: str) -> dict[str, Any]:
        """The answer about an import that has been run."""
        import_id = self.upload(content, **fields)
        self.run()
        return self.job(import_id)

    def job(self, import_id: UUID | str) -> dict[str, Any]:
        return dict(self.client.get(f"/imports/{import_id}").raise_for_status().json())

    def step(self, import_id: UUID | str, step: str, **body: Any) -> None:
        """One step of an import that waits or has ended, and the work that it leads to."""
        answer = self.client.post(f"/imports/{import_id}/{step}", json=body if body else None)
        assert answer.status_code == 200, answer.text
        self.run()

    def dry_run(self, content: bytes, **fields: str) -> dict[int, dict[str, Any]]:
        """What each line of a file would do."""
        import_id = self.upload(content, start=False, **fields)
        self.step(import_id, "dry-run")
        assert self.job(import_id)["status"] == "dry_run", self.job(import_id)
        return {each["line"]: each for each in self.whole(f"/imports/{import_id}/dry-run")}

    def report(self, import_id: UUID | str) -> dict[int, dict[str, Any]]:
        """The rows of the report, by line."""
        return {each["line"]: each for each in self.whole(f"/imports/{import_id}/rows")}

    def whole(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """A whole list, read in small pages."""
        return whole(self.client, path, limit=2, **params)

    def people(self) -> dict[str, dict[str, Any]]:
        """Everybody in the directory, as the API shows them, by name."""
        listed = self.whole("/contacts")
        return {each["name"]: self.client.get(f"/contacts/{each['id']}").json() for each in listed}

    def register(self, name: str, **more: Any) -> str:
        return str(self.client.post("/contacts", json={"name": name, **more}).raise_for_status().json()["id"])

    def account(self, name: str, **more: Any) -> str:
        """Somebody registers an account by hand."""
        return str(self.client.post("/accounts", json={"name": name, **more}).raise_for_status().json()["id"])

    def work(self) -> dict[str, list[tuple[Any, ...]]]:
        """Where everybody belongs, by name: account, role, department, whether it is the primary one."""
        self.views.catch_up()
        wanted = ("account", "role", "department", "primary")
        return {
            each["name"]: [tuple(at[part] for part in wanted) for at in self.whole(f"/contacts/{each['id']}/accounts")]
            for each in self.whole("/contacts")
        }

    def accounts(self) -> dict[str, dict[str, Any]]:
        """The accounts in the list, by name; also what they are called elsewhere."""
        self.views.catch_up()
        listed = self.whole("/accounts")
        assert len({each["name"] for each in listed}) == len(listed)
        return {each["name"]: self.client.get(f"/accounts/{each['id']}").json() for each in listed}

    def define(self, name: str, kind: str, **more: Any) -> None:
        """Defines a custom attribute of contacts."""
        body = {"name": name, "label": name.capitalize(), "type": kind} | more
        answer = self.client.post("/attributes/contact", json=body)
        assert answer.is_success, answer.text

    def facts(self, kind: type[Fact]) -> list[Any]:
        """All facts of a kind, in the order of the log."""
        found, after = [], None
        while page := self.runtime.log.read(after, 500):
            after = page[-1].position
            found += [fact for each in {s.stream: s for s in page} for fact in self.runtime.log.stream(each)]
        return [each.fact for each in found if isinstance(each.fact, kind)]
