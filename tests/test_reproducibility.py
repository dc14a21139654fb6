"""A run is its scenario and its seed, and nothing else; what a scenario does not touch stays as it was."""

import copy
import csv
import hashlib
import os
import pickle
import random
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gridrush import Industry, Run, run
from model.baseline_tables import SHIPPED
from model.streams import slots_of

TABLES = ("series", "firms", "sites", "leases", "events")
MONTHS = 30


def lived(scenario="reference", seed=4, months=MONTHS, **values):
    industry = Industry(scenario, rng=seed, **values)
    industry.run_for(months)
    return industry


def digest(source):
    """Return a fingerprint of every bit of the tables."""
    marks = hashlib.blake2b()
    for name in TABLES:
        table = getattr(source, name)
        marks.update(pd.util.hash_pandas_object(table).to_numpy().tobytes())
        marks.update(" ".join(table.columns).encode())
    return marks.hexdigest()


def assert_same(one, other):
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name), check_exact=True)


@pytest.fixture(scope="module")
def reference():
    return lived()


def first_difference(one, other):
    """Return the first month in which two runs' series differ in anything."""
    differs = ~((one == other) | (one.isna() & other.isna())).all(axis=1).to_numpy()
    return int(differs.argmax()) if differs.any() else None


def test_the_same_seed_gives_the_same_tables_to_the_last_bit(reference):
    assert_same(reference, lived())


def test_another_seed_gives_another_world(reference):
    other = lived(seed=5)
    assert first_difference(reference.series, other.series) == 0
    assert (reference.series.btc_price_usd != other.series.btc_price_usd).mean() > 0.9
    private = reference.firms.kind == "private"
    assert set(reference.firms.cash[private]) != set(other.firms.cash[other.firms.kind == "private"])


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**64 + 3, np.int64(9)])
def test_every_natural_number_is_a_seed(seed):
    one, other = (lived(seed=seed, months=2) for _ in range(2))
    assert_same(one, other)


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True, [1]])
def test_nothing_else_is_a_seed(seed):
    with pytest.raises(ValueError, match="rng must be a non-negative integer"):
        Industry(rng=seed)


def test_no_seed_is_seed_zero():
    assert_same(lived(seed=None, months=2), lived(seed=0, months=2))


def test_it_does_not_matter_how_the_months_are_asked_for(reference):
    one = Industry(rng=4)
    for _ in range(MONTHS):
        one.step()
    other = Industry(rng=4)
    for months in (1, 7, 2, MONTHS - 10):
        other.run_for(months)
    assert_same(reference, one)
    assert_same(reference, other)


def test_looking_changes_nothing(reference):
    curious = Industry(rng=4)
    for _ in range(MONTHS):
        curious.run_for(1)
        _ = curious.series, curious.firms, curious.events, curious.relations, curious.datacollector
    assert_same(reference, curious)


def test_other_random_numbers_are_neither_used_nor_disturbed(reference):
    np.random.seed(11)  # noqa: NPY002
    random.seed(11)
    states = np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    industry = Industry(rng=4)
    own = industry.rng.bit_generator.state, industry.random.getstate()
    industry.run_for(MONTHS)
    np.testing.assert_array_equal(np.random.get_state()[1], states[0])  # noqa: NPY002
    assert random.getstate() == states[1]
    assert (industry.rng.bit_generator.state, industry.random.getstate()) == own
    assert_same(reference, industry)


def test_industries_side_by_side_do_not_meet(reference):
    one, other = Industry(rng=4), Industry("btc_bear", rng=8)
    for _ in range(MONTHS):
        other.run_for(1)
        one.run_for(1)
    assert_same(reference, one)


def test_another_process_comes_to_the_same(reference, tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_reproducibility import digest, lived\n"
        "print(digest(lived()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],  # noqa: PTH120
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "12345"},
    )
    assert done.stdout.split() == [digest(reference)], done.stderr


def test_run_is_the_industry_run_to_its_horizon(reference, tmp_path):
    values = {"horizon.months": MONTHS}
    scenario = reference.state.scenario.with_values(**values)
    made = run(scenario, 4)
    assert_same(reference, made)
    assert_same(made, Run.load(made.save(tmp_path / "run")))


def test_neither_audit_nor_what_is_kept_changes_the_numbers(reference):
    unaudited = lived(**{"horizon.audit": False})
    assert_same(reference, unaudited)
    light = run(reference.state.scenario.with_values(**{"horizon.months": MONTHS}), 4, keep="series")
    pd.testing.assert_frame_equal(light.series, reference.series, check_exact=True)


