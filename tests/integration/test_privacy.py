"""Personal data is nowhere in clear but in views, and after an erasure nowhere at all (I11)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.integration.everywhere import SERVICES, files, raw_records
from tests.integration.running_suite import RunningSuite, eventually

pytestmark = pytest.mark.xdist_group("suite")

NOT_VIEWS = ("events", "parked", "idempotency", "timers", "relay_position", "relay_audit", "checkpoints", "applied")


class Canary:
    """A person all of whose values carry a mark that stands nowhere else."""

    def __init__(self, suite: RunningSuite) -> None:
        self.mark = f"canary{uuid4().hex[:12]}"
        self.digits = str(uuid4().int)[:7]
        self._suite = suite
        person = {
            "name": f"Name {self.mark}",
            "emails": [f"{self.mark}@example.org"],
            "phones": [f"+49 30 {self.digits}"],
            "address": {"street": f"Street {self.mark}", "city": f"City {self.mark}", "country": "DE"},
            "external_ids": [{"system": "erp", "id": f"id-{self.mark}"}],
        }
        self.id = str(suite.write("contacts", "POST", "/contacts", person).json()["id"])
        self.tokens = [self._write(*each) for each in self._facts()]
        self.tokens += self._described()
        self.others = [self._double(), self._visitor()]
        self.tokens += [self._write(*each) for each in self._asked()]

    def _write(self, service: str, path: str, body: dict[str, Any], method: str = "POST") -> str:
        return str(self._suite.write(service, method, path, body).json()["token"])

    def _facts(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        me, said = f"/contacts/{self.id}", f"said {self.mark}"
        yield "contacts", f"{me}/emails", {"email": f"second.{self.mark}@example.org"}
        yield "contacts", f"{me}/interactions", {"kind": "note", "direction": "internal", "subject": said, "body": said}
        evidence = {"ip": "203.0.113.9", "user_agent": said, "form_url": f"https://{self.mark}.example", "note": said}
        consent = {"channel": "email", "purpose": "marketing", "wording_version": "1", "source": "web"}
        yield "contacts", f"{me}/consents", consent | {"evidence": evidence}
        lead = {"name": f"Name {self.mark}", "email": f"{self.mark}@example.org", "contact": self.id, "source": "web"}
        yield "sales", "/leads", lead | {"company": said, "interest": said}
        deal = {"contact": self.id, "title": said, "amount": "12.50", "currency": "EUR"}
        yield "sales", "/opportunities", deal
        ticket = {"contact": self.id, "subject": said, "body": said, "name": said, "email": f"{self.mark}@example.org"}
        yield "service-desk", "/tickets", ticket

    def _described(self) -> list[str]:
        """All else that contacts keeps of somebody."""
        me, said, contacts = f"/contacts/{self.id}", f"described {self.mark}", self._suite.api("contacts")
        file = {"name": f"{said}.pdf", "media_type": "application/pdf", "url": f"https://{self.mark}.example/a.pdf"}
        note = {"kind": "note", "subject": said, "body": said, "visibility": "private", "attachments": [file]}
        noted = self._suite.write("contacts", "POST", f"{me}/interactions", note).json()
        attribute = f"motto_{self.digits}"
        defined = {"name": attribute, "label": "Motto", "type": "text", "searchable": True}
        assert contacts.post("/attributes/contact", json=defined).is_success
        account = self._suite.write("contacts", "POST", "/accounts", {"name": f"Firm {uuid4().hex}"}).json()["id"]
        evidence = {"note": said, "form_url": f"https://{self.mark}.example"}
        consent = {"channel": "email", "purpose": "news", "wording_version": "1", "source": "web", "evidence": evidence}
        address = f"second.{self.mark}@example.org"
        return [
            self._write("contacts", f"{me}/interactions/{noted['id']}/amend", {"subject": f"{said}, corrected"}),
            self._write("contacts", f"{me}/interactions/{noted['id']}/retract", {"reason": said}),
            self._write("contacts", f"{me}/tags", {"tag": f"tag-{self.mark}"}),
            self._write("contacts", f"{me}/handles", {"network": "mastodon", "handle": f"@{self.mark}@example.org"}),
            self._write("contacts", f"{me}/addresses", {"label": "work", "address": {"street": said}}, "PUT"),
            self._write("contacts", f"{me}/attributes", {"attributes": {attribute: said}}, "PATCH"),
            self._write("contacts", f"{me}/accounts/{account}", {"role": said}, "PUT"),
            self._write("contacts", f"{me}/consents", consent | {"address": address}),
            self._write("contacts", f"{me}/consents/request", consent | {"purpose": "offers", "address": address}),
            self._write(
                "contacts", f"{me}/objections", {"objection": "do_not_call", "source": "web", "evidence": evidence}
            ),
        ]

    def _double(self) -> str:
        """The same person, registered twice by mistake and merged."""
        double = {"name": f"Double {self.mark}", "emails": [f"double.{self.mark}@example.org"]}
        other = str(self._suite.write("contacts", "POST", "/contacts", double).json()["id"])
        said = f"said twice {self.mark}"
        note = {"kind": "note", "direction": "internal", "subject": said, "body": said}
        self._write("contacts", f"/contacts/{other}/interactions", note)
        self._write("contacts", f"/contacts/{self.id}/merge", {"absorb": [other]})
        return other

    def _visitor(self) -> str:
        """The same person, known to sales by an address that nobody had, and recognised later."""
        address = f"visitor.{self.mark}@example.org"
        lead = {"name": f"Visitor {self.mark}", "email": address, "source": "web", "interest": f"said {self.mark}"}
        self._write("sales", "/leads", lead)

        def met() -> str:
            answer = self._suite.api("contacts").get("/identities", params={"email": address})
            return str(answer.raise_for_status().json()["contact_id"])

        visitor = str(eventually(met))
        self._write("contacts", f"/contacts/{self.id}/merge", {"absorb": [visitor]})
        return visitor

    def _asked(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Requests about their data, told in the person's words."""
        said = f"asked {self.mark}"
        for kind in ("access", "rectify"):
            asked = {"contact_id": self.id, "kind": kind, "note": said}
            request = f"/requests/{self._suite.write('contacts', 'POST', '/requests', asked).json()['id']}"
            yield "contacts", f"{request}/verify", {"method": "call-back", "note": said}
            yield "contacts", f"{request}/extend", {"reason": said}
            if kind == "rectify":
                yield "contacts", f"{request}/refuse", {"reason": "other", "explanation": said}
                continue
            yield "contacts", f"{request}/start", {}
            for name in ("package.json", "package.pdf", "package.zip"):
                fetched = self._suite.ask("contacts", "GET", f"{request}/{name}")
                assert fetched.status_code == 200, fetched.text
            self.access = request

    def package(self) -> dict[str, Any]:
        """Everything the person is told, once all that the services have published is in it."""

        def complete() -> dict[str, Any]:
            told: dict[str, Any] = self._suite.api("contacts").get(f"{self.access}/package.json").json()
            assert told["complete"] is True, told["counts"]
            return told

        return eventually(complete)

    def import_them(self) -> dict[str, Any]:
        """A file with a row about the person; returns how the import ended."""
        content = f"name,email,city\nAgain {self.mark},{self.mark}@example.org,City {uuid4().hex}\n".encode()
        contacts = self._suite.api("contacts")
        answer = contacts.post("/imports", files={"file": ("people.csv", content)}, data={})
        assert answer.status_code == 201, answer.text

        def done() -> dict[str, Any]:
            job: dict[str, Any] = contacts.get(f"/imports/{answer.json()['id']}").json()
            assert job["status"] in ("completed", "completed_with_errors"), job
            return job

        return eventually(done)

    def found_in(self, text: bytes) -> bool:
        """As it is, or as a column of bytes is shown."""
        return self.mark.encode() in text or self.mark.encode().hex().encode() in text


