"""When real options say to switch, enter and leave."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_banded

from agents.economics.options import entry_exit_thresholds, option_hurdle, switching_threshold

payouts = st.floats(0.0, 0.8)
volatilities = st.floats(0.01, 1.2)
rates = st.floats(0.02, 0.4)
windows = st.floats(0.0, 3.0)


def value_of_threshold(threshold, payout, volatility, rate, window):
    """Value at V = K = 1 of switching when V falls to a threshold, from the pricing equation on a grid."""
    grid = np.linspace(math.log(threshold), 5.0, 1500)
    step = grid[1] - grid[0]
    spread, drift = 0.5 * (volatility / step) ** 2, 0.5 * (rate - payout - 0.5 * volatility**2) / step
    bands = np.zeros((3, grid.size))
    bands[0, 2:], bands[2, :-2] = spread + drift, spread - drift
    bands[1] = -2.0 * spread - rate - window
    bands[1, [0, -1]] = 1.0
    worth = np.zeros(grid.size)
    worth[0] = 1.0 - threshold
    return float(np.interp(0.0, grid, solve_banded((1, 1), bands, worth)))


class TestSwitching:
    @pytest.mark.parametrize(("window", "threshold"), [(0.0, 0.2313), (0.5, 0.5340)])
    def test_mining_must_fall_to_the_reference_share_of_the_new_use(self, window, threshold):
        assert switching_threshold(0.30, 0.58, 0.12, window) == pytest.approx(threshold, abs=5e-5)

    @pytest.mark.parametrize("window", [0.0, 0.5])
    def test_no_other_threshold_is_worth_more(self, window):
        best = switching_threshold(0.30, 0.58, 0.12, window)
        candidates = np.linspace(0.7, 1.3, 61) * best
        worths = [value_of_threshold(h, 0.30, 0.58, 0.12, window) for h in candidates]
        assert candidates[np.argmax(worths)] == pytest.approx(best, rel=0.03)

    @given(payouts, volatilities, rates, windows)
    def test_the_hurdle_is_the_reciprocal_of_the_threshold(self, payout, volatility, rate, window):
        hurdle = option_hurdle(payout, volatility, rate, window)
        assert hurdle >= 1.0
        assert switching_threshold(payout, volatility, rate, window) == pytest.approx(1.0 / hurdle)

    @given(payouts, st.floats(0.05, 1.2), rates, windows)
    def test_the_threshold_is_that_of_the_negative_root(self, payout, volatility, rate, window):
        half = 0.5 * volatility**2
        root = min(np.roots([half, rate - payout - half, -(rate + window)]).real)
        threshold = switching_threshold(payout, volatility, rate, window)
        assert threshold == pytest.approx(root / (root - 1.0), rel=1e-6)

    @given(payouts, volatilities, volatilities, rates, windows)
    def test_uncertainty_makes_waiting_worth_more(self, payout, one, other, rate, window):
        calm, wild = sorted([one, other])
        assert option_hurdle(payout, calm, rate, window) <= option_hurdle(payout, wild, rate, window) + 1e-12

    @given(payouts, volatilities, rates, windows, windows)
    def test_a_closing_window_makes_waiting_worth_less(self, payout, volatility, rate, one, other):
        patient, pressed = option_hurdle(payout, volatility, rate, np.sort([one, other]))
        assert pressed <= patient + 1e-12

    def test_a_window_about_to_close_leaves_plain_npv(self):
        assert option_hurdle(0.30, 0.58, 0.12, 1e9) == pytest.approx(1.0, abs=1e-4)

    def test_a_sure_value_that_does_not_fall_leaves_plain_npv(self):
        assert option_hurdle(0.05, 0.0, 0.12) == 1.0
        assert option_hurdle(0.05, 1e-6, 0.12) == pytest.approx(1.0)

    def test_without_risk_a_mine_is_kept_while_it_pays_more_than_interest_on_the_new_use(self):
        assert option_hurdle(0.30, 0.0, 0.12) == pytest.approx(0.30 / 0.12)

    def test_a_column_of_firms_is_judged_one_by_one(self):
        payout, window = np.array([0.1, 0.3, 0.5]), np.array([0.0, 0.5, 1.0])
        together = option_hurdle(payout, 0.58, 0.12, window)
        for i in range(3):
            one = option_hurdle(float(payout[i]), 0.58, 0.12, float(window[i]))
            assert isinstance(one, float)
            assert together[i] == one


class TestEntryAndExit:
    def test_dixits_example(self):
        enter, leave = entry_exit_thresholds(1.0, 4.0, 0.0, 0.025, 0.0, 0.1)
        assert enter == pytest.approx(1.466679, rel=1e-6)
        assert leave == pytest.approx(0.765732, rel=1e-6)

    @settings(max_examples=60)
    @given(
        cost=st.floats(0.5, 5.0),
        entry=st.floats(0.1, 10.0),
        leaving=st.floats(-0.05, 2.0),
        rate=st.floats(0.03, 0.2),
        drift=st.floats(-0.05, 0.02),
        volatility=st.floats(0.05, 0.6),
    )
    def test_values_match_and_paste_smoothly(self, cost, entry, leaving, rate, drift, volatility):
        enter, leave = entry_exit_thresholds(cost, entry, leaving, rate, drift, volatility)
        half = 0.5 * volatility**2
        down, up = sorted(np.roots([half, drift - half, -rate]).real)
        forever = 1.0 / (rate - drift)
        slopes = np.array([[down * p ** (down - 1), -up * p ** (up - 1)] for p in (enter, leave)])
        scale = np.abs(slopes).max(axis=0)
        active, idle = np.linalg.solve(slopes / scale, [-forever, -forever]) / scale
        gains = [p * forever - cost / rate + active * p**down - idle * p**up for p in (enter, leave)]
        assert gains == pytest.approx([entry, -leaving], rel=1e-6, abs=1e-6 * cost / rate)

    @given(st.floats(0.05, 0.6), st.floats(0.1, 10.0), st.floats(0.0, 5.0))
    def test_uncertainty_makes_both_moves_reluctant(self, volatility, entry, leaving):
        enter, leave = entry_exit_thresholds(1.0, entry, leaving, 0.05, 0.0, volatility)
        assert enter > 1.0 + 0.05 * entry
        assert leave < 1.0 - 0.05 * leaving

    def test_without_risk_marshalls_thresholds_hold(self):
        enter, leave = entry_exit_thresholds(1.0, 4.0, 2.0, 0.025, 0.0, 1e-7)
        assert enter == pytest.approx(1.1, rel=1e-4)
        assert leave == pytest.approx(0.95, rel=1e-4)

    def test_nobody_leaves_when_leaving_costs_more_than_running_for_ever(self):
        enter, leave = entry_exit_thresholds(1.0, 4.0, 50.0, 0.025, 0.0, 0.1)
        assert leave == 0.0
        almost = entry_exit_thresholds(1.0, 4.0, 39.999, 0.025, 0.0, 0.1)
        assert enter == pytest.approx(almost[0], rel=1e-3)
        assert almost[1] < 1e-3

    @given(st.floats(0.01, 100.0))
    def test_thresholds_are_in_proportion_to_money(self, k):
        base = np.array(entry_exit_thresholds(1.0, 4.0, 1.0, 0.05, 0.01, 0.3))
        assert entry_exit_thresholds(k, 4.0 * k, k, 0.05, 0.01, 0.3) == pytest.approx(k * base)

    @given(st.floats(1e-9, 1e-3))
    def test_cheap_moves_leave_little_hysteresis(self, entry):
        enter, leave = entry_exit_thresholds(1.0, entry, 0.0, 0.05, 0.0, 0.2)
        assert leave < 1.0 < enter
        assert enter / leave - 1.0 < 3.0 * entry ** (1 / 3)

    def test_a_column_of_firms_is_solved_one_by_one(self):
        cost = np.array([0.5, 1.0, 2.0])
        enter, leave = entry_exit_thresholds(cost, 4.0, 0.0, 0.025, 0.0, 0.1)
        assert (enter[1], leave[1]) == entry_exit_thresholds(1.0, 4.0, 0.0, 0.025, 0.0, 0.1)
        assert enter.shape == leave.shape == (3,)


@pytest.mark.parametrize(
    ("formula", "arguments", "culprit"),
    [
        (switching_threshold, (0.3, -0.5, 0.12), "volatility"),
        (switching_threshold, (0.3, 0.5, 0.0), "discount_rate"),
        (switching_threshold, (math.nan, 0.5, 0.12), "payout"),
        (option_hurdle, (0.3, 0.5, 0.12, -1.0), "window_rate"),
        (option_hurdle, (0.3, np.array([0.5, math.nan]), 0.12), "volatility"),
        (entry_exit_thresholds, (-1.0, 4.0, 0.0, 0.025, 0.0, 0.1), "cost"),
        (entry_exit_thresholds, (1.0, -4.0, 5.0, 0.025, 0.0, 0.1), "entry_cost"),
        (entry_exit_thresholds, (1.0, 4.0, -4.0, 0.025, 0.0, 0.1), "entry_cost . exit_cost"),
        (entry_exit_thresholds, (1.0, 4.0, 0.0, 0.025, 0.03, 0.1), "discount_rate - drift"),
        (entry_exit_thresholds, (1.0, 4.0, 0.0, 0.025, 0.0, 0.0), "volatility"),
        (entry_exit_thresholds, (1.0, 4.0, math.nan, 0.025, 0.0, 0.1), "exit_cost"),
    ],
)
def test_nonsense_is_refused_by_name(formula, arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        formula(*arguments)
