"""M3, C12: asking for a confirmation, answering it once and in time; and what an import may take over."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.consent import CONSENT_EXPIRY, REQUEST_EXPIRY, consent_stream, consents, expire, grant, withdraw
from crm.contacts.consent_import import imported
from crm.contacts.contact import Contact
from crm.contacts.double_opt_in import HOLDS, confirm, confirmable_address, expire_request, request, state_of
from crm.contacts.objection import lift_objection, objections, raise_objection
from crm.contacts.wording import publish, wordings
from crm.events.consents import (
    CallsAccepted,
    CallsRefused,
    ConsentExpired,
    ConsentGranted,
    ConsentRequested,
    ConsentRequestExpired,
    ConsentWithdrawn,
    ConsentWordingPublished,
    ProcessingRestricted,
    RestrictionLifted,
)
from crm.events.particulars import ConsentEvidence

given = scenarios(consents)
ada = uuid4()
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK_LATER = NOW + timedelta(days=7)
what: dict[str, Any] = {"contact": ada, "channel": "email", "purpose": "marketing"}
asking = {**what, "wording_version": "3", "source": "form", "asked_at": NOW, "address": "ada@x.example"}
asked = ConsentRequested(
    **what,
    wording_version="3",
    source="form",
    expires_at=WEEK_LATER,
    address="ada@x.example",
    evidence=ConsentEvidence(ip="192.0.2.1", form_url="https://shop.example/news", requested_at=NOW),
)
first = ConsentEvidence(ip="192.0.2.1", form_url="https://shop.example/news")
reader = ConsentEvidence(ip="192.0.2.9", user_agent="Firefox")
LATER = NOW + timedelta(hours=1)
granted = ConsentGranted(
    **what,
    wording_version="3",
    source="form",
    evidence=ConsentEvidence(
        ip="192.0.2.9",
        user_agent="Firefox",
        form_url="https://shop.example/news",
        requested_at=NOW,
        requested_ip="192.0.2.1",
        confirmed_at=LATER,
        token_hash="abc",
    ),
)
plainly = ConsentGranted(**what, wording_version="3", source="phone")
withdrawn = ConsentWithdrawn(**what, source="mail", wording_version="3")
answer = {"version": 1, "now": LATER, "evidence": reader, "token_hash": "abc"}


def test_m3_a_request_allows_nothing_yet_and_holds_for_seven_days() -> None:
    given().when(request, **asking, evidence=first).then(asked)
    state = consents.fold([asked])
    assert state is not None
    assert (state.standing, state.request is not None) == ("unknown", True)
    assert consents.timers
    assert consents.timers(state) == {REQUEST_EXPIRY: NOW + HOLDS}


def test_m3_confirming_grants_with_both_times_and_both_addresses() -> None:
    given(asked).when(confirm, **answer).then(granted)


def test_m3_a_request_is_confirmed_once() -> None:
    given(asked, granted).when(confirm, **answer).then_rejected("confirmed before")
    given(asked, granted, withdrawn).when(confirm, **answer).then_rejected("confirmed before")


@pytest.mark.parametrize(
    "facts",
    [
        (asked, ConsentRequestExpired(**what)),
        (asked, withdrawn),
        (asked, asked),
        (asked, ConsentRequestExpired(**what), asked),
    ],
)
def test_m3_a_link_is_over_when_time_or_another_word_has_passed_it(facts: tuple[Any, ...]) -> None:
    given(*facts).when(confirm, **answer).then_rejected("over")


def test_m3_a_link_is_over_after_seven_days_also_while_the_timer_is_late() -> None:
    given(asked).when(confirm, **{**answer, "now": WEEK_LATER}).then_rejected("over")
    given(asked).when(confirm, **{**answer, "now": WEEK_LATER - timedelta(seconds=1)}).then(
        _with_time(WEEK_LATER - timedelta(seconds=1))
    )


def _with_time(at: datetime) -> ConsentGranted:
    assert granted.evidence
    return replace(granted, evidence=replace(granted.evidence, confirmed_at=at))


def test_m3_a_link_names_one_request_and_no_other_fact() -> None:
    given(granted).when(confirm, **{**answer, "version": 2}).then_rejected("no such request", Unknown)
    given(plainly).when(confirm, **answer).then_rejected("over")
    given().when(confirm, **answer).then_rejected("no such request", Unknown)
    state = consents.fold([withdrawn, asked])
    assert [state_of(state, version, NOW) for version in (0, 1, 2, 3)] == ["unknown", "over", "open", "unknown"]


def test_who_is_being_asked_or_agreed_already_is_not_asked_again() -> None:
    given(asked).when(request, **asking, evidence=first).then_nothing()
    given(asked, granted).when(request, **asking, evidence=first).then_nothing()
    given(asked, withdrawn).when(request, **asking, evidence=first).then(asked)
    given(asked).when(request, **{**asking, "asked_at": WEEK_LATER}).then(
        ConsentRequested(
            **what,
            wording_version="3",
            source="form",
            expires_at=WEEK_LATER + HOLDS,
            address="ada@x.example",
            evidence=ConsentEvidence(requested_at=WEEK_LATER),
        )
    )


def test_a_request_for_a_new_wording_leaves_what_was_agreed_to() -> None:
    state = consents.fold([plainly, asked])
    assert state is not None
    assert (state.standing, state.wording_version) == ("granted", "3")
    given(plainly, asked).when(expire_request, due_at=WEEK_LATER).then(ConsentRequestExpired(**what))


def test_a_request_runs_out_unless_it_was_answered_or_asked_anew() -> None:
    given(asked).when(expire_request, due_at=WEEK_LATER).then(ConsentRequestExpired(**what))
    given(asked, granted).when(expire_request, due_at=WEEK_LATER).then_nothing()
    given(asked).when(expire_request, due_at=NOW).then_nothing()
    given().when(expire_request, due_at=NOW).then_nothing()


def test_a_consent_for_a_time_runs_out_and_can_be_given_again() -> None:
    for_a_year = ConsentGranted(**what, wording_version="3", source="form", expires_at=WEEK_LATER)
    expired = ConsentExpired(**what)
    assert consents.timers
    assert consents.timers(consents.fold([for_a_year])) == {CONSENT_EXPIRY: WEEK_LATER}  # type: ignore[arg-type]
    assert consents.timers(consents.fold([for_a_year, withdrawn])) == {}  # type: ignore[arg-type]
    given(for_a_year).when(expire, due_at=WEEK_LATER).then(expired)
    given(for_a_year).when(expire, due_at=NOW).then_nothing()
    given(for_a_year, withdrawn).when(expire, due_at=WEEK_LATER).then_nothing()
    regranting = {**what, "wording_version": "3", "source": "form", "expires_at": WEEK_LATER}
    given(for_a_year).when(grant, **regranting).then_nothing()
    given(for_a_year, expired).when(grant, **regranting).then(for_a_year)


def test_a_withdrawal_ends_a_request_that_waits() -> None:
    given(withdrawn, asked).when(withdraw, **what, source="mail").then(
        ConsentWithdrawn(**what, source="mail", wording_version=None)
    )


def test_a_word_is_recorded_again_where_another_one_has_overruled_it() -> None:
    given(plainly).when(grant, **what, wording_version="3", source="phone", anew=True).then(plainly)
    given(withdrawn).when(withdraw, **what, source="mail", anew=True).then(ConsentWithdrawn(**what, source="mail"))


def test_an_address_has_a_stream_of_its_own_and_its_words_say_so() -> None:
    assert consent_stream(ada, "email", "marketing", "00ff") != consent_stream(ada, "email", "marketing")
    given().when(grant, **what, wording_version="3", source="phone", address="ada@x.example").then(
        ConsentGranted(**what, wording_version="3", source="phone", scope="address", address="ada@x.example")
    )


@pytest.mark.parametrize(("email", "found"), [(None, "Ada@x.example"), ("ada@X.example", "Ada@x.example")])
def test_m3_a_request_goes_to_an_address_of_theirs(email: str | None, found: str) -> None:
    assert confirmable_address(Contact("Ada", ("Ada@x.example", "b@x.example")), email=email) == found


@pytest.mark.parametrize("email", ["eve@x.example", "noreply@x.example"])
def test_m3_nobody_is_asked_at_an_address_that_is_not_theirs(email: str) -> None:
    with pytest.raises(Exception, match="none of this contact"):
        confirmable_address(Contact("Ada", ("ada@x.example",)), email=email)
    with pytest.raises(Exception, match="no e-mail address"):
        confirmable_address(Contact("Ada"), email=None)


def test_c12_an_import_grants_only_with_evidence_and_never_over_a_withdrawal() -> None:
    taking = {**what, "wording_version": "1"}
    proof = ConsentEvidence(note="Fair, 2019")
    taken = ConsentGranted(**what, wording_version="1", source="import", evidence=proof)
    given().when(imported, **taking, evidence=proof).then(taken)
    given().when(imported, **taking, evidence=None).then_rejected("only with evidence")
    given().when(imported, **taking, evidence=ConsentEvidence()).then_rejected("only with evidence")
    given(withdrawn).when(imported, **taking, evidence=proof).then_rejected("does not give it back")
    given(plainly).when(imported, **taking, evidence=proof).then_nothing()


def test_objections_are_raised_and_lifted_once() -> None:
    objecting = scenarios(objections)
    calls, all_of_it = {"contact": ada, "objection": "do_not_call"}, {"contact": ada, "objection": "do_not_process"}
    refused = CallsRefused(contact=ada, source="phone")
    objecting().when(raise_objection, **calls, source="phone").then(refused)
    objecting(refused).when(raise_objection, **calls, source="phone").then_nothing()
    objecting(refused).when(lift_objection, **calls, source="mail").then(CallsAccepted(contact=ada, source="mail"))
    objecting().when(lift_objection, **calls, source="mail").then_nothing()
    restricted = ProcessingRestricted(contact=ada, source="letter")
    objecting().when(raise_objection, **all_of_it, source="letter").then(restricted)
    objecting(restricted).when(lift_objection, **all_of_it, source="letter").then(
        RestrictionLifted(contact=ada, source="letter")
    )


def test_a_published_text_never_changes() -> None:
    publishing = scenarios(wordings)
    text = ConsentWordingPublished(purpose="news", version="1", language="en", text="Yes, please.")
    named = {"purpose": "news", "version": "1", "language": "en"}
    publishing().when(publish, **named, text="Yes, please.").then(text)
    publishing(text).when(publish, **named, text="Yes, please.").then_nothing()
    publishing(text).when(publish, **named, text="Yes!").then_rejected("new version")
