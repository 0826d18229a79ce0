"""The steps of an import, and how a row is decided: rules alone, without a file or a log (C12)."""

from dataclasses import replace as replaced
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from msgspec.structs import replace

from crm.chassis.people.identity import Identifier
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.contact import Contact
from crm.contacts.import_job import cancel, complete, fail, imports, map_columns, request_revert, revert, start
from crm.contacts.importing.changing import changes
from crm.contacts.importing.deciding import Known, Met, Upsert, decide
from crm.contacts.importing.rows import Person, person_of
from crm.contacts.importing.values import Unusable
from crm.events.contacts import ContactEmailAdded, ContactMoved, ContactPhoneAdded, ContactRenamed
from crm.events.imports import (
    ImportCancelled,
    ImportCompleted,
    ImportFailed,
    ImportMapped,
    ImportReverted,
    ImportRevertRequested,
    ImportStarted,
    ImportUploaded,
)
from crm.events.particulars import Phone, PostalAddress

given = scenarios(imports)
uploaded = ImportUploaded(content_hash="h", size_bytes=9, format="csv", source="generic")
mapped = ImportMapped(kind="people", columns={"0": "name"}, key="any", on_match="skip")
started = ImportStarted(content_hash="h", size_bytes=9, encoding="utf-8", delimiter=",", columns={"0": "name"})
completed = ImportCompleted(rows=1, registered=1, matched=0, rejected=0)


def test_c12_a_file_that_waits_is_mapped_before_it_starts() -> None:
    given(uploaded).when(start, started=started).then_rejected("what the columns")
    given(uploaded).when(map_columns, mapped=mapped).then(mapped)
    given(uploaded, mapped).when(start, started=started).then(started)
    given(started).when(map_columns, mapped=mapped).then_rejected("has started")


def test_c12_the_same_file_starts_once() -> None:
    given(started).when(start, started=started).then()


def test_what_was_cancelled_is_never_completed() -> None:
    given(started).when(cancel).then(ImportCancelled())
    given(started, ImportCancelled()).when(complete, registered=1, matched=0, rejected=0).then()
    given(started, ImportCancelled()).when(fail, reason="late").then()
    given(started, completed).when(cancel).then_rejected("ended already")
    given(started).when(fail, reason="damaged").then(ImportFailed(reason="damaged"))


def test_c12_what_has_run_is_taken_back_once() -> None:
    asked, done = ImportRevertRequested(), ImportReverted(undone=1, kept=0)
    given(started, completed).when(request_revert).then(asked)
    given(started, completed, asked).when(request_revert).then()
    given(started, completed, asked).when(revert, undone=1, kept=0).then(done)
    given(started, completed, asked, done).when(request_revert).then()
    given(uploaded, ImportCancelled()).when(request_revert).then_rejected("has run")


ADA, MADE = uuid4(), uuid4()
EMAIL = Identifier("email", "ada@example.org")


def known(contact: Contact | None = None, lines: dict[UUID, int] | None = None) -> Known:
    met = {ADA: Met(ADA, contact, 3)} if contact else {}
    return Known({EMAIL: ADA}, met, lines or {})


def test_c12_a_row_that_an_earlier_line_made_is_a_duplicate_not_a_change() -> None:
    row = Person("Ada", ("ada@example.org",))
    update = Upsert("email", "update")
    assert decide(5, row, MADE, update, known(Contact("A"), {ADA: 2})).earlier_line == 2
    assert decide(5, row, MADE, update, known(Contact("A"))).outcome == "update"
    assert decide(5, row, MADE, Upsert(), known()).outcome == "known"
    assert decide(5, row, ADA, Upsert(), known()).outcome == "create"  # its own claim, by an earlier life


PHONE = Identifier("phone", "+4930901820")
HOUSE = Phone("030 901820", "+4930901820")


def policy(*open_kinds: str, **more: Any) -> Known:
    return Known({PHONE: ADA, EMAIL: ADA}, {}, {}, is_open=lambda each, _: each.kind in open_kinds, **more)


