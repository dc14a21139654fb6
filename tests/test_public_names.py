"""Every promised name does what it promises: signature, reference values, and one clear word on nonsense."""

import inspect
import math

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import gridrush
from agents.strategies import base
from gridrush import (
    BitcoinNetwork,
    Clearing,
    Industry,
    Mined,
    Run,
    Scenario,
    Strategy,
    breakeven_power_price,
    cash_margin,
    clear_leases,
    concentration_ratio,
    entropy,
    entry_exit_thresholds,
    gini,
    hashprice,
    hhi,
    implied_hashrate,
    instability,
    lease_value,
    load_scenario,
    machine_life,
    machine_value,
    optimal_dispatch,
    queue_backlog,
    queue_wait,
    register_strategy,
    retarget,
    run,
    switching_threshold,
    time_to_power_value,
)

SIGNATURES = {
    "hashprice": ["btc_price", "subsidy", "fees", "difficulty"],
    "implied_hashrate": ["difficulty"],
    "breakeven_power_price": ["hashprice", "efficiency"],
    "cash_margin": ["hashprice", "efficiency", "power_cost", "uptime"],
    "optimal_dispatch": ["breakeven", "mean_price", "volatility"],
    "machine_life": ["hashprice", "efficiency", "power_cost", "decay"],
    "machine_value": ["hashprice", "efficiency", "power_cost", "decay", "discount_rate"],
    "retarget": ["difficulty", "epoch_seconds"],
    "BitcoinNetwork": ["height", "difficulty"],
    "switching_threshold": ["payout", "volatility", "discount_rate", "window_rate"],
    "entry_exit_thresholds": ["cost", "entry_cost", "exit_cost", "discount_rate", "drift", "volatility"],
    "lease_value": ["rent", "escalator", "discount_rate", "years"],
    "time_to_power_value": ["margin", "discount_rate", "ready", "alternative"],
    "clear_leases": ["value", "reserve", "theta"],
    "queue_wait": ["arrivals", "capacity", "withdrawal"],
    "queue_backlog": ["arrivals", "capacity", "withdrawal"],
    "load_scenario": ["name_or_path"],
    "run": ["scenario", "seed"],
    "Industry": ["scenario"],
}
DEFAULTS = {"cash_margin": {"uptime": 1.0}, "switching_threshold": {"window_rate": 0.0}}
SERIES = (
    *("btc_price_usd", "hashprice_usd_ph_day", "network_hashrate_eh_s", "difficulty"),
    *("mining_mw", "idle_mw", "building_mw", "subleased_mw", "converted_mw"),
    *("demand_gw", "delivered_grid_gw", "delivered_miners_gw", "delivered_onsite_gw", "gap_gw"),
    *("lease_rent_usd_kw_month", "core_width_usd_kw_month"),
    *("firms_alive", "exits", "mergers"),
    *("hhi_hash", "hhi_mw", "hhi_ai", "hhi_value"),
)
NAN = math.nan


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_are_called_what_they_were_promised_to_be(name):
    parameters = inspect.signature(getattr(gridrush, name)).parameters
    positional = [key for key, value in parameters.items() if value.kind == value.POSITIONAL_OR_KEYWORD]
    assert positional == SIGNATURES[name]
    required = [key for key, value in parameters.items() if value.default is value.empty]
    assert set(required) <= set(positional) | {"dotted", "overrides"}
    for key, value in DEFAULTS.get(name, {}).items():
        assert parameters[key].default == value


def test_industry_takes_its_seed_by_keyword_only():
    assert inspect.signature(Industry).parameters["rng"].kind == inspect.Parameter.KEYWORD_ONLY


def near(value):
    return pytest.approx(value, rel=1e-6)


def test_reference_values_of_mining():
    assert hashprice(90087.4933, 3.125, 0.0, 152.2714e12) == pytest.approx(37.1920, abs=5e-5)
    assert implied_hashrate(155.973e12) == pytest.approx(1116.498, abs=5e-4)
    for efficiency, price in ((15.0, 103.33), (20.0, 77.50), (28.2, 54.96)):
        assert breakeven_power_price(37.2, efficiency) == pytest.approx(price, abs=5e-3)
    assert cash_margin(37.2, 20.0, 45.0) == near(284_700.0)
    assert cash_margin(37.2, 20.0, 45.0, uptime=0.5) == near(142_350.0)
    assert machine_life(55.0, 17.5, 45.0, 0.30) == pytest.approx(3.561, abs=5e-4)
    assert machine_value(55.0, 17.5, 45.0, 0.30, 0.12) == pytest.approx(17.095, abs=5e-4)


