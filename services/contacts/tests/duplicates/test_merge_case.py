"""What is decided about two contacts that may be one person (C5)."""

from typing import Any
from uuid import UUID, uuid4

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.merge_case import (
    approve,
    ask,
    case_stream,
    close,
    dismiss,
    merge_cases,
    reopen,
    suggest,
    withdraw,
)
from crm.events.duplicates import (
    DuplicateApproved,
    DuplicateDismissed,
    DuplicateMerged,
    DuplicateSuggested,
    DuplicateUnmerged,
    DuplicateWithdrawn,
)

given = scenarios(merge_cases)
ADA, AUGUSTA, MERGE = UUID(int=1), UUID(int=2), UUID(int=3)


def alike(score: float = 0.95, rule: Any = "likeness") -> DuplicateSuggested:
    return DuplicateSuggested(first=ADA, second=AUGUSTA, score=score, rule=rule, evidence=["family name: same"])


def test_c5_a_pair_has_one_case_whichever_is_named_first() -> None:
    assert case_stream(ADA, AUGUSTA) == case_stream(AUGUSTA, ADA) != case_stream(ADA, uuid4())


def test_c5_a_pair_is_suggested_once_and_again_when_the_score_moves() -> None:
    given().when(suggest, suggested=alike()).then(alike())
    given(alike()).when(suggest, suggested=alike(0.951)).then_nothing()
    given(alike()).when(suggest, suggested=alike(0.99)).then(alike(0.99))


def test_c5_nobody_is_a_duplicate_of_themselves() -> None:
    same = DuplicateSuggested(first=ADA, second=ADA, score=1, rule="likeness", evidence=[])
    given().when(suggest, suggested=same).then_rejected("of itself")
    given().when(ask, suggested=same).then_rejected("of itself")


def test_c5_a_dismissal_stays() -> None:
    given(alike()).when(dismiss, reason="mother and daughter").then(DuplicateDismissed(reason="mother and daughter"))
    dismissed = given(alike(), DuplicateDismissed())
    dismissed.when(suggest, suggested=alike(0.999)).then_nothing()
    dismissed.when(dismiss).then_nothing()
    dismissed.when(approve).then_rejected("two people")


def test_c5_a_dismissed_pair_comes_back_on_a_verified_identifier_once() -> None:
    certain = alike(1.0, "verified-identifier")
    given(alike(), DuplicateDismissed()).when(suggest, suggested=certain).then(certain)
    again = given(alike(), DuplicateDismissed(), certain, DuplicateDismissed())
    again.when(suggest, suggested=certain).then_nothing()


def test_c5_a_dismissed_pair_comes_back_if_somebody_asks() -> None:
    asked = alike(0.2, "by-hand")
    given(alike(), DuplicateDismissed()).when(ask, suggested=asked).then(asked)
    given().when(ask, suggested=asked).then(asked)
    given(alike()).when(ask, suggested=asked).then_nothing()
    given(asked).when(suggest, suggested=alike()).then_nothing()
    given(asked).when(withdraw).then_nothing()


def test_c5_a_pair_that_is_not_alike_any_more_is_withdrawn_and_may_come_back() -> None:
    given(alike()).when(withdraw).then(DuplicateWithdrawn())
    given(alike(), DuplicateWithdrawn()).when(suggest, suggested=alike()).then(alike())
    given(alike(), DuplicateDismissed()).when(withdraw).then_nothing()
    given().when(withdraw).then_nothing()


def test_c5_an_approved_pair_is_closed_by_the_merge() -> None:
    given(alike()).when(approve).then(DuplicateApproved())
    approved = given(alike(), DuplicateApproved())
    approved.when(approve).then_nothing()
    approved.when(suggest, suggested=alike(0.99)).then_nothing()
    approved.when(close, merge_id=MERGE).then(DuplicateMerged(merge_id=MERGE))
    merged = given(alike(), DuplicateApproved(), DuplicateMerged(merge_id=MERGE))
    merged.when(close, merge_id=MERGE).then_nothing()
    merged.when(dismiss).then_rejected("undo the merge")
    merged.when(ask, suggested=alike()).then_rejected("merged already")
    merged.when(approve).then_nothing()
    given().when(close, merge_id=MERGE).then_nothing()


def test_c5_an_unmerged_pair_counts_as_dismissed() -> None:
    merged = (alike(), DuplicateMerged(merge_id=MERGE))
    given(*merged).when(reopen, merge_id=MERGE).then(DuplicateUnmerged(merge_id=MERGE))
    given(*merged).when(reopen, merge_id=uuid4()).then_nothing()
    given(*merged, DuplicateUnmerged(merge_id=MERGE)).when(suggest, suggested=alike(0.999)).then_nothing()
    given().when(reopen, merge_id=MERGE).then_nothing()


def test_what_was_never_suggested_cannot_be_decided() -> None:
    given().when(dismiss).then_rejected("no such suggestion", Unknown)
    given().when(approve).then_rejected("no such suggestion", Unknown)
