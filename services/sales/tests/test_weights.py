"""What a pipeline weighs (S4)."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crm.events.sales import PipelineDefined, Stage
from crm.sales.pipeline import AS_DELIVERED, Pipeline, pipelines
from crm.sales.weights import Tally, Weight, arrange


def tally(stage: str, amount: str, weighted: str, **changes: Any) -> Tally:
    """One group of cards; `weighted` is in amount times per cent."""
    whole = Tally("open", stage, 0, "EUR", 1, Decimal(amount), Decimal(weighted))
    return whole._replace(**changes)


def renamed() -> Pipeline:
    stages = (Stage("First call", 15, "pipeline"), *AS_DELIVERED.stages[1:])
    replaced = {"Prospecting": "First call"}
    pipeline = pipelines.fold(
        [PipelineDefined(pipeline="default", pipeline_version=1, stages=stages, replaced=replaced)]
    )
    assert pipeline
    return pipeline


def test_every_stage_is_a_column_in_order_even_if_empty() -> None:
    board = arrange(AS_DELIVERED, [])
    assert [each.stage for each in board.stages] == ["Prospecting", "Qualification", "Proposal", "Negotiation"]
    assert all(each.weights == () for each in board.stages)
    assert board.open == board.won == board.lost == ()


def test_s4_weighted_is_amount_times_probability_rounded_half_even_once() -> None:
    board = arrange(AS_DELIVERED, [tally("Proposal", "0.03", "0.75"), tally("Prospecting", "0.03", "0.75")])
    assert [each.weights[0].weighted for each in board.stages if each.weights] == [Decimal("0.01"), Decimal("0.01")]
    assert board.open == (Weight("EUR", 2, Decimal("0.06"), Decimal("0.02")),)
    half = arrange(AS_DELIVERED, [tally("Proposal", "0.05", "2.50")])
    assert half.open[0].weighted == Decimal("0.02")


def test_s3_both_names_of_a_renamed_stage_are_one_column() -> None:
    old = tally("Prospecting", "100.00", "1000")
    new = tally("First call", "200.00", "3000", pipeline_version=1)
    column = arrange(renamed(), [old, new]).stages[0]
    assert (column.stage, column.weights) == ("First call", (Weight("EUR", 2, Decimal("300.00"), Decimal("40.00")),))


def test_a_stage_this_version_does_not_know_yet_has_a_column_of_its_own() -> None:
    late = tally("First call", "200.00", "3000", pipeline_version=1)
    column = arrange(AS_DELIVERED, [late]).stages[-1]
    assert (column.stage, column.probability, column.category) == ("First call", None, None)


@given(
    st.lists(
        st.builds(
            tally,
            st.sampled_from(["Prospecting", "Proposal", "Elsewhere"]),
            st.decimals("0", "1000000", places=2).map(str),
            st.decimals("0", "1000000", places=2).map(str),
            status=st.sampled_from(["open", "won", "lost"]),
            currency=st.sampled_from(["EUR", "USD", "JPY"]),
            deals=st.integers(1, 50),
        ),
        max_size=20,
    )
)
def test_no_deal_is_lost_or_counted_twice(tallies: list[Tally]) -> None:
    board = arrange(renamed(), tallies)
    columns = [weight for each in board.stages for weight in each.weights]
    assert sum(each.deals for each in columns) == sum(each.deals for each in board.open)
    everything = (*board.open, *board.won, *board.lost)
    assert sum(each.deals for each in everything) == sum(each.deals for each in tallies)
    assert sum(each.amount for each in everything) == sum(each.amount for each in tallies)