@pytest.mark.parametrize("month", [0, 1, 13])
@pytest.mark.parametrize("copied", [lambda it: pickle.loads(pickle.dumps(it)), copy.deepcopy])
def test_a_copy_continues_as_the_original_does(copied, month, reference):
    original = Industry(rng=4)
    if month:
        original.run_for(month)
    twin = copied(original)
    original.run_for(MONTHS - month)
    assert len(twin.series) == month if month else twin.state.month == 0
    twin.run_for(MONTHS - month)
    assert_same(reference, original)
    assert_same(reference, twin)
    assert len(twin.agents) == len(reference.agents)


@pytest.mark.parametrize("network", ["region", "watts_strogatz"])
def test_imitators_too_continue_from_a_copy(network):
    values = {"choice.imitation": 2.0, "choice.network": network, "choice.strategy": "imitator"}
    original = lived(months=10, **values)
    twin = pickle.loads(pickle.dumps(original))
    original.run_for(10)
    twin.run_for(10)
    assert_same(original, twin)


def test_agents_of_a_copy_are_views_of_the_copy():
    original = lived(months=3)
    twin = pickle.loads(pickle.dumps(original))
    miner = next(agent for agent in twin.agents if agent.name == "RIOT")
    miner.cash = 1e6
    assert twin.state.firms.cash.max() == 1e6
    assert original.state.firms.cash.max() < 1e6


ACTS = {
    "bitcoin.jump_month": (15, {"bitcoin.price_process": "jump"}, {"bitcoin.jump_month": 15}),
    "ai.bust_month": (12, {}, {"ai.bust_month": 12}),
    "bitcoin.halving": (20, {}, {"bitcoin.halving": False}),
}


@pytest.mark.parametrize("act", ACTS)
def test_scenarios_are_one_until_the_month_in_which_they_differ(act):
    month, both, one_only = ACTS[act]
    common = {"bitcoin.jump_month": 600} | both
    one, other = lived(months=MONTHS + 6, **common), lived(months=MONTHS + 6, **common | one_only)
    apart = first_difference(one.series, other.series)
    assert apart is not None
    assert apart == month if act != "bitcoin.halving" else apart > month
    if act == "bitcoin.halving":
        assert one.series.subsidy_btc.iloc[apart + 1] < other.series.subsidy_btc.iloc[apart + 1]


@pytest.mark.parametrize(
    "values",
    [
        {"ai.demand_gw": 0.0},
        {"leases.market_enabled": False},
        {"choice.strategy": "mine_only"},
        {"consolidation.mergers_enabled": False, "consolidation.entry_enabled": False},
        {"finance.enabled": False},
        {"power.queue_mode": "auction"},
        {"population.private_firms": 40},
    ],
    ids=lambda values: next(iter(values)),
)
def test_all_scenarios_share_one_path_of_the_price(values, reference):
    other = lived(**values)
    pd.testing.assert_series_equal(
        reference.series.btc_price_usd, other.series.btc_price_usd, check_exact=True
    )


@pytest.mark.parametrize("process", ["gbm", "regime", "bootstrap"])
def test_what_a_price_does_with_its_shocks_leaves_the_shocks(process):
    """Twice the volatility or another drift scales the same path; nothing is drawn anew."""
    values = {"bitcoin.price_process": process}
    base = np.log(lived(months=20, **values).series.btc_price_usd.to_numpy())
    steeper = {"regime": "bitcoin.bull_drift"}.get(process, "bitcoin.log_drift")
    moved = np.log(
        lived(months=20, **values | {steeper: 0.9 if process == "regime" else 0.12}).series.btc_price_usd
    )
    steps = np.diff(moved.to_numpy() - base)
    if process == "regime":
        assert set(steps.round(9)) <= {0.0, round(0.1 / 12, 9)}
    else:
        np.testing.assert_allclose(steps, 0.01, rtol=1e-9)


def test_a_month_is_recorded_once_whatever_comes_after(reference):
    """Not a digit of the past moves with firms that enter, sites that change or owners that merge later."""
    shorter = lived(months=MONTHS - 12)
    pd.testing.assert_frame_equal(shorter.series, reference.series[: MONTHS - 12], check_exact=True)
    last = shorter.series.index[-1]
    for name in ("firms", "sites"):
        longer = getattr(reference, name)
        earlier = longer[longer.month <= last].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(shorter, name), earlier, check_exact=True)
    # Names of later firms do not matter either.
    pd.testing.assert_frame_equal(
        shorter.events, reference.events[reference.events.month <= last], check_exact=True
    )


