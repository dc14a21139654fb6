"""Free entry of machines under uncertainty, in the rest-of-world sector itself.

Revenue wanders, machines get cheaper, and whoever finds a machine worth its price and hurdle orders it at
once. Hashprice then stays under a reflecting barrier, and the barrier at which entry earns nothing in the
mean is the closed form of MODEL 8: .706692 of a machine's cost a year, where certainty would ask for .52.
"""

import numpy as np
import pytest

from agents.economics.mining import free_entry_barrier
from model.rest_of_world import RestOfWorld
from model.scenario import Scenario

RATE, DRIFT, DECAY, RISK = 0.12, 0.05, 0.40, 0.58
COST = 1e13
"""Of a machine on the first day, USD/TH: so dear that forty years of decay leave power for free."""
USD_PH_DAY = 1000 / 365
"""Hashprice that earns one USD per TH and year."""
YEARS, LIFE = 40, 15
CERTAIN = RATE + DECAY
FAIR = 0.706692 / CERTAIN - 1.0
"""Hurdle over I (r + a) that stands for the barrier."""


def sector(hurdle):
    """World mining as one machine next to free power, whose buyers order whatever closes the gap at once."""
    switches = {
        "bitcoin.machine_life": LIFE,
        "bitcoin.machine_failure": 0.0,
        "bitcoin.order_lead_months": 0,
        "bitcoin.expectation": "naive",
        "bitcoin.expected_decay": DECAY,
        "finance.discount_mining": RATE,
        "row.cost_median": 1.0,
        "row.cost_log_sigma": 0.01,
        "row.other_cost": 0.0,
        "row.uptime": 1.0,
        "row.shutdown_speed": 1.0,
        "row.funding_memory": 1.0,
        "row.hurdle_rate": hurdle,
        # Orders over running hash are then the gap over the barrier: entry brings hashprice back to it.
        "row.order_rate": 1.0,
        "row.full_order_gain": 1.0 + hurdle,
    }
    scenario = Scenario().with_values(**switches)
    return RestOfWorld(scenario, np.array([1.0]), np.array([1.0]), np.array([1.0]), 0.0)


def lived(hurdle, steps_a_year, seed, risk=RISK, start=1.0):
    """Return hashprice over the cost of a machine after every step, and whether somebody entered in it."""
    world, step = sector(hurdle), 1.0 / steps_a_year
    steps = YEARS * steps_a_year
    drawn = np.random.Generator(np.random.Philox(seed)).standard_normal(steps)
    grows = np.exp((DRIFT - risk**2 / 2) * step + risk * np.sqrt(step) * drawn)
    revenue = start * CERTAIN * (1.0 + hurdle) * COST * USD_PH_DAY
    paid, entered = np.empty(steps), np.zeros(steps, dtype=bool)
    for now in range(steps):
        price = COST * np.exp(-DECAY * now * step)
        revenue *= grows[now]
        world.run(revenue / world.realised_hash)
        world.learn(revenue / world.realised_hash)
        entered[now] = world.order(0, price) > 0.0
        paid[now] = revenue / world.realised_hash / (price * USD_PH_DAY)
    return paid, entered


def worth_of_entry(hurdle, steps_a_year, seeds):
    """Return what machines bought on entry turned out to be worth over their cost: mean and its error."""
    step, sums, counts = 1.0 / steps_a_year, [], []
    kept = np.exp(-CERTAIN * step)
    # What a unit of hashprice at the start of a step is expected to bring in it.
    brings = (1.0 - np.exp(-(RATE - DRIFT) * step)) / (RATE - DRIFT)
    for seed in range(seeds):
        paid, entered = lived(hurdle, steps_a_year, seed)
        worth, value = 0.0, np.empty(len(paid))
        for now in range(len(paid) - 1, -1, -1):
            worth = paid[now] * brings + kept * worth
            value[now] = worth
        # Machines of the last years have not lived to the end.
        entered[-LIFE * steps_a_year :] = False
        sums.append(value[entered].sum())
        counts.append(entered.sum())
    # Entries of a path are worth alike, so they are pooled and not averaged by path.
    mean = np.sum(sums) / np.sum(counts)
    off = np.array(sums) - mean * np.array(counts)
    return mean, off.std(ddof=1) / np.sqrt(seeds) / np.mean(counts)


