"""What measures of concentration must say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.economics.concentration import (
    concentration_ratio,
    entropy,
    gini,
    hhi,
    instability,
    number_equivalent,
)

SHARES = [0.4, 0.3, 0.2, 0.1]
sizes = st.lists(st.floats(0.01, 1000.0), min_size=2, max_size=20).map(np.array)


@given(sizes)
def test_two_firms_that_merge_add_twice_the_product_of_their_shares(values):
    shares = values / values.sum()
    merged = np.append(values[2:], values[0] + values[1])
    assert hhi(merged) - hhi(values) == pytest.approx(2.0 * shares[0] * shares[1], abs=1e-12)


@given(sizes)
def test_a_firm_split_in_two_takes_away_half_its_squared_share(values):
    share = values[0] / values.sum()
    split = np.append(values[1:], [values[0] / 2, values[0] / 2])
    assert hhi(values) - hhi(split) == pytest.approx(share**2 / 2.0, abs=1e-12)


def test_the_herfindahl_index_of_a_small_industry():
    assert hhi(SHARES) == pytest.approx(0.30)
    assert hhi(np.array(SHARES) * 6_300.0) == pytest.approx(0.30)


def test_the_largest_firms_share_counts_from_the_top():
    assert [concentration_ratio(SHARES, k) for k in (1, 3, 4, 8)] == pytest.approx([0.4, 0.9, 1.0, 1.0])


def test_the_gini_coefficient_of_a_small_industry():
    assert gini(SHARES) == pytest.approx(0.25)
    assert gini([1.0, 0.0, 0.0, 0.0]) == pytest.approx(0.75)


@given(sizes)
def test_gini_is_half_the_relative_mean_difference(values):
    difference = np.abs(values[:, None] - values).mean()
    assert gini(values) == pytest.approx(0.5 * difference / values.mean(), abs=1e-12)


def test_the_entropy_of_a_small_industry():
    expected = -sum(s * math.log(s) for s in SHARES)
    assert entropy(SHARES) == pytest.approx(expected)
    assert number_equivalent(SHARES) == pytest.approx(math.exp(expected))


def test_shares_that_move_are_counted_on_both_sides():
    assert instability([0.5, 0.5], [0.7, 0.3]) == pytest.approx(0.4)


@pytest.mark.parametrize("n", [1, 2, 9])
def test_equal_firms_are_as_many_as_they_are(n):
    values = np.full(n, 50.0)
    assert hhi(values) == pytest.approx(1.0 / n)
    assert number_equivalent(values) == pytest.approx(n)
    assert gini(values) == pytest.approx(0.0, abs=1e-12)


def test_a_monopoly_is_concentration_one():
    assert hhi([7.0]) == concentration_ratio([7.0], 1) == number_equivalent([7.0]) == 1.0
    assert entropy([7.0]) == gini([7.0]) == 0.0


@given(sizes, st.floats(1e-3, 1e3))
def test_units_do_not_matter(values, k):
    for measure in (hhi, gini, entropy, number_equivalent):
        assert measure(k * values) == pytest.approx(measure(values), abs=1e-12)


@given(sizes)
def test_a_firm_of_no_size_changes_all_but_gini_nothing(values):
    more = np.append(values, 0.0)
    for measure in (hhi, entropy, number_equivalent):
        assert measure(more) == pytest.approx(measure(values))
    assert concentration_ratio(more, 3) == pytest.approx(concentration_ratio(values, 3))
    assert gini(more) >= gini(values)


@given(sizes)
def test_measures_keep_to_their_ranges(values):
    n = values.size
    assert 1.0 / n - 1e-12 <= hhi(values) <= 1.0
    assert 0.0 <= gini(values) <= 1.0 - 1.0 / n + 1e-12
    assert 0.0 <= entropy(values) <= math.log(n) + 1e-12
    assert 0.0 <= instability(values, values[::-1]) <= 2.0


@given(sizes, st.floats(0.1, 10.0))
def test_an_industry_that_only_grows_is_stable(values, growth):
    assert instability(values, growth * values) == pytest.approx(0.0, abs=1e-12)


def test_an_industry_replaced_by_newcomers_is_as_unstable_as_can_be():
    assert instability([1.0, 2.0, 0.0], [0.0, 0.0, 5.0]) == pytest.approx(2.0)


@pytest.mark.parametrize("nobody", [[], [0.0, 0.0]])
def test_an_industry_without_size_measures_zero_and_not_nan(nobody):
    for measure in (hhi, gini, entropy, number_equivalent):
        assert measure(nobody) == 0.0
    assert concentration_ratio(nobody, 4) == 0.0
    assert instability(nobody, nobody) == 0.0


def test_an_industry_that_appears_moves_all_its_shares_once():
    assert instability([0.0, 0.0], [1.0, 3.0]) == pytest.approx(1.0)


def test_sizes_at_the_ends_of_what_floats_hold_still_have_shares():
    assert hhi([1e308, 1e308]) == pytest.approx(0.5)
    assert hhi([5e-324, 5e-324]) == pytest.approx(0.5)


@pytest.mark.parametrize("measure", [hhi, gini, entropy, number_equivalent])
@pytest.mark.parametrize("values", [[1.0, -0.1], [1.0, math.nan], [1.0, math.inf], [[0.5, 0.5]], 1.0])
def test_nonsense_sizes_are_refused_by_name(measure, values):
    with pytest.raises(ValueError, match="values"):
        measure(values)


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_a_count_of_firms_is_a_whole_number_from_one_on(k):
    with pytest.raises(ValueError, match="k must be"):
        concentration_ratio(SHARES, k)


def test_instability_needs_the_same_firms_twice():
    with pytest.raises(ValueError, match="same firms"):
        instability([1.0, 2.0], [1.0, 2.0, 3.0])