def test_energy_prices_and_the_first_day_do_not_depend_on_bitcoin(reference):
    other = lived(months=1, **{"bitcoin.price_process": "constant", "bitcoin.volatility": 0.0})
    first = reference.sites[reference.sites.month == reference.sites.month.min()]
    for column in ("site", "owner", "power_cost", "convertible", "contract", "tenure", "pipeline_mw"):
        np.testing.assert_array_equal(first[column].to_numpy(), other.sites[column].to_numpy())
    assert other.series.energy_index.iloc[0] == reference.series.energy_index.iloc[0]


def with_a_miner(folder, mw, hash_eh_s, name="ZEROX"):
    """Return a folder of baseline tables with one more listed miner and its site in Norway."""
    shutil.copytree(SHIPPED, folder)
    for table, changes in {
        "miners": {
            "ticker": name,
            "name": name,
            "hashrate_eh_s": hash_eh_s,
            "btc_held": 0,
            "btc_pledged": "",
            "cash_musd": 10 * mw / 100,
            "restricted_cash_musd": 0,
            "debt_musd": 0,
            "overhead_musd_per_month": 0,
            "power_cost_usd_per_mwh": 35,
            "efficiency_j_per_th": 16,
        },
        "sites": {
            "ticker": name,
            "site": "Fjord",
            "region": "NORDIC",
            "country": "NO",
            "site_count": 1,
            "status": "operating",
            "energised_mw": mw,
            "pipeline_mw": 0,
            "pipeline_date": "",
            "tenure": "owned",
            "power_contract": "hydro",
            "power_cost_usd_per_mwh": 35,
            "ai_status": "none",
            "hashrate_share": 1,
            "note": "",
        },
    }.items():
        if table == "sites" and not mw:
            continue
        path = folder / f"{table}.csv"
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        rows.insert(4, rows[0] | {key: str(value) for key, value in changes.items()})
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    return str(folder)


MIXED = {"choice.mix": {"npv": 0.4, "logit": 0.6}, "choice.review": 0.3}


def test_a_firm_more_changes_no_other_firms_draws(tmp_path):
    """Strategies, fitness for AI, the tail and who is reviewed in the first month: all as they were.

    What firms borrow is no draw: it answers to the hashprice, and that to one more firm's hash.
    """
    folder = with_a_miner(tmp_path / "tables", mw=100, hash_eh_s=5)
    before, after = lived(months=1, **MIXED), lived(months=1, **MIXED, **{"population.data_folder": folder})
    assert "ZEROX" in after.state.firm_names
    for table, key, columns in (
        ("firms", "firm", ("kind", "strategy", "listed", "discount_rate", "overhead")),
        (
            "sites",
            "site",
            ("owner", "region", "convertible", "contract", "tenure", "power_cost", "secured_mw"),
        ),
    ):
        one, other = getattr(before, table).set_index(key), getattr(after, table).set_index(key)
        other = other.drop([row for row in other.index if "ZEROX" in row])
        pd.testing.assert_frame_equal(
            one[list(columns)].sort_index(), other[list(columns)].sort_index(), rtol=1e-9
        )
    reviewed = [set(each.events.site[each.events.kind == "decision"]) for each in (before, after)]
    assert len(reviewed[0]) > 5
    assert reviewed[1] == reviewed[0]


def test_slots_belong_to_names(reference):
    state = reference.state
    np.testing.assert_array_equal(state.firms.slot, slots_of("firm", state.firm_names))
    assert len(set(state.firms.slot.tolist())) == len(state.firms)
    assert len(set(state.sites.slot.tolist())) == len(state.sites)


@pytest.mark.parametrize(
    "values",
    [{}, MIXED, {"choice.imitation": 1.0, "choice.network": "watts_strogatz"}],
    ids=["", "mix", "imitation"],
)
def test_a_firm_without_megawatts_changes_nothing(values, tmp_path):
    folder = with_a_miner(tmp_path / "tables", mw=0, hash_eh_s=0)
    before, after = lived(**values), lived(**values, **{"population.data_folder": folder})
    assert len(after.state.firms) == len(before.state.firms) + 1
    counted = (
        "firms_alive",
        "firms_distressed",
        "exits",
        "liquidations",
        "closures",
        "bids",
        "gini",
        "on_time",
    )
    kept = [name for name in before.series if not name.startswith(counted)]
    pd.testing.assert_frame_equal(before.series[kept], after.series[kept], rtol=1e-9)
    pd.testing.assert_frame_equal(before.sites, after.sites, rtol=1e-9)
