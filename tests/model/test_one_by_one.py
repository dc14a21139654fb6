"""Columns change how fast the model is, and nothing else."""

import numpy as np
import pytest
from one_by_one import one_by_one

import model.mining
from model.industry import Industry


@pytest.mark.parametrize("scenario", ["reference", "btc_bear"])
def test_columns_say_what_formulas_say_of_one_entry_at_a_time(scenario):
    columns, twin = Industry(scenario, rng=1), Industry(scenario, rng=1)
    columns.run_for(6)
    formula = model.mining.optimal_dispatch
    with one_by_one():
        assert model.mining.optimal_dispatch is not formula
        twin.run_for(6)
    assert model.mining.optimal_dispatch is formula
    numbers = columns.series.select_dtypes("number")
    np.testing.assert_allclose(twin.series[numbers.columns], numbers, rtol=1e-9, atol=1e-9)
    for table in ("firms", "sites", "leases"):
        whole, single = getattr(columns, table), getattr(twin, table)
        shared = whole.select_dtypes("number").columns
        np.testing.assert_allclose(single[shared], whole[shared], rtol=1e-9, atol=1e-9)
    assert twin.events["kind"].tolist() == columns.events["kind"].tolist()