def test_machines_run_when_power_is_cheaper_than_their_breakeven():
    uptime, margin = optimal_dispatch(60.0, 45.0, 0.0)
    assert (uptime, margin) == near((1.0, 15.0))
    uptime, margin = optimal_dispatch(60.0, 45.0, 0.5)
    assert 0.5 < uptime < 1.0
    assert margin > 15.0


def test_reference_values_of_the_network():
    assert retarget(1e12, 1_209_600) == near(1e12)
    assert retarget(1e12, 1) == near(4e12)
    assert retarget(1e12, 1e9) == near(0.25e12)
    network = BitcoinNetwork(1_049_999, 1e12)
    mined = network.advance(implied_hashrate(1e12), 1200.0)
    assert mined == Mined(near(2.0), near(3.125 + 1.5625), 0, 0.0)
    assert (mined.blocks, mined.btc, mined.retargets) == tuple(mined[:3])
    assert network.height == 1_050_001


def test_reference_values_of_options():
    assert switching_threshold(0.30, 0.58, 0.12) == pytest.approx(0.2313, abs=5e-5)
    assert switching_threshold(0.30, 0.58, 0.12, 0.5) == pytest.approx(0.5340, abs=5e-5)
    enter, leave = entry_exit_thresholds(1.0, 4.0, 0.0, 0.025, 0.0, 0.1)
    assert (enter, leave) == pytest.approx((1.466679, 0.765732), abs=5e-7)


def test_reference_values_of_leases():
    assert time_to_power_value(2.0, 0.10, 1.5, 5.0) == pytest.approx(5.0835, abs=5e-5)
    assert lease_value(1.0, 0.03, 0.09, 15.0) == near(9.890506)


def test_reference_values_of_the_lease_market():
    value, reserve = [[10, 8, 3], [9, 7, 6], [4, 6, 5]], [0.0, 0.0, 0.0]
    for theta, prices in ((0.0, (3.0, 1.0, 0.0)), (1.0, (8.0, 6.0, 5.0)), (0.5, (5.5, 3.5, 2.5))):
        clearing = clear_leases(value, reserve, theta)
        assert isinstance(clearing, Clearing)
        assert clearing.pairs == [(0, 0), (1, 1), (2, 2)]
        assert clearing.surplus == near(22.0)
        np.testing.assert_allclose(clearing.prices, prices, atol=1e-9)
        np.testing.assert_allclose(clearing.lower, (3.0, 1.0, 0.0), atol=1e-9)
        np.testing.assert_allclose(clearing.upper, (8.0, 6.0, 5.0), atol=1e-9)


def test_reference_values_of_queues():
    assert queue_wait(60.0, 15.0, 0.33) == pytest.approx(4.2009, abs=5e-5)
    assert queue_backlog(60.0, 15.0, 0.33) == pytest.approx(136.36, abs=5e-3)


def test_two_firms_that_merge_add_twice_the_product_of_their_shares_to_hhi():
    before = np.array([0.4, 0.3, 0.2, 0.1])
    assert hhi([0.4, 0.5, 0.1]) - hhi(before) == near(2 * 0.3 * 0.2)