def worth_in_theory(hurdle, steps_a_year, points=801, depth=6.0):
    """Return the same by solving the value of a machine on a grid of hashprices under the barrier.

    Buyers who look once a step let hashprice overshoot in between, so that entry at the continuous barrier
    earns a little: 11% when they look every month, 5% every week, nothing in the limit.
    """
    step = 1.0 / steps_a_year
    level = np.linspace(-depth, 0.0, points)
    shock, weight = np.polynomial.hermite_e.hermegauss(61)
    drift = (DRIFT + DECAY - RISK**2 / 2) * step
    following = np.clip(level[:, None] + drift + RISK * np.sqrt(step) * shock, -depth, 0.0)
    at = (following + depth) / (level[1] - level[0])
    below = np.minimum(at.astype(int), points - 2)
    chance, rows = np.zeros((points, points)), np.repeat(np.arange(points), len(shock))
    weight = weight / weight.sum()
    np.add.at(chance, (rows, below.ravel()), ((1.0 - at + below) * weight).ravel())
    np.add.at(chance, (rows, below.ravel() + 1), ((at - below) * weight).ravel())
    brings = (1.0 - np.exp(-(RATE - DRIFT) * step)) / (RATE - DRIFT)
    earned = CERTAIN * (1.0 + hurdle) * np.exp(level) * brings
    return np.linalg.solve(np.eye(points) - np.exp(-CERTAIN * step) * chance, earned)[-1]


def test_the_barrier_of_the_sector_is_that_of_the_closed_form():
    paid, entered = lived(FAIR, 12, seed=0)
    barrier = free_entry_barrier(1.0, RATE, DRIFT, DECAY, RISK)
    assert barrier == pytest.approx(0.706692, abs=1e-6)
    # Machines live 15 years and not for ever, which moves the barrier by half a thousandth.
    assert paid.max() == pytest.approx(barrier, rel=1e-3)
    assert paid[entered] == pytest.approx(barrier, rel=1e-3)
    assert 0.05 < entered.mean() < 0.5


@pytest.mark.parametrize(("steps_a_year", "seeds"), [(12, 48), pytest.param(52, 100, marks=pytest.mark.slow)])
def test_whoever_enters_at_the_barrier_earns_the_cost_of_the_machine_and_nothing_more(steps_a_year, seeds):
    worth, error = worth_of_entry(FAIR, steps_a_year, seeds)
    assert worth == pytest.approx(worth_in_theory(FAIR, steps_a_year), abs=3.0 * error)
    assert error < 0.01


def test_the_finer_the_steps_the_nearer_to_nothing_is_the_gain_of_entry():
    gains = np.array([worth_in_theory(FAIR, steps) for steps in (12, 24, 52, 365)]) - 1.0
    assert gains[0] == pytest.approx(0.112, abs=0.002)
    # The error of looking now and then falls with the root of the step.
    assert gains[:-1] / gains[1:] == pytest.approx(np.sqrt([24 / 12, 52 / 24, 365 / 52]), rel=0.15)


def test_whoever_asks_for_no_more_than_under_certainty_loses_and_whoever_asks_for_more_gains():
    for hurdle in (0.0, 0.8):
        worth, error = worth_of_entry(hurdle, 12, 24)
        assert worth == pytest.approx(worth_in_theory(hurdle, 12), abs=3.0 * error)
    assert worth_in_theory(0.0, 12) < 0.85
    assert worth_in_theory(0.8, 12) > 1.4


def test_without_risk_the_barrier_is_the_user_cost_and_hashprice_stays_on_it():
    paid, entered = lived(0.0, 12, seed=0, risk=0.0)
    assert paid == pytest.approx(CERTAIN, rel=1e-3)
    assert entered[1:].all()


def test_without_risk_hashprice_settles_at_the_user_cost_from_wherever_it_begins():
    # Buyers order at most as much again as runs in a month; from three times the cost that takes two.
    above, entered = lived(0.0, 12, seed=0, risk=0.0, start=3.0)
    assert entered.all()
    assert above[0] == pytest.approx(1.5 * CERTAIN, rel=0.01)
    assert above[1:] == pytest.approx(CERTAIN, rel=1e-3)
    # From half of it nobody enters until growth and cheaper machines have made up for it.
    below, entered = lived(0.0, 12, seed=0, risk=0.0, start=0.5)
    months = int(np.ceil(12 * np.log(2.0) / (DRIFT + DECAY)))
    assert entered[: months - 1].sum() == 0
    assert below[: months - 1].max() < CERTAIN
    assert entered[months + 1 :].all()
    assert below[months + 1 :] == pytest.approx(CERTAIN, rel=1e-3)
