import numpy as np
import pytest

from agents.economics.mining import breakeven_power_price
from agents.economics.vintages import (
    asked_price,
    cost_at_quantile,
    eagerness,
    fleet_of_running,
    paying_share,
)

GENERATIONS = np.array([98.0, 48.0, 34.0, 29.5, 21.5, 17.5, 15.0, 13.5])


def test_the_survey_distribution_has_its_percentiles():
    shipped = {5: 25.1, 25: 35.4, 50: 45.0, 75: 57.2, 95: 80.7}
    found = cost_at_quantile(45.0, 0.355, 0.0, np.array(list(shipped)) / 100)
    np.testing.assert_allclose(found, list(shipped.values()), atol=0.05)


def test_half_pay_when_the_median_cost_is_the_breakeven():
    assert paying_share(37.2, np.array([20.0]), 77.5 - 10.5, 0.355, 10.5) == pytest.approx([0.5])
    assert breakeven_power_price(37.2, 20.0) == pytest.approx(77.5)


def test_none_pay_at_no_hashprice_and_all_at_a_huge_one():
    assert paying_share(0.0, GENERATIONS, 45.0, 0.355, 10.5) == pytest.approx(0.0, abs=1e-12)
    assert paying_share(1e6, GENERATIONS, 45.0, 0.355, 10.5) == pytest.approx(1.0)


def test_the_share_that_pays_is_that_of_the_quantiles():
    costs = cost_at_quantile(45.0, 0.355, 10.5, (np.arange(10_000) + 0.5) / 10_000)
    pays = (costs[:, None] < breakeven_power_price(40.0, GENERATIONS)).mean(axis=0)
    np.testing.assert_allclose(paying_share(40.0, GENERATIONS, 45.0, 0.355, 10.5), pays, atol=1e-4)


def test_eagerness_runs_from_the_hurdle_to_the_full_gain():
    value = np.array([10.0, 11.5, 12.75, 14.0, 50.0])
    assert eagerness(value, 10.0, 0.15, 0.25) == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])
    assert eagerness(value * 7, 70.0, 0.15, 0.25) == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])


def test_what_is_free_is_ordered_if_it_is_worth_anything():
    assert eagerness(np.array([0.0, 1.0]), 0.0, 0.15, 0.25).tolist() == [0.0, 1.0]


def test_makers_share_the_gain_and_never_sell_below_cost():
    value, cost = np.array([20.0, 4.0, 30.0]), np.array([10.0, 10.0, 10.0])
    made, on_sale = np.array([True, True, True]), np.array([True, True, False])
    assert asked_price(value, cost, 0.4, made, on_sale).tolist() == [14.0, 10.0, 18.0]


def test_an_old_machine_costs_as_much_of_its_value_as_the_best_bargain_on_sale():
    value, cost = np.array([10.0, 20.0, 40.0, 60.0]), np.array([9.0, 10.0, 10.0, 5.0])
    made, on_sale = np.array([False, True, True, True]), np.array([False, True, True, False])
    price = asked_price(value, cost, 0.4, made, on_sale)
    assert price[0] / value[0] == pytest.approx(min(price[1] / value[1], price[2] / value[2]))


def test_an_old_machine_never_costs_more_than_it_is_worth():
    made = np.array([False, True])
    price = asked_price(np.array([3.0, 4.0]), np.array([10.0, 10.0]), 0.4, made, made)
    assert price.tolist() == [3.0, 10.0]


@pytest.mark.parametrize("mean", [14.0, 20.22, 40.0])
def test_what_runs_of_a_fleet_has_the_mean_asked_for(mean):
    running = paying_share(45.0, GENERATIONS, 45.0, 0.355, 10.5)
    share = fleet_of_running(mean, GENERATIONS, 0.28, running)
    assert share.sum() == pytest.approx(1.0)
    assert (share * running) @ GENERATIONS / (share @ running) == pytest.approx(mean)


def test_a_fleet_that_all_runs_is_spread_around_its_mean():
    share = fleet_of_running(20.22, GENERATIONS, 0.28)
    assert share @ GENERATIONS == pytest.approx(20.22)
    assert GENERATIONS[share.argmax()] in (17.5, 21.5)
