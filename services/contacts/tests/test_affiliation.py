"""The rules of affiliations: periods, roles, and the one primary account."""

from datetime import date
from uuid import uuid4

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.affiliation import Period, affiliate, affiliations, become_primary, become_secondary, end, revise
from crm.events.affiliations import (
    AffiliationBecamePrimary,
    AffiliationBecameSecondary,
    AffiliationDepartmentChanged,
    AffiliationEnded,
    AffiliationPeriodCorrected,
    AffiliationResumed,
    AffiliationRoleChanged,
    AffiliationStarted,
    AffiliationWithdrawn,
)

given = scenarios(affiliations)
ADA, ACME = uuid4(), uuid4()
who = {"contact": ADA, "account": ACME}
began = AffiliationStarted(contact=ADA, account=ACME, role="Buyer", valid_from=date(2020, 1, 1))
left = AffiliationEnded(contact=ADA, account=ACME, valid_to=date(2022, 12, 31))
TODAY = date(2026, 1, 1)


def test_somebody_belongs_to_an_account_from_a_day_on() -> None:
    given().when(affiliate, **who, role="Buyer", valid_from=date(2020, 1, 1)).then(began)
    given(began).when(affiliate, **who, role="Buyer", valid_from=date(2020, 1, 1)).then_nothing()


def test_an_end_before_the_beginning_is_refused() -> None:
    given().when(affiliate, **who, valid_from=TODAY, valid_to=date(2025, 1, 1)).then_rejected("before it begins")
    given(began).when(end, valid_to=date(2019, 1, 1)).then_rejected("before it begins")


def test_who_left_may_come_back_and_the_time_between_stays_empty() -> None:
    again = AffiliationResumed(contact=ADA, account=ACME, role="Director", valid_from=TODAY)
    given(began).when(end, valid_to=date(2022, 12, 31)).then(left)
    given(began, left).when(end, valid_to=date(2022, 12, 31)).then_nothing()
    given(began, left).when(affiliate, **who, role="Director", valid_from=TODAY).then(again)
    state = affiliations.fold((began, left, again))
    assert state
    assert state.periods == (
        Period("Buyer", date(2020, 1, 1), date(2022, 12, 31)),
        Period("Director", TODAY, None),
    )


def test_a_new_role_since_a_day_leaves_the_old_one_before_and_without_a_day_corrects_it() -> None:
    corrected = AffiliationRoleChanged(contact=ADA, account=ACME, role="Head of purchasing")
    promoted = AffiliationRoleChanged(contact=ADA, account=ACME, role="Director", since=TODAY)
    same = {"valid_from": date(2020, 1, 1)}
    given(began).when(affiliate, **who, **same, role="Head of purchasing").then(corrected)
    given(began).when(affiliate, **who, **same, role="Director", since=TODAY).then(promoted)
    state = affiliations.fold((began, corrected, promoted))
    assert state
    assert state.periods == (
        Period("Head of purchasing", date(2020, 1, 1), date(2025, 12, 31)),
        Period("Director", TODAY, None),
    )
    given(began).when(affiliate, **who, **same, role="X", since=date(2020, 1, 1)).then_rejected("after the first day")


def test_a_department_is_told_with_the_role_stays_with_a_new_role_and_is_corrected() -> None:
    started = AffiliationStarted(**who, role="Buyer", department="Purchasing")
    given().when(affiliate, **who, role="Buyer", department="Purchasing").then(started)
    moved = AffiliationDepartmentChanged(**who, department="Sales")
    given(started).when(affiliate, **who, role="Buyer", department="Sales").then(moved)
    promoted = AffiliationRoleChanged(**who, role="Director", since=TODAY)
    state = affiliations.fold((started, promoted, moved))
    assert state
    assert state.periods == (
        Period("Buyer", None, date(2025, 12, 31), "Purchasing"),
        Period("Director", TODAY, None, "Sales"),
    )


def test_what_is_not_told_of_a_place_stays_as_it_is() -> None:
    given().when(revise, **who, role="Buyer", department=None).then(AffiliationStarted(**who, role="Buyer"))
    changed = AffiliationRoleChanged(**who, role="Head of purchasing")
    given(began).when(revise, **who, role="Head of purchasing", department=None).then(changed)
    given(began).when(revise, **who, role=None, department=None).then_nothing()


def test_what_was_taken_back_was_never_so_and_may_be_told_anew() -> None:
    gone = AffiliationWithdrawn(**who, import_id=uuid4())
    given(began, gone).when(end, valid_to=TODAY).then_rejected("does not belong", Unknown)
    given(began, gone).when(become_primary, today=TODAY).then_rejected("does not belong", Unknown)
    given(began, gone).when(affiliate, **who, role="Buyer", valid_from=date(2020, 1, 1)).then(began)
    state = affiliations.fold((began, AffiliationBecamePrimary(**who), gone))
    assert state and affiliations.claims
    assert affiliations.claims(state) == set()


def test_what_was_wrong_about_a_period_is_put_right() -> None:
    given(began).when(affiliate, **who, role="Buyer", valid_from=date(2021, 5, 1)).then(
        AffiliationPeriodCorrected(contact=ADA, account=ACME, valid_from=date(2021, 5, 1), valid_to=None)
    )


def test_the_primary_account_is_claimed_and_let_go_by_who_leaves() -> None:
    first, second = AffiliationBecamePrimary(**who), AffiliationBecameSecondary(**who)
    given(began).when(become_primary, today=TODAY).then(first)
    given(began, first).when(become_primary, today=TODAY).then_nothing()
    given(began, first).when(become_secondary).then(second)
    given(began).when(become_secondary).then_nothing()
    given(began, first).when(end, valid_to=date(2022, 12, 31)).then(left, second)
    given(began, left).when(become_primary, today=TODAY).then_rejected("has left")
    assert affiliations.claims
    for facts, claims in (((began, first), {("primary_account", str(ADA))}), ((began, first, second), set())):
        state = affiliations.fold(facts)
        assert state
        assert affiliations.claims(state) == claims


def test_nobody_leaves_where_they_never_were() -> None:
    given().when(end, valid_to=TODAY).then_rejected("does not belong", Unknown)
    given().when(become_primary, today=TODAY).then_rejected("does not belong", Unknown)