def test_reference_values_of_concentration():
    sizes = [50.0, 30.0, 20.0]
    assert hhi(sizes) == near(0.38)
    assert concentration_ratio(sizes, 2) == near(0.8)
    assert gini([1.0, 1.0, 1.0]) == pytest.approx(0.0, abs=1e-12)
    assert entropy([1.0, 1.0, 1.0, 1.0]) == near(math.log(4.0))
    assert instability([0.5, 0.5], [0.8, 0.2]) == near(0.6)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (hashprice, (93000.0, 3.125, 0.0, 1.5e14)),
        (implied_hashrate, (1.5e14,)),
        (breakeven_power_price, (40.0, 20.0)),
        (cash_margin, (40.0, 20.0, 45.0, 0.9)),
        (machine_life, (55.0, 17.5, 45.0, 0.3)),
        (machine_value, (55.0, 17.5, 45.0, 0.3, 0.12)),
        (retarget, (1e12, 1e6)),
        (switching_threshold, (0.3, 0.58, 0.12, 0.5)),
        (lease_value, (1.7, 0.03, 0.09, 12.0)),
        (time_to_power_value, (2.0, 0.1, 1.5, 5.0)),
        (queue_wait, (60.0, 15.0, 0.33)),
        (queue_backlog, (60.0, 15.0, 0.33)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_numbers_give_numbers_and_columns_give_columns(function, arguments):
    one = function(*arguments)
    assert type(one) is float
    column = function(*(np.full(3, argument) for argument in arguments))
    np.testing.assert_array_equal(column, np.full(3, one))


NONSENSE = {
    hashprice: [
        (-1.0, 3.125, 0.0, 1e14),
        (9e4, -3.0, 0.0, 1e14),
        (9e4, 3.0, 0.0, -1e14),
        (9e4, 3.0, 0.0, 0.0),
        (NAN, 3.0, 0.0, 1e14),
    ],
    implied_hashrate: [(-1.0,), (NAN,)],
    breakeven_power_price: [(37.2, 0.0), (37.2, -20.0), (-1.0, 20.0), (NAN, 20.0)],
    cash_margin: [(37.2, 0.0, 45.0), (37.2, 20.0, NAN), (37.2, 20.0, 45.0, 1.5), (37.2, 20.0, 45.0, -0.1)],
    optimal_dispatch: [(60.0, 45.0, -0.5), (60.0, NAN, 0.5), (NAN, 45.0, 0.5)],
    machine_life: [(55.0, 0.0, 45.0, 0.3), (-55.0, 17.5, 45.0, 0.3), (55.0, 17.5, NAN, 0.3)],
    machine_value: [(55.0, 0.0, 45.0, 0.3, 0.1), (55.0, 17.5, 45.0, NAN, 0.1), (55.0, 17.5, 45.0, 0.3, NAN)],
    retarget: [(-1.0, 1e6), (0.0, 1e6), (1e12, 0.0), (1e12, NAN)],
    switching_threshold: [
        (NAN, 0.5, 0.1),
        (0.3, 0.5, 0.0),
        (0.3, -0.5, 0.1),
        (0.3, 0.5, NAN),
        (0.3, 0.5, 0.1, -1.0),
    ],
    entry_exit_thresholds: [(1.0, -4.0, 0.0, 0.025, 0.0, 0.1), (1.0, 4.0, 0.0, 0.025, 0.0, NAN)],
    lease_value: [(1.0, 0.03, 0.09, -1.0), (NAN, 0.03, 0.09, 15.0)],
    time_to_power_value: [(2.0, 0.1, -1.0, 5.0), (NAN, 0.1, 1.0, 5.0), (2.0, NAN, 1.0, 5.0)],
    clear_leases: [
        ([[1.0]], [0.0], -0.1),
        ([[1.0]], [0.0], 1.1),
        ([[1.0]], [0.0], NAN),
        ([[NAN]], [0.0], 0.5),
        ([[math.inf]], [0.0], 0.5),
        ([[1.0]], [NAN], 0.5),
        ([[1.0, 2.0]], [0.0], 0.5),
    ],
    queue_wait: [(-60.0, 15.0, 0.33), (60.0, -15.0, 0.33), (60.0, 15.0, -0.33), (NAN, 15.0, 0.33)],
    queue_backlog: [(-60.0, 15.0, 0.33), (60.0, 15.0, NAN)],
    hhi: [([-1.0, 2.0],), ([NAN, 1.0],)],
    concentration_ratio: [([1.0, 2.0], 0), ([-1.0, 2.0], 1)],
    gini: [([-1.0, 2.0],), ([NAN],)],
    entropy: [([-1.0, 2.0],), ([NAN],)],
    instability: [([0.5, 0.5], [1.0]), ([-0.5, 1.5], [0.5, 0.5])],
    BitcoinNetwork: [(-1, 1e12), (1.5, 1e12), (900_000, 0.0), (900_000, -1.0), (900_000, NAN)],
}


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(function, arguments) for function, cases in NONSENSE.items() for arguments in cases],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_nonsense_is_a_value_error_with_a_message(function, arguments):
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        function(*arguments)


