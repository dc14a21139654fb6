"""Sums inside loops are those of numpy, to the last bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.sums import pairwise_sum

amounts = st.floats(-1e12, 1e12, allow_nan=False)


@given(st.lists(amounts, max_size=40))
def test_a_few_numbers_add_up_as_in_numpy(numbers):
    row = np.array(numbers, dtype=float)
    assert pairwise_sum(row) == np.add.reduce(row)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 160, 300, 1000, 4099])
def test_rows_of_any_length_add_up_as_in_numpy(count):
    row = np.random.default_rng(count).lognormal(0.0, 9.0, count)
    assert pairwise_sum(row) == np.add.reduce(row)


def test_round_off_does_not_pile_up():
    row = np.full(100_000, 0.1)
    assert pairwise_sum(row) == pytest.approx(10_000.0, rel=1e-15)
    assert np.cumsum(row)[-1] != pytest.approx(10_000.0, rel=1e-13)