@pytest.fixture
def canary(suite: RunningSuite) -> Canary:
    someone = Canary(suite)
    suite.history(someone.id, *someone.tokens)
    return someone


def tables(suite: RunningSuite, service: str, *, views: bool) -> Iterator[tuple[str, bytes]]:
    """The rows of a database's tables as text: those of views, or all others."""
    with suite.database(service) as db:
        names = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        shown = {name for (each,) in db.execute("SELECT tables FROM view_state").fetchall() for name in each}
        for (name,) in names:
            if (name in shown) == views:
                for (row,) in db.execute(f"SELECT t::text FROM {name} AS t").fetchall():  # noqa: S608
                    yield f"{service}.{name}", row.encode()
        for (state,) in db.execute("SELECT state FROM events").fetchall() if not views else ():
            yield f"{service}.events", bytes(state)


def where_found(suite: RunningSuite, canary: Canary, *, in_views: bool = True) -> set[str]:
    """Every place of the suite where the person still stands in clear."""
    found = {"a topic" for record in raw_records(suite) if canary.found_in(record)}
    for views in (True, False) if in_views else (False,):
        found |= {name for s in SERVICES for name, row in tables(suite, s, views=views) if canary.found_in(row)}
    return found | {name for name, content in files(suite) if canary.found_in(content)}