def test_nonsense_to_a_network_is_a_value_error():
    network = BitcoinNetwork(900_000, 1e14)
    for arguments in ((-1.0, 60.0), (1000.0, -60.0), (NAN, 60.0), (1000.0, 60.0, -1.0)):
        with pytest.raises(ValueError, match="must be"):
            network.advance(*arguments)


@pytest.mark.parametrize(
    "made", [{"scenario": "reference"}, {"scenario": Scenario()}, {"scenario": None}, {}]
)
def test_an_industry_is_made_of_a_name_a_scenario_or_nothing(made):
    assert Industry(**made).state.scenario.values() == load_scenario("reference").values()


def test_scenarios_are_loaded_and_changed_by_dotted_names():
    changed = load_scenario("no_ai", **{"leases.theta": 0.9})
    assert (changed.ai.demand_gw, changed.leases.theta) == (0.0, 0.9)
    assert Industry("no_ai", **{"leases.theta": 0.9}).state.scenario == changed
    for wrong in ({"leases.thetta": 0.9}, {"leases.theta": 1.9}, {"leases.theta": "high"}):
        with pytest.raises(gridrush.ScenarioError, match="theta"):
            load_scenario("reference", **wrong)
    with pytest.raises(gridrush.ScenarioError, match="reference"):
        load_scenario("referense")


def test_an_industry_has_its_tables_and_says_its_order():
    industry = Industry(rng=1)
    industry.run_for(3)
    for name in ("series", "firms", "sites", "leases", "events"):
        assert isinstance(getattr(industry, name), pd.DataFrame), name
        assert len(getattr(industry, name)), name
    assert isinstance(industry.relations, nx.MultiDiGraph)
    assert industry.series.index.name == "month"
    assert len(industry.series) == 3
    assert [number for number, *_ in industry.tick_order] == list(range(1, 17))
    assert all(name and summary for _, name, summary in industry.tick_order)


@pytest.mark.parametrize("column", SERIES)
def test_the_series_has_the_column(column):
    made = run(load_scenario("reference", **{"horizon.months": 2}), 1)
    assert np.isfinite(made.series[column]).all()


def test_a_run_is_saved_and_loaded(tmp_path):
    made = run(load_scenario("reference", **{"horizon.months": 3}), seed=1)
    assert isinstance(made, Run)
    back = Run.load(made.save(tmp_path / "one"))
    for name in ("series", "firms", "sites", "leases", "events"):
        pd.testing.assert_frame_equal(getattr(back, name), getattr(made, name))
    assert back.manifest["seed"] == 1
    assert back.manifest["parameters"]["horizon.months"] == 3
    assert set(back.relations.nodes) == set(made.relations.nodes)


def test_a_strategy_of_ones_own_is_registered_and_used(monkeypatch):
    monkeypatch.setattr(base, "_registered", dict(base._registered))

    @register_strategy
    class Contrarian(Strategy):
        """Let whatever somebody bids for, and mine only what nobody wants."""

        name = "contrarian in tests"
        citation = "none"

        def probabilities(self, blocks):
            chosen = blocks.feasible * [0.0, 1.0, 1.0, 1.0]
            chosen[:, 0] += chosen.sum(axis=1) == 0.0
            return chosen / chosen.sum(axis=1, keepdims=True)

    industry = Industry(**{"choice.strategy": "contrarian in tests"})
    industry.run_for(3)
    decided = industry.events[industry.events.kind == "decision"]
    bid_for = decided[decided.outcome != "not_eligible"]
    assert (bid_for.use != "mine").mean() > 0.9
    assert set(industry.firms.strategy) == {"contrarian in tests"}
    with pytest.raises(ValueError, match="contrarian in tests"):
        Industry(**{"choice.strategy": "contrarian in test"})