def test_c3_a_number_that_others_may_have_is_kept_as_shared_by_who_is_made() -> None:
    row = Person("Bob", ("bob@example.org",), (HOUSE,))
    refused = decide(2, row, MADE, Upsert("email"), policy())
    assert (refused.outcome, refused.field) == ("conflict", "phone")
    open_ = policy("phone")
    made = decide(2, row, MADE, Upsert("email"), open_)
    assert (made.outcome, made.facts) == ("create", (replace(row.fact, shared=["030 901820"]),))
    assert open_.held[PHONE] == ADA


def test_c3_a_number_that_others_may_have_is_added_as_shared() -> None:
    email = Identifier("email", "bob@example.org")
    bob, row = uuid4(), Person("Bob", ("bob@example.org",), (HOUSE,))
    met = {bob: Met(bob, Contact("Bob", ("bob@example.org",)), 3)}
    update = Upsert("email", "update")
    changed = decide(2, row, MADE, update, replaced(policy("phone"), met=met, held={email: bob, PHONE: ADA}))
    assert changed.facts == (ContactPhoneAdded(phone="030 901820", e164="+4930901820", shared=True),)
    refused = decide(2, row, MADE, update, replaced(policy(), met=met, held={email: bob, PHONE: ADA}))
    assert (refused.outcome, refused.contact) == ("conflict", ADA)


def test_c3_an_address_of_our_own_names_nobody_in_a_file_either() -> None:
    row = Person("Bob", ("ada@example.org",))
    made = decide(2, row, MADE, Upsert(), policy(nobodys={EMAIL}))
    assert made.facts == (replace(row.fact, shared=["ada@example.org"]),)


def test_c3_nobody_is_changed_for_what_they_share() -> None:
    ada = Contact("Ada", ("ada@example.org",), shared=frozenset({EMAIL}))
    met = {ADA: Met(ADA, ada, 3)}
    made = decide(
        2, Person("Bob", ("ada@example.org",)), MADE, Upsert("any", "update"), replaced(policy("email"), met=met)
    )
    assert made.outcome == "create"


def test_c13_a_row_about_somebody_forgotten_is_refused() -> None:
    decision = decide(5, Person("Ada", ("ada@example.org",)), MADE, Upsert(), Known({}, {}, {}, erased={EMAIL}))
    assert (decision.outcome, decision.field) == ("unusable", "email")
    assert "ada" not in (decision.reason or "").lower().replace("data", "")


def test_c12_changes_are_the_facts_of_the_api_and_empty_never_overwrites() -> None:
    ada = Contact("Ada", ("ada@example.org",), address=PostalAddress(city="London", country="GB"))
    row = Person("Ada L", ("ADA@example.org", "a@home.example"), address=PostalAddress(street="St James 12"))
    told = partial(changes, rules=known().rules)
    moved = PostalAddress(street="St James 12", city="London", country="GB")
    assert told(ada, row) == (
        ContactRenamed(name="Ada L"),
        ContactMoved(address=moved),
        ContactEmailAdded(email="a@home.example"),
    )
    assert told(ada, Person("x@y.example", named=False)) == ()


FIELDS = st.sampled_from(
    [
        *("name", "email", "phone", "country", "birthday", "tags", "consent:email:news", "external_id"),
        *("organisation", "account_id:erp", "job_title", "department"),
    ]
)


@for_all(st.dictionaries(FIELDS, st.lists(st.text(min_size=1, max_size=300).filter(str.strip), min_size=1, max_size=2)))
def test_c12_whatever_a_row_says_it_is_a_person_or_the_reason_why_not(values: dict[str, list[str]]) -> None:
    row = person_of({field: [each.strip() for each in told] for field, told in values.items()}, "DE")
    if isinstance(row, Unusable):
        assert all(each not in row.reason for told in values.values() for each in told if len(each) > 20)
    else:
        assert row.claims == tuple(sorted(row.claims))
        assert decide(2, row, MADE, Upsert("none"), Known({}, {}, {})).outcome in ("create", "unusable")


@pytest.mark.parametrize("key", ["any", "none", "email", "phone", "external_id:shop"])
def test_c12_a_key_names_its_own_kind_of_identifier(key: str) -> None:
    found = [EMAIL, Identifier("phone", "+49301234567"), Identifier("external_id", "shop:1")]
    named = [each.kind for each in found if Upsert(key).names(each)]
    assert named == {"any": ["email", "phone", "external_id"], "none": []}.get(key, [key.partition(":")[0]])
