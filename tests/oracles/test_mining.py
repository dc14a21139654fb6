"""What the mining formulas must say, against reference values, quadrature and limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import lognorm

from agents.economics.dispatch import optimal_dispatch
from agents.economics.mining import (
    breakeven_power_price,
    cash_margin,
    free_entry_barrier,
    free_entry_hashprice,
    hashprice,
    implied_hashrate,
    machine_life,
    machine_value,
)
from agents.economics.vintages import vintage_shares

GENERATIONS = [98, 48, 34, 29.5, 21.5, 17.5, 15, 13.5, 11, 9.5]
NAN = math.nan

prices = st.floats(1.0, 500.0)
efficiencies = st.floats(8.0, 100.0)
costs = st.floats(5.0, 150.0)
rates = st.floats(0.01, 0.5)


def discounted_margin(price, energy, decay, rate, years):
    """Value of a machine by numerical integration, USD/TH."""
    flow = quad(lambda t: (price * math.exp(-decay * t) - energy) * math.exp(-rate * t), 0.0, years)[0]
    return flow * 365.0 / 1000.0


class TestHashprice:
    def test_november_2025_hashprice_is_37_usd_per_ph_day(self):
        assert hashprice(90_087.4933, 3.125, 0.0, 152.2714e12) == pytest.approx(37.1920, abs=5e-5)

    def test_the_difficulty_of_november_2025_implies_1116_eh_s(self):
        assert implied_hashrate(155.973e12) == pytest.approx(1116.498, abs=5e-4)

    @given(prices, st.floats(1e12, 1e15), st.floats(0.0, 2.0))
    def test_all_the_networks_hash_earns_144_rewards_a_day(self, price, difficulty, fees):
        revenue = hashprice(price, 3.125, fees, difficulty) * implied_hashrate(difficulty) * 1000.0
        assert revenue == pytest.approx(144.0 * (3.125 + fees) * price)

    def test_twice_the_difficulty_halves_the_hashprice(self):
        assert hashprice(9e4, 3.125, 0.1, 2e14) == pytest.approx(0.5 * hashprice(9e4, 3.125, 0.1, 1e14))


class TestMargins:
    @pytest.mark.parametrize(("efficiency", "breakeven"), [(15, 103.33), (20, 77.50), (28.2, 54.96)])
    def test_better_machines_bear_dearer_power(self, efficiency, breakeven):
        assert breakeven_power_price(37.2, efficiency) == pytest.approx(breakeven, abs=5e-3)

    def test_a_megawatt_of_20_j_th_machines_earns_284700_usd_a_year(self):
        assert cash_margin(37.2, 20, 45) == pytest.approx(284_700.0, rel=1e-9)

    @given(prices, efficiencies, costs, st.floats(0.0, 1.0))
    def test_margin_is_in_proportion_to_uptime(self, price, efficiency, cost, uptime):
        assert cash_margin(price, efficiency, cost, uptime) == pytest.approx(
            uptime * cash_margin(price, efficiency, cost)
        )


class TestDispatch:
    @given(st.floats(1.0, 200.0), st.floats(1.0, 200.0), st.floats(0.05, 1.5))
    def test_uptime_and_margin_are_those_of_lognormal_prices(self, breakeven, mean, volatility):
        law = lognorm(s=volatility, scale=mean * math.exp(-0.5 * volatility**2))
        quantiles = (np.arange(20_000) + 0.5) / 20_000
        expected = np.maximum(breakeven - law.ppf(quantiles), 0.0).mean()
        uptime, margin = optimal_dispatch(breakeven, mean, volatility)
        assert uptime == pytest.approx(law.cdf(breakeven), abs=1e-9)
        assert margin == pytest.approx(expected, abs=1e-4 * breakeven)

    @given(st.floats(1.0, 200.0), st.floats(1.0, 200.0))
    def test_steady_prices_make_a_step(self, breakeven, mean):
        uptime, margin = optimal_dispatch(breakeven, mean, 0.0)
        assert uptime == (1.0 if mean < breakeven else 0.0)
        assert margin == max(breakeven - mean, 0.0)

    def test_vanishing_volatility_tends_to_the_step(self):
        uptime, margin = optimal_dispatch(np.array([50.0, 40.0]), 45.0, 1e-6)
        assert uptime == pytest.approx([1.0, 0.0])
        assert margin == pytest.approx([5.0, 0.0])

    @given(st.floats(-50.0, 200.0), st.floats(-50.0, 200.0), st.floats(0.0, 2.0))
    def test_choosing_hours_never_earns_less_than_always_or_never(self, breakeven, mean, volatility):
        uptime, margin = optimal_dispatch(breakeven, mean, volatility)
        assert margin >= max(breakeven - mean, 0.0)
        assert 0.0 <= uptime <= 1.0

    @given(st.floats(1.0, 200.0), st.floats(1.0, 200.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
    def test_volatile_prices_are_worth_more_to_a_flexible_load(self, breakeven, mean, one, other):
        calm, wild = sorted([one, other])
        gain = optimal_dispatch(breakeven, mean, wild)[1] - optimal_dispatch(breakeven, mean, calm)[1]
        assert gain >= -1e-9 * breakeven

    def test_free_power_runs_a_machine_always(self):
        assert optimal_dispatch(50.0, 0.0, 0.8) == (1.0, 50.0)
        assert optimal_dispatch(50.0, -10.0, 0.8) == (1.0, 60.0)

    def test_worthless_hash_never_runs(self):
        assert optimal_dispatch(0.0, 40.0, 0.8) == (0.0, 0.0)


class TestMachines:
    def test_a_machine_bought_at_a_hashprice_of_55_lives_3_561_years_and_is_worth_17_usd_per_th(self):
        assert machine_life(55, 17.5, 45, 0.30) == pytest.approx(3.561, abs=5e-4)
        assert machine_value(55, 17.5, 45, 0.30, 0.12) == pytest.approx(17.095, abs=5e-4)

    @given(prices, efficiencies, costs, rates, rates)
    def test_value_is_the_discounted_margin_over_life(self, price, efficiency, cost, decay, rate):
        life = machine_life(price, efficiency, cost, decay)
        expected = discounted_margin(price, 0.024 * efficiency * cost, decay, rate, life)
        value = machine_value(price, efficiency, cost, decay, rate)
        assert value == pytest.approx(expected, rel=1e-6, abs=1e-9)

    @given(prices, efficiencies, costs, rates, rates, st.floats(0.1, 8.0))
    def test_a_physical_life_truncates_value(self, price, efficiency, cost, decay, rate, years):
        life = machine_life(price, efficiency, cost, decay, max_life=years)
        assert life == min(machine_life(price, efficiency, cost, decay), years)
        expected = discounted_margin(price, 0.024 * efficiency * cost, decay, rate, life)
        value = machine_value(price, efficiency, cost, decay, rate, max_life=years)
        assert value == pytest.approx(expected, rel=1e-6, abs=1e-9)

    def test_the_hashprice_at_the_end_of_life_just_pays_energy(self):
        life = machine_life(55, 17.5, 45, 0.30)
        assert 55 * math.exp(-0.30 * life) == pytest.approx(0.024 * 17.5 * 45)

    @pytest.mark.parametrize("hashprice_now", [0.0, 10.0, 0.024 * 17.5 * 45])
    def test_a_machine_that_cannot_pay_its_energy_is_worth_nothing(self, hashprice_now):
        assert machine_life(hashprice_now, 17.5, 45, 0.30) == 0.0
        assert machine_value(hashprice_now, 17.5, 45, 0.30, 0.12) == 0.0

    def test_without_decay_a_machine_is_a_perpetuity(self):
        perpetuity = 0.365 * (55 - 0.024 * 17.5 * 45) / 0.12
        assert machine_life(55, 17.5, 45, 0.0) == math.inf
        assert machine_value(55, 17.5, 45, 0.0, 0.12) == pytest.approx(perpetuity)
        assert machine_value(55, 17.5, 45, 1e-9, 0.12) == pytest.approx(perpetuity, rel=1e-6)

    def test_without_decay_or_interest_a_machine_earns_its_margin_times_its_life(self):
        margin = 0.365 * (55 - 0.024 * 17.5 * 45)
        assert machine_value(55, 17.5, 45, 0.0, 0.0, max_life=5.0) == pytest.approx(5.0 * margin)
        assert machine_value(55, 17.5, 45, 0.0, 0.0) == math.inf

    def test_free_energy_leaves_the_value_of_revenue_alone(self):
        assert machine_value(55, 17.5, 0.0, 0.30, 0.12) == pytest.approx(0.365 * 55 / 0.42)
        assert machine_value(55, 17.5, 0.0, 0.30, 0.0) == pytest.approx(0.365 * 55 / 0.30)

    def test_power_paid_to_be_taken_keeps_a_machine_running_for_ever(self):
        assert machine_life(55, 17.5, -5.0, 0.30) == math.inf
        assert machine_value(55, 17.5, -5.0, 0.30, 0.12) == pytest.approx(0.365 * (55 / 0.42 + 2.1 / 0.12))

    def test_a_column_of_machines_is_valued_one_by_one(self):
        price, cost = np.array([55.0, 40.0, 5.0]), np.array([[45.0], [-5.0]])
        together = machine_value(price, 17.5, cost, 0.30, 0.12, max_life=6.0)
        assert together.shape == (2, 3)
        for row, column in np.ndindex(2, 3):
            one = machine_value(float(price[column]), 17.5, float(cost[row, 0]), 0.30, 0.12, max_life=6.0)
            assert isinstance(one, float)
            assert together[row, column] == one


class TestFreeEntry:
    def test_free_entry_without_risk_holds_revenue_at_the_user_cost_of_machines(self):
        assert free_entry_hashprice(16.0, 0.12, 0.40) == pytest.approx(16.0 * 0.52)

    def test_a_machine_with_free_energy_is_worth_its_cost_at_the_entry_hashprice(self):
        per_ph_day = free_entry_hashprice(16.0, 0.12, 0.40) * 1000.0 / 365.0
        assert machine_value(per_ph_day, 17.5, 0.0, 0.40, 0.12) == pytest.approx(16.0)

    def test_the_barrier_is_71_percent_of_cost_at_the_reference(self):
        assert free_entry_barrier(1.0, 0.12, 0.05, 0.40, 0.58) == pytest.approx(0.706692, abs=5e-7)

    @given(st.floats(0.05, 0.3), st.floats(-0.2, 0.04), st.floats(0.0, 0.6), st.floats(0.05, 1.0))
    def test_a_machine_bought_at_the_barrier_is_worth_just_its_cost(self, rate, drift, decay, volatility):
        barrier = free_entry_barrier(100.0, rate, drift, decay, volatility)
        half = 0.5 * volatility**2
        root = max(np.roots([half, drift + decay - half, -(rate + decay)]).real)
        # Entry caps revenue z there. The cap costs a machine B z^b, which takes away all of the value's slope
        # at the barrier, and so 1/b of its level.
        assert root > 1.0
        assert barrier / (rate - drift) * (1.0 - 1.0 / root) == pytest.approx(100.0, rel=1e-6)

    @pytest.mark.parametrize("drift", [-0.2, 0.0, 0.05])
    def test_without_risk_the_barrier_is_the_user_cost_whatever_the_drift(self, drift):
        assert free_entry_barrier(16.0, 0.12, drift, 0.40, 0.0) == pytest.approx(16.0 * 0.52)
        assert free_entry_barrier(16.0, 0.12, drift, 0.40, 1e-5) == pytest.approx(16.0 * 0.52)

    def test_revenue_that_falls_faster_than_machines_get_cheaper_is_worth_its_own_decline(self):
        assert free_entry_barrier(16.0, 0.12, -0.5, 0.40, 0.0) == pytest.approx(16.0 * 0.62)

    @given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
    def test_risk_raises_the_barrier(self, one, other):
        calm, wild = sorted([one, other])
        low, high = free_entry_barrier(1.0, 0.12, 0.05, 0.4, np.array([calm, wild]))
        assert low <= high


class TestVintages:
    @given(st.lists(st.floats(9.5, 98.0), min_size=1, max_size=12), st.floats(0.02, 1.5))
    def test_the_fleet_keeps_its_mean_efficiency_exactly(self, means, sigma):
        shares = vintage_shares(np.array(means), GENERATIONS, sigma)
        assert shares.shape == (len(means), len(GENERATIONS))
        assert np.all(shares >= 0.0)
        np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-13)
        np.testing.assert_allclose(shares @ np.array(GENERATIONS), means, rtol=1e-13)

    def test_a_fleet_at_the_end_of_the_range_is_all_of_one_generation(self):
        shares = vintage_shares(np.array([9.5, 98.0]), GENERATIONS, 0.3)
        assert shares[0] == pytest.approx([0.0] * 9 + [1.0])
        assert shares[1] == pytest.approx([1.0] + [0.0] * 9)

    def test_the_order_of_generations_does_not_matter(self):
        forwards = vintage_shares(19.5, GENERATIONS, 0.3)
        backwards = vintage_shares(19.5, GENERATIONS[::-1], 0.3)
        np.testing.assert_allclose(forwards, backwards[::-1], atol=1e-12)

    def test_a_narrow_kernel_uses_the_generations_next_to_the_mean(self):
        shares = vintage_shares(16.0, GENERATIONS, 0.001)
        assert shares[5] + shares[6] == pytest.approx(1.0)

    def test_each_fleet_may_have_a_spread_of_its_own(self):
        together = vintage_shares(np.array([16.0, 25.0]), GENERATIONS, np.array([0.1, 0.4]))
        np.testing.assert_allclose(together[1], vintage_shares(25.0, GENERATIONS, 0.4), atol=1e-12)

    @pytest.mark.parametrize("mean", [9.4, 99.0])
    def test_a_mean_outside_the_range_is_refused(self, mean):
        with pytest.raises(ValueError, match="within the generations"):
            vintage_shares(mean, GENERATIONS, 0.3)


@pytest.mark.parametrize(
    ("formula", "arguments", "culprit"),
    [
        (hashprice, (-1.0, 3.125, 0.0, 1e14), "btc_price"),
        (hashprice, (9e4, -3.125, 0.0, 1e14), "subsidy"),
        (hashprice, (9e4, 3.125, NAN, 1e14), "fees"),
        (hashprice, (9e4, 3.125, 0.0, -1e14), "difficulty"),
        (hashprice, (9e4, 3.125, 0.0, np.array([1e14, 0.0])), "difficulty"),
        (implied_hashrate, (-1.0,), "difficulty"),
        (implied_hashrate, (math.inf,), "difficulty"),
        (breakeven_power_price, (37.2, 0.0), "efficiency"),
        (breakeven_power_price, (np.array([37.2, NAN]), 20.0), "hashprice"),
        (cash_margin, (37.2, 20.0, NAN), "power_cost"),
        (cash_margin, (37.2, 20.0, 45.0, 1.1), "uptime"),
        (optimal_dispatch, (50.0, 40.0, -0.1), "volatility"),
        (optimal_dispatch, (NAN, 40.0, 0.1), "breakeven"),
        (optimal_dispatch, (50.0, NAN, 0.1), "mean_price"),
        (machine_life, (55.0, 0.0, 45.0, 0.3), "efficiency"),
        (machine_life, (55.0, 17.5, 45.0, -0.3), "decay"),
        (machine_value, (-55.0, 17.5, 45.0, 0.3, 0.12), "hashprice"),
        (machine_value, (55.0, 17.5, 45.0, 0.3, -0.12), "discount_rate"),
        (free_entry_hashprice, (-1.0, 0.12, 0.4), "cost"),
        (free_entry_barrier, (1.0, 0.05, 0.05, 0.4, 0.5), "discount_rate - drift"),
        (vintage_shares, (19.5, [0.0, 30.0], 0.3), "generations"),
        (vintage_shares, (19.5, GENERATIONS, 0.0), "log_sigma"),
    ],
)
def test_nonsense_is_refused_by_name(formula, arguments, culprit):
    with pytest.raises(ValueError, match=culprit):
        formula(*arguments)
