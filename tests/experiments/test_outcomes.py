"""Outcomes: reductions of a column, and functions of a run with a meaning and a unit."""

import numpy as np
import pandas as pd
import pytest

from experiments.outcomes import Record, functions, outcome_of, unit_of
from experiments.study import Outcome

SERIES = pd.DataFrame(
    {"exits": [1.0, 0.0, 4.0, 3.0]}, index=pd.date_range("2025-11-01", periods=4, freq="MS", name="month")
)
FATES = pd.DataFrame(
    {
        "entry_month": [0, 0, 0, 0, 5],
        "gone": [True, True, False, False, True],
        "energised_mw": [1.0, 2.0, 30.0, 40.0, np.nan],
        "contracted_share": [0.0, 0.0, 0.0, 0.5, 0.0],
        "grid_share": [1.0, 0.5, 1.0, 0.0, np.nan],
        "all_in_cost": [60.0, 50.0, 40.0, 40.0, 10.0],
    }
)
RECORD = Record(SERIES, pd.DataFrame(), pd.DataFrame(), FATES)


@pytest.mark.parametrize(
    ("reduce", "value"),
    [
        *(("first", 1), ("last", 3), ("mean", 2), ("sum", 8), ("min", 0), ("max", 4), ("change", 2)),
        *(("ratio", 3), ("month_of_max", 2), ("month_of_min", 1), ("sd", np.sqrt(2.5))),
    ],
)
def test_reductions_are_what_they_are_called(reduce: str, value: float):
    assert outcome_of(Outcome(series="exits", reduce=reduce), RECORD) == pytest.approx(value)


def test_a_month_and_a_span_of_months():
    assert outcome_of(Outcome(series="exits", reduce="at", month="2026-01"), RECORD) == 4
    span = Outcome.model_validate({"series": "exits", "reduce": "sum", "from": "2025-12", "until": "2026-01"})
    assert outcome_of(span, RECORD) == 4


def test_units_follow_the_column_and_the_reduction():
    assert unit_of(Outcome(series="exits", reduce="sum")) == "firms"
    assert unit_of(Outcome(series="exits", reduce="mean")) == "firms/month"
    assert unit_of(Outcome(function="share_gone")) == "share"


def test_shares_of_the_gone_count_the_firms_of_the_first_month():
    def named(name: str) -> float:
        return outcome_of(Outcome(function=name), RECORD)

    assert named("share_gone") == 0.5
    assert named("share_gone_small") == 1.0
    assert named("share_gone_contracted") == 0.0
    assert named("share_gone_grid_only") == 0.5
    assert named("cost_of_the_gone") == pytest.approx(15.0)


def test_every_function_says_what_it_means_in_which_unit():
    for name, function in functions().items():
        assert function.meaning, name
        assert function.unit, name
