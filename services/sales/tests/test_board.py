"""The pipeline board: rows from facts, in memory."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from crm.chassis.testing.views import recorded
from crm.events import Fact, Money
from crm.events.sales import (
    OpportunityAmountChanged,
    OpportunityFact,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityChanged,
    OpportunityReopened,
    OpportunityStageChanged,
    OpportunityWon,
)
from crm.sales.board import Card, board
from crm.sales.opportunity import opportunities

DEAL, ADA = UUID(int=7), UUID(int=1)
PRICE, MORE = Money(1_200_000, "EUR"), Money(99_000, "JPY")
END = datetime(2026, 3, 1, tzinfo=UTC)

opened = OpportunityOpened(
    contact=ADA,
    title="Twelve bikes",
    amount=PRICE,
    pipeline="default",
    pipeline_version=0,
    stage="Prospecting",
    probability=10,
    probability_overridden=False,
    category="pipeline",
)
moved = OpportunityStageChanged(
    from_stage="Prospecting",
    to_stage="Proposal",
    pipeline_version=1,
    probability=50,
    probability_overridden=False,
    category="best case",
)
judged = OpportunityProbabilityChanged(was=50, probability=65, overridden=True)
repriced = OpportunityAmountChanged(was=PRICE, amount=MORE)
won = OpportunityWon(amount=MORE)
lost = OpportunityLost(amount=MORE, reason="price")
reopened = OpportunityReopened(
    stage="Proposal", pipeline_version=1, probability=50, probability_overridden=False, category="best case"
)


def card_after(*facts: Fact) -> Card:
    rows = board.fold(recorded(DEAL, fact, at, occurred_at=END) for at, fact in enumerate(facts, start=1))
    assert list(rows) == [DEAL]
    return rows[DEAL]


def test_a_card_is_pinned_when_a_deal_opens() -> None:
    card = card_after(opened)
    assert (card.contact, card.title, card.status, card.stage) == (ADA, "Twelve bikes", "open", "Prospecting")
    assert (card.amount, card.currency, card.probability) == (Decimal("12000.00"), "EUR", 10)
    assert (card.opened_at, card.ended_at, card.version) == (END, None, 1)


def test_a_card_moves_and_is_judged_and_repriced() -> None:
    card = card_after(opened, moved, judged, repriced)
    assert (card.stage, card.pipeline_version, card.category) == ("Proposal", 1, "best case")
    assert (card.probability, card.probability_overridden) == (65, True)
    assert (card.amount, card.currency, card.version) == (Decimal("99000"), "JPY", 4)


def test_s2_a_card_that_has_ended_says_so_until_it_is_reopened() -> None:
    celebrated, mourned = card_after(opened, won), card_after(opened, lost)
    assert (celebrated.status, celebrated.probability, celebrated.category) == ("won", 100, "closed")
    assert (mourned.status, mourned.probability, mourned.category) == ("lost", 0, "omitted")
    assert celebrated.ended_at == mourned.ended_at == END
    back = card_after(opened, lost, reopened)
    assert (back.status, back.stage, back.probability, back.ended_at) == ("open", "Proposal", 50, None)


def test_a_card_says_what_the_opportunity_itself_says() -> None:
    history: list[OpportunityFact] = [opened, moved, judged, repriced, lost, reopened, won]
    for length in range(1, len(history) + 1):
        card, deal = card_after(*history[:length]), opportunities.fold(history[:length])
        assert deal
        assert (card.amount, card.currency) == (deal.amount.amount, deal.amount.currency)
        for name in ("status", "stage", "pipeline_version", "probability", "probability_overridden", "category"):
            assert getattr(card, name) == getattr(deal, name), (name, length)