def test_i11_a_person_is_in_no_topic_log_dump_log_file_or_trace(suite: RunningSuite, canary: Canary) -> None:
    canary.import_them()
    assert not where_found(suite, canary, in_views=False)
    assert {name for s in SERVICES for name, row in tables(suite, s, views=True) if canary.found_in(row)}


def test_i12_the_access_package_counts_what_every_service_has_in_its_log(suite: RunningSuite, canary: Canary) -> None:
    package = canary.package()
    for count in package["counts"]:
        facts, cursor = 0, None
        while True:
            asked = {"limit": "200"} | ({"cursor": cursor} if cursor else {})
            page = suite.read(count["service"], f"/people/{canary.id}/export", **asked)
            early = [each for each in page["items"] if each["recorded_at"] <= package["made_at"]]
            facts, cursor = facts + len(early), page["next"]
            if cursor is None:
                break
        assert count["facts"] == facts, count
    assert package["items"] == package["facts"] == len(package["history"])


def erased(suite: RunningSuite, contact: str) -> dict[str, Any]:
    """The report of an erasure that every service has acknowledged."""

    def acknowledged() -> dict[str, Any]:
        answer: dict[str, Any] = suite.api("contacts").get(f"/contacts/{contact}/erasure").json()
        assert set(answer["acknowledged"]) == set(SERVICES), answer
        assert answer["keys_destroyed_at"], answer
        return answer

    return eventually(acknowledged, within_s=60)


def test_p6_after_an_erasure_a_person_is_nowhere_and_statistics_stay(suite: RunningSuite, canary: Canary) -> None:
    canary.import_them()
    before = len(suite.history(canary.id))
    suite.write("contacts", "DELETE", f"/contacts/{canary.id}")
    assert eventually(lambda: erased(suite, canary.id)["complete"])
    assert not where_found(suite, canary)
    assert {each["contact_id"] for each in erased(suite, canary.id)["ids"]} >= {canary.id, *canary.others}
    assert suite.ask("contacts", "GET", f"/contacts/{canary.id}").status_code == 410
    items = suite.history(canary.id)
    assert len(items) >= before
    assert canary.mark not in str(items)
    opened = next(item for item in items if item["type"] == "crm.sales.opportunity-opened.v1")
    assert opened["data"]["amount"] == {"minor": 1250, "currency": "EUR"}
    with suite.database("sales") as db:
        assert db.execute("SELECT amount FROM board_v1 WHERE contact = %s", (canary.id,)).fetchall()
    assert suite.audit().returncode == 0


def test_p6_what_a_legal_hold_keeps_is_in_no_place_but_its_own_and_ends_with_it(
    suite: RunningSuite, canary: Canary
) -> None:
    hold = {"fields": ["name", "address"], "reason": "tax law"}
    suite.write("contacts", "POST", f"/contacts/{canary.id}/legal-holds", hold)
    suite.write("contacts", "DELETE", f"/contacts/{canary.id}")
    report = erased(suite, canary.id)
    assert (report["complete"], [each["reason"] for each in report["legal_holds"]]) == (False, ["tax law"])
    held = suite.read("contacts", f"/contacts/{canary.id}/held-values")["items"]
    assert f"Name {canary.mark}" in [each["name"] for each in held]
    assert not where_found(suite, canary)
    suite.write("contacts", "POST", f"/contacts/{canary.id}/legal-holds/{report['legal_holds'][0]['id']}/lift")
    assert eventually(lambda: erased(suite, canary.id)["complete"])
    assert suite.read("contacts", f"/contacts/{canary.id}/held-values")["items"] == []


def test_c13_an_erased_address_is_refused_to_imports_and_welcome_by_its_owner(
    suite: RunningSuite, canary: Canary
) -> None:
    suite.write("contacts", "DELETE", f"/contacts/{canary.id}")
    again = {"name": "Somebody New", "emails": [f"{canary.mark}@example.org"]}
    assert suite.api("contacts").post("/contacts", json=again).status_code == 409
    assert canary.import_them()["rejected"] == 1
    shown = again | {"returning": True, "evidence": "signed a contract"}
    assert suite.write("contacts", "POST", "/contacts", shown).json()["id"] != canary.id
    address = f"visitor.{canary.mark}@example.org"
    erased(suite, canary.id)
    suite.write("sales", "POST", "/leads", {"name": "Back again", "email": address, "source": "web"})

    def known() -> str:
        found = suite.api("contacts").get("/identities", params={"email": address})
        return str(found.raise_for_status().json()["contact_id"])

    assert eventually(known) not in (canary.id, *canary.others)
