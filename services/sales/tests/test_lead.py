"""Rules of leads."""

from uuid import UUID

import pytest

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events import Fact, summarise
from crm.events.sales import LeadCaptured, LeadConverted, LeadDisqualified, LeadQualified
from crm.sales.lead import capture, convert, disqualify, leads, opportunity_of, qualify

given = scenarios(leads)

ADA = UUID(int=1)
LEAD = UUID(int=2)
DEAL = opportunity_of(LEAD)

captured = LeadCaptured(
    contact=ADA, provisional=True, source="web", name="Ada", email="ada@x.example", interest="Bikes"
)
qualified = LeadQualified()
disqualified = LeadDisqualified(reason="no budget")
converted = LeadConverted(contact=ADA, opportunity=DEAL)


def test_capturing_a_lead_remembers_who_asked_and_for_what() -> None:
    given().when(
        capture, contact=ADA, provisional=True, source="web", name="Ada", email="ada@x.example", interest="Bikes"
    ).then(captured)


def test_a_lead_is_captured_once() -> None:
    given(captured).when(capture, contact=ADA, provisional=True, source="web", name="Ada").then_rejected("already")


def test_a_new_lead_is_qualified_once() -> None:
    given(captured).when(qualify).then(qualified)
    given(captured, qualified).when(qualify).then_nothing()


@pytest.mark.parametrize("history", [(captured,), (captured, qualified)])
def test_a_lead_without_a_deal_in_it_is_disqualified_with_a_reason(history: tuple[Fact, ...]) -> None:
    given(*history).when(disqualify, reason="no budget").then(disqualified)


def test_disqualifying_twice_does_nothing_more() -> None:
    given(captured, disqualified).when(disqualify, reason="other").then_nothing()


def test_a_disqualified_lead_is_neither_qualified_nor_converted() -> None:
    given(captured, disqualified).when(qualify).then_rejected("disqualified")
    given(captured, disqualified).when(convert, opportunity=DEAL).then_rejected("disqualified")


def test_s1_a_qualified_lead_is_converted() -> None:
    given(captured, qualified).when(convert, opportunity=DEAL).then(converted)


def test_s1_converting_again_does_nothing_more() -> None:
    given(captured, qualified, converted).when(convert, opportunity=DEAL).then_nothing()


def test_s1_a_lead_leads_to_one_opportunity_and_two_leads_to_two() -> None:
    assert opportunity_of(LEAD) == opportunity_of(LEAD)
    assert opportunity_of(LEAD) != opportunity_of(UUID(int=3))


def test_a_lead_is_qualified_before_it_is_converted() -> None:
    given(captured).when(convert, opportunity=DEAL).then_rejected("qualify")


def test_s1_a_converted_lead_stays_converted() -> None:
    given(captured, qualified, converted).when(qualify).then_rejected("already become an opportunity")
    given(captured, qualified, converted).when(disqualify, reason="other").then_rejected("lose the opportunity")


def test_nothing_happens_to_a_lead_that_does_not_exist() -> None:
    given().when(qualify).then_rejected("no such lead", Unknown)
    given().when(disqualify, reason="other").then_rejected("no such lead", Unknown)
    given().when(convert, opportunity=DEAL).then_rejected("no such lead", Unknown)


def test_a_lead_is_about_its_contact() -> None:
    state = leads.fold([captured])
    assert state
    assert leads.about
    assert set(leads.about(LEAD, state)) == {ADA}


def test_the_summary_tells_what_the_lead_wants() -> None:
    assert summarise(captured) == "New lead from web: Bikes"
