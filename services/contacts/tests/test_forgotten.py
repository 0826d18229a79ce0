"""P6 in small: whatever contacts keeps of a person, no table of its database has it in clear after the erasure."""

from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.runtime import Runtime
from crm.chassis.testing.services import Projector
from crm.contacts.erasing import erasing

MARK = "canary7f3a"
SAID = f"said {MARK}"


def rows_of(db: Database) -> dict[str, str]:
    """What stands in every table, as text."""
    with db.connection() as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {name: str(connection.execute(f"SELECT t::text FROM {name} AS t").fetchall()) for (name,) in names}


def send(client: TestClient, verb: str, path: str, /, **body: Any) -> Any:
    answer = client.request(verb, path, json=body)
    assert answer.is_success, f"{verb} {path}: {answer.text}"
    return answer.json()


def describe(client: TestClient, me: str) -> None:
    """Everything that can be kept of a person."""
    file = {"name": f"{SAID}.pdf", "media_type": "application/pdf", "url": f"https://{MARK}.example/a.pdf"}
    note = {"kind": "note", "subject": SAID, "body": SAID, "visibility": "private", "attachments": [file]}
    noted = send(client, "POST", f"{me}/interactions", **note)["id"]
    send(client, "POST", f"{me}/interactions/{noted}/amend", subject=f"{SAID}, corrected")
    send(client, "POST", f"{me}/interactions/{noted}/retract", reason=SAID)
    send(client, "POST", f"{me}/interactions", kind="call", subject=SAID, body=SAID)
    send(client, "POST", f"{me}/tags", tag=f"tag-{MARK}")
    send(client, "POST", f"{me}/handles", network="mastodon", handle=f"@{MARK}")
    send(client, "PUT", f"{me}/addresses", label="work", address={"street": SAID})
    send(client, "POST", "/attributes/contact", name="motto", label="Motto", type="text", searchable=True)
    send(client, "PATCH", f"{me}/attributes", attributes={"motto": SAID})
    account = send(client, "POST", "/accounts", name="Firm")["id"]
    send(client, "PUT", f"{me}/accounts/{account}", role=SAID)
    evidence = {"note": SAID, "form_url": f"https://{MARK}.example"}
    consent = {"channel": "email", "purpose": "news", "wording_version": "1", "source": "web", "evidence": evidence}
    send(client, "POST", f"{me}/consents", **consent, address=f"{MARK}@example.org")
    send(client, "POST", f"{me}/consents/request", **consent | {"purpose": "offers"}, address=f"{MARK}@example.org")
    send(client, "POST", f"{me}/objections", objection="do_not_call", source="web", evidence=evidence)
    asked = send(client, "POST", "/requests", contact_id=me.rsplit("/", 1)[1], kind="access", note=SAID)["id"]
    send(client, "POST", f"/requests/{asked}/verify", method="call-back", note=SAID)
    send(client, "POST", f"/requests/{asked}/extend", reason=SAID)
    send(client, "POST", f"/requests/{asked}/refuse", reason="other", explanation=SAID)


def test_p6_no_table_has_anything_of_an_erased_person_in_clear(
    suite: TestClient, views: Projector, log: EventLog, runtime: Runtime, db: Database
) -> None:
    known = {"emails": [f"{MARK}@example.org"], "external_ids": [{"system": "erp", "id": f"id-{MARK}"}]}
    me = f"/contacts/{send(suite, 'POST', '/contacts', name=f'Name {MARK}', **known)['id']}"
    double = send(suite, "POST", "/contacts", name=f"Double {MARK}", address={"city": SAID})["id"]
    describe(suite, me)
    send(suite, "POST", f"{me}/merge", absorb=[double])
    undone = send(suite, "GET", f"{me}/merges")["items"][0]["merge_id"]
    send(suite, "POST", f"{me}/unmerge", merge_id=undone, reason=SAID)
    send(suite, "POST", f"{me}/merge", absorb=[double])
    send(suite, "POST", f"{me}/legal-holds", fields=["name", "emails"], reason=f"case {uuid4()}")
    views.catch_up()
    before = rows_of(db)
    assert {name for name, rows in before.items() if MARK in rows} >= {"history_v2"}
    send(suite, "DELETE", me)
    for _ in range(3):
        for sealed in log.read(None, 1_000):
            if sealed.type in erasing.types:
                erasing.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)
    views.catch_up()
    assert not {name for name, rows in rows_of(db).items() if MARK in rows}
    assert {f"Name {MARK}", f"Double {MARK}"} == {
        each["name"] for each in suite.get(f"{me}/held-values").json()["items"]
    }
    assert not [each for each in log.read(None, 1_000) if MARK.encode() in each.value]
