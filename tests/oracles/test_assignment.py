"""The lease market against linear programming and the theory of the assignment game."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from agents.economics.assignment import clear_leases

EXAMPLE = [[10, 8, 3], [9, 7, 6], [4, 6, 5]]

amounts = st.floats(0.0, 10.0, allow_subnormal=False)
money = st.one_of(st.integers(0, 10).map(float), amounts, st.just(-math.inf))
shapes = st.tuples(st.integers(1, 6), st.integers(1, 7))


@st.composite
def markets(draw):
    """Values with ties and forbidden pairs, and reserves."""
    buyers, sellers = draw(shapes)
    value = draw(arrays(float, (buyers, sellers), elements=money))
    return value, draw(arrays(float, sellers, elements=st.integers(0, 5).map(float)))


def core_end(surplus, total, sign):
    """Seller gains at one end of the core by linear programming: least (sign 1) or greatest (-1) in sum."""
    buyers, sellers = surplus.shape
    envy = np.zeros((buyers * sellers, buyers + sellers))
    for row, (i, j) in enumerate(np.ndindex(buyers, sellers)):
        envy[row, [i, buyers + j]] = -1.0
    objective = np.r_[np.zeros(buyers), sign * np.ones(sellers)]
    solved = linprog(
        objective, A_ub=envy, b_ub=-surplus.ravel(), A_eq=np.ones((1, buyers + sellers)), b_eq=[total]
    )
    assert solved.success
    return solved.x[buyers:]


class TestExample:
    @pytest.mark.parametrize(("theta", "prices"), [(0, [3, 1, 0]), (1, [8, 6, 5]), (0.5, [5.5, 3.5, 2.5])])
    def test_the_diagonal_trades_for_22_between_the_ends_of_the_core(self, theta, prices):
        clearing = clear_leases(EXAMPLE, [0, 0, 0], theta)
        assert clearing.pairs == [(0, 0), (1, 1), (2, 2)]
        assert clearing.surplus == pytest.approx(22.0)
        assert clearing.prices == pytest.approx(prices)
        assert clearing.lower == pytest.approx([3, 1, 0])
        assert clearing.upper == pytest.approx([8, 6, 5])

    def test_one_buyer_and_one_seller_split_the_difference_at_theta_half(self):
        assert clear_leases([[10.0]], [4.0], 0.5).prices == pytest.approx([7.0])

    def test_a_second_seller_of_the_same_block_leaves_the_buyer_all_the_surplus(self):
        clearing = clear_leases([[10.0, 10.0]], [4.0, 4.0], 1.0)
        assert clearing.prices == pytest.approx([4.0, 4.0])

    def test_a_second_buyer_of_the_same_block_leaves_the_seller_all_the_surplus(self):
        assert clear_leases([[10.0], [10.0]], [4.0], 0.0).prices == pytest.approx([10.0])


class TestCore:
    @settings(max_examples=80)
    @given(markets())
    def test_the_ends_are_those_of_the_linear_programme(self, market):
        value, reserve = market
        clearing = clear_leases(value, reserve, 0.0)
        surplus = np.maximum(value - reserve, 0.0)
        assert clearing.lower - reserve == pytest.approx(core_end(surplus, clearing.surplus, 1.0), abs=1e-7)
        assert clearing.upper - reserve == pytest.approx(core_end(surplus, clearing.surplus, -1.0), abs=1e-7)

    @given(markets(), st.floats(0.0, 1.0))
    def test_nobody_could_do_better_together(self, market, theta):
        value, reserve = market
        clearing = clear_leases(value, reserve, theta)
        buyer_gain, seller_gain = np.zeros(len(value)), clearing.prices - reserve
        for buyer, seller in clearing.pairs:
            buyer_gain[buyer] = value[buyer, seller] - clearing.prices[seller]
        assert np.all(buyer_gain[:, None] + seller_gain >= value - reserve - 1e-9)
        assert buyer_gain.sum() + seller_gain.sum() == pytest.approx(clearing.surplus, abs=1e-9)

    @given(markets(), st.floats(0.0, 1.0))
    def test_prices_keep_between_reserve_and_value_without_any_tolerance(self, market, theta):
        value, reserve = market
        clearing = clear_leases(value, reserve, theta)
        assert np.all(reserve <= clearing.lower)
        assert np.all(clearing.lower <= clearing.prices)
        assert np.all(clearing.prices <= clearing.upper)
        for buyer, seller in clearing.pairs:
            assert clearing.upper[seller] <= value[buyer, seller]
            assert value[buyer, seller] > reserve[seller]

    @settings(max_examples=40)
    @given(markets())
    def test_at_the_lower_end_each_buyer_keeps_what_its_presence_adds(self, market):
        value, reserve = market
        clearing = clear_leases(value, reserve, 0.0)
        for buyer, seller in clearing.pairs:
            without = clear_leases(np.delete(value, buyer, axis=0), reserve, 0.0).surplus
            kept = value[buyer, seller] - clearing.prices[seller]
            assert kept == pytest.approx(clearing.surplus - without, abs=1e-9)

    @settings(max_examples=40)
    @given(markets())
    def test_at_the_upper_end_each_seller_keeps_what_its_presence_adds(self, market):
        value, reserve = market
        clearing = clear_leases(value, reserve, 1.0)
        for seller in range(reserve.size):
            without = clear_leases(np.delete(value, seller, axis=1), np.delete(reserve, seller), 1.0).surplus
            kept = clearing.prices[seller] - reserve[seller]
            assert kept == pytest.approx(clearing.surplus - without, abs=1e-9)

    @given(markets(), st.sampled_from([0.0, 0.3, 1.0]), st.sampled_from([2.0, 8.0, 1024.0]))
    def test_money_in_other_units_changes_prices_and_nothing_else(self, market, theta, k):
        value, reserve = market
        base, scaled = clear_leases(value, reserve, theta), clear_leases(k * value, k * reserve, theta)
        assert scaled.pairs == base.pairs
        np.testing.assert_array_equal(scaled.prices, k * base.prices)

    @given(markets())
    def test_theta_moves_money_and_never_deals(self, market):
        value, reserve = market
        assert clear_leases(value, reserve, 0.0).pairs == clear_leases(value, reserve, 1.0).pairs


class TestTrade:
    def test_a_value_just_at_reserve_does_not_trade(self):
        clearing = clear_leases([[4.0, 3.0]], [4.0, 5.0], 0.5)
        assert clearing.pairs == []
        assert clearing.surplus == 0.0
        assert clearing.prices.tolist() == clearing.lower.tolist() == clearing.upper.tolist() == [4.0, 5.0]

    @pytest.mark.parametrize("never", [-math.inf, -1e300])
    def test_a_forbidden_pair_never_trades(self, never):
        assert clear_leases([[never, 1.0], [never, 5.0]], [0.0, 0.0], 0.5).pairs == [(1, 1)]

    @pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
    def test_an_empty_market_clears_with_nothing(self, shape):
        clearing = clear_leases(np.zeros(shape), np.arange(shape[1], dtype=float), 0.5)
        assert clearing.pairs == []
        assert clearing.surplus == 0.0
        assert clearing.prices.tolist() == list(range(shape[1]))

    def test_a_list_of_no_buyers_is_an_empty_market(self):
        assert clear_leases([], [1.0, 2.0], 0.5).pairs == []

    def test_neither_argument_is_changed(self):
        value, reserve = np.array(EXAMPLE, dtype=float), np.ones(3)
        clear_leases(value, reserve, 0.5)
        assert value.tolist() == EXAMPLE
        assert reserve.tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("value", "reserve", "theta", "culprit"),
    [
        (EXAMPLE, [0, 0, 0], -0.1, "theta"),
        (EXAMPLE, [0, 0, 0], 1.1, "theta"),
        (EXAMPLE, [0, 0, 0], math.nan, "theta"),
        (EXAMPLE, [0, 0, math.nan], 0.5, "reserve"),
        (EXAMPLE, [0, 0, -math.inf], 0.5, "reserve"),
        (EXAMPLE, [0, 0], 0.5, "reserve"),
        ([1.0, 2.0], [0, 0], 0.5, "value"),
        ([[1.0, math.nan]], [0, 0], 0.5, "value"),
        ([[1.0, math.inf]], [0, 0], 0.5, "value"),
    ],
)
def test_nonsense_is_refused_by_name(value, reserve, theta, culprit):
    with pytest.raises(ValueError, match=culprit):
        clear_leases(value, reserve, theta)
