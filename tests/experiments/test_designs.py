"""Designs: points lie where the design says, values follow their distributions, seeds pair comparisons."""

import numpy as np
import pytest

from experiments.designs import points, unit_sample, values
from experiments.study import Uncertainty

TWO = {"ai.demand_gw": {"low": 40, "high": 90}, "leases.theta": {"low": 0.0, "high": 1.0}}


def test_latin_hypercube_puts_one_point_in_each_slice(plan):
    made = plan(uncertainties=TWO, design={"kind": "lhs", "samples": 20})
    sample = unit_sample(made)
    for name in sample:
        assert sorted(np.floor(sample[name] * 20).astype(int)) == list(range(20))


@pytest.mark.parametrize(
    ("design", "samples"),
    [
        ({"kind": "factorial", "levels": 3}, 9),
        ({"kind": "lhs", "samples": 7}, 7),
        ({"kind": "sobol", "samples": 8}, 8 * 4),
        ({"kind": "sobol", "samples": 8, "second_order": True}, 8 * 6),
        ({"kind": "morris", "samples": 5}, 5 * 3),
        ({"kind": "paired", "samples": 4}, 4),
    ],
)
def test_the_number_of_points_is_known_before_they_are_made(plan, design: dict, samples: int):
    made = plan(uncertainties=TWO, design=design, replications=3)
    table = points(made, unit_sample(made))
    assert made.samples == samples
    assert len(table) == made.points == 2 * samples
    assert made.runs == 3 * len(table)
    assert table["ai.demand_gw"].between(40, 90).all()


def test_arms_of_a_sample_share_its_values(plan):
    made = plan(uncertainties=TWO, design={"kind": "paired", "samples": 4})
    table = points(made, unit_sample(made))
    assert (table.groupby("sample")["ai.demand_gw"].nunique() == 1).all()
    assert table["arm"].tolist() == ["reference", "bear"] * 4


def test_the_baseline_comes_first(plan):
    made = plan(design={"kind": "paired", "baseline": ["bear"]})
    assert made.combinations == [("bear",), ("reference",)]


def test_common_random_numbers_pair_all_points_and_others_only_the_arms(plan):
    common = plan(uncertainties=TWO, replications=3, design={"kind": "lhs", "samples": 4})
    assert [common.seed_of(sample, 1) for sample in range(4)] == [1, 1, 1, 1]
    own = plan(
        uncertainties=TWO, replications=3, design={"kind": "lhs", "samples": 4}, common_random_numbers=False
    )
    seeds = {own.seed_of(sample, replication) for sample in range(4) for replication in range(3)}
    assert len(seeds) == 12


def test_distributions_fill_their_ranges_and_no_more():
    unit = np.linspace(0, 1, 1001)
    uniform = values("ai.demand_gw", Uncertainty(low=40, high=90), unit)
    log = values("ai.demand_gw", Uncertainty(low=1, high=100, distribution="loguniform"), unit)
    triangle = values("ai.demand_gw", Uncertainty(low=0, high=10, mode=2, distribution="triangular"), unit)
    normal = values("ai.demand_gw", Uncertainty(low=0, high=10, mean=5, sd=1, distribution="normal"), unit)
    assert (uniform.min(), uniform.max()) == (40, 90)
    assert log[500] == pytest.approx(10)
    assert triangle.mean() == pytest.approx(4.0, rel=1e-2)
    assert normal[500] == pytest.approx(5)
    assert (normal[0], normal[-1]) == (0, 10)


def test_whole_numbers_and_options_are_equally_likely():
    unit = (np.arange(1000) + 0.5) / 1000
    whole = values("ai.planning_months", Uncertainty(low=12, high=15), unit)
    assert np.unique(whole, return_counts=True)[1].tolist() == [250, 250, 250, 250]
    options = values("power.queue_mode", Uncertainty(options=("batch", "fcfs")), unit)
    assert (options == "batch").sum() == 500


def test_the_same_seed_gives_the_same_design(plan):
    one, other, third = (
        unit_sample(plan(uncertainties=TWO, design={"kind": "lhs", "samples": 5, "seed": seed}))
        for seed in (1, 1, 2)
    )
    assert one.equals(other)
    assert not one.equals(third)
