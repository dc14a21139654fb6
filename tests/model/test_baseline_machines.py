"""Machines at the start: generations, prices, and fleets that fit the megawatts they stand on."""

import numpy as np
import pytest

from model.baseline_inputs import Inputs
from model.baseline_machines import GENERATIONS, fit_to_megawatts, fleets, machines
from model.baseline_tables import load_tables
from model.calendar import Calendar
from model.scenario import Scenario
from model.streams import Streams

PUE, BEST = 1.05, 13.5


@pytest.fixture(scope="module")
def kinds():
    return machines(load_tables(), Scenario(), Calendar("2025-11"))


def fit(hash_eh, efficiency, capacity, owner, us=None, pue=PUE):
    arrays = [np.array(each, dtype=float) for each in (hash_eh, efficiency, capacity)]
    owner = np.array(owner)
    us = np.ones(len(owner), dtype=bool) if us is None else np.array(us)
    return fit_to_megawatts(*arrays, owner, us, BEST, pue)


def test_announced_generations_come_before_one_a_year(kinds):
    assert tuple(kinds.efficiency[: len(GENERATIONS)]) == GENERATIONS
    assert np.all(np.diff(kinds.efficiency) < 0)
    assert kinds.month[len(GENERATIONS)] == 14
    assert np.all(np.diff(kinds.month[len(GENERATIONS) :]) == 12)
    step = 1 - Scenario().bitcoin.frontier_improvement
    assert kinds.efficiency[-1] == pytest.approx(9.5 * step**10)


def test_the_newest_announced_machines_are_not_owned_yet(kinds):
    assert dict(zip(GENERATIONS, kinds.month, strict=False))[9.5] == 2
    assert kinds.efficiency[kinds.owned].min() == 13.5


def test_prices_are_those_of_the_models(kinds):
    price = dict(zip(kinds.efficiency, kinds.price, strict=True))
    assert price[13.5] == 25.7
    assert price[17.5] == 13.0
    assert price[98.0] == 0.5
    assert 4.0 < price[34.0] < 5.0
    assert np.all(kinds.price[len(GENERATIONS) :] == price[9.5])


def test_a_fleet_keeps_its_hash_and_its_mean(kinds):
    mean = np.linspace(13.5, 40.0, 50)
    made = fleets(np.full(50, 7.0), mean, kinds, 0.15)
    assert made.sum(axis=1) == pytest.approx(np.full(50, 7.0))
    assert made @ kinds.efficiency / 7.0 == pytest.approx(mean)
    assert not made[:, ~kinds.owned].any()


def test_a_wider_spread_makes_a_more_mixed_fleet(kinds):
    narrow, wide = (fleets(np.ones(1), np.array([18.0]), kinds, sigma)[0] for sigma in (0.05, 0.4))
    assert (wide**2).sum() < (narrow**2).sum()


def test_machines_that_fit_stay_where_they_are():
    made = fit([10, 5], [20, 20], [210, 300], [0, 0])
    assert made.hash_eh == pytest.approx([10, 5])
    assert made.efficiency == pytest.approx([20, 20])


def test_hash_moves_to_room_of_the_same_owner():
    made = fit([10, 5, 1], [20, 20, 20], [105, 300, 900], [0, 0, 1])
    assert made.hash_eh == pytest.approx([5, 10, 1])


def test_hash_stays_on_its_side_of_the_border_while_there_is_room():
    made = fit([10, 1, 1], [20, 20, 20], [105, 900, 900], [0, 0, 0], us=[True, True, False])
    assert made.hash_eh == pytest.approx([5, 6, 1])


def test_hash_never_moves_to_a_site_that_does_not_mine():
    made = fit([10, 5, 0], [20, 20, 20], [200, 300, 900], [0, 0, 0])
    assert made.hash_eh[2] == 0


def test_an_owner_without_room_keeps_its_hash_and_gets_better_machines():
    made = fit([10, 10], [20, 20], [189, 189], [0, 0])
    assert made.hash_eh == pytest.approx([10, 10])
    assert made.efficiency == pytest.approx([18, 18])


def test_no_fleet_gets_better_than_the_best_machine():
    made = fit([10, 10], [20, 20], [50, 50], [0, 0])
    assert made.efficiency == pytest.approx([BEST, BEST])
    assert made.hash_eh * BEST * PUE == pytest.approx([50, 50])


def test_no_site_ever_carries_more_than_its_megawatts():
    random = np.random.default_rng(1)
    capacity = random.uniform(0, 300, 200)
    made = fit(random.uniform(0, 15, 200), random.uniform(14, 30, 200), capacity, random.integers(0, 30, 200))
    assert np.all(made.hash_eh * made.efficiency * PUE <= capacity * (1 + 1e-12))


def test_inputs_read_an_own_folder():
    inputs = Inputs.of(Scenario(), Streams(0))
    assert inputs.tables is load_tables()
    assert inputs.hashprice == pytest.approx(37.7285, rel=1e-4)
    cheap = Scenario().with_values(**{"bitcoin.price_start": 46500.0})
    assert Inputs.of(cheap, Streams(0)).reference_hashprice == pytest.approx(inputs.hashprice)
