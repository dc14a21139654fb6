"""Dispatch under the three power contracts against its limit cases."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agents.economics.dispatch import dispatch_machines, fixed_part


def one(
    breakeven: float,
    *,
    operating: float = 0.0,
    fixed: float = 40.0,
    price: float = 33.0,
    volatility: float = 1.0,
    hourly: bool = False,
    resale: bool = False,
) -> tuple[float, float, float]:
    run = dispatch_machines(
        np.array([[breakeven]]),
        np.array([operating]),
        np.array([fixed]),
        np.array([price]),
        np.array([volatility]),
        np.array([hourly]),
        np.array([resale]),
    )
    return tuple(float(part[0, 0]) for part in run)


def test_a_fixed_price_runs_all_hours_or_none() -> None:
    assert one(87.0, fixed=40.0) == (1.0, 40.0, 0.0)
    assert one(39.0, fixed=40.0) == (0.0, 0.0, 0.0)


def test_operating_cost_counts_against_running_but_is_no_energy() -> None:
    assert one(44.0, fixed=40.0, operating=5.0)[0] == 0.0
    assert one(46.0, fixed=40.0, operating=5.0)[1] == 40.0


def test_a_site_on_hourly_prices_pays_less_than_the_mean_because_it_stops_in_dear_hours() -> None:
    uptime, energy, _ = one(80.0, fixed=0.0, price=33.0, hourly=True)
    assert 0.9 < uptime < 0.95
    assert energy / uptime < 33.0


def test_without_volatility_hourly_prices_are_a_fixed_price() -> None:
    assert one(80.0, fixed=7.0, price=33.0, volatility=0.0, hourly=True) == (1.0, 40.0, 0.0)


def test_resale_of_contracted_power_is_worth_the_hours_it_is_dear() -> None:
    uptime, energy, sold = one(80.0, fixed=40.0, price=33.0, resale=True)
    assert uptime < 1.0
    assert energy == pytest.approx(40.0 - sold)
    never = one(0.0, fixed=40.0, price=33.0, resale=True)
    assert never[0] == 0.0
    assert never[2] == pytest.approx(33.0)


@given(
    fixed=st.floats(-20, 40),
    price=st.floats(10, 60),
    volatility=st.floats(0.05, 1.2),
    worth=st.floats(60, 150),
)
def test_the_fixed_part_gives_back_the_cost_that_was_reported(
    fixed: float, price: float, volatility: float, worth: float
) -> None:
    uptime, energy, _ = one(worth, fixed=fixed, price=price, volatility=volatility, hourly=True)
    assume(uptime > 0.01)  # what a site that hardly ever runs has paid tells nothing
    paid = energy / uptime
    args = [np.array([number]) for number in (paid, worth, price, volatility)]
    again = float(fixed_part(*args)[0])
    _, energy_again, _ = one(worth, fixed=again, price=price, volatility=volatility, hourly=True)
    uptime_again = one(worth, fixed=again, price=price, volatility=volatility, hourly=True)[0]
    assert energy_again / uptime_again == pytest.approx(paid, abs=1e-3)


def test_a_site_that_does_not_run_has_all_but_the_mean_energy_price_fixed() -> None:
    args = [np.array([number]) for number in (90.0, 82.0, 33.0, 1.0)]
    assert fixed_part(*args)[0] == pytest.approx(57.0)
