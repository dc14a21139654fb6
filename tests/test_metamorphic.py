"""The metamorphic relations: what must hold between whole runs, one line each, under several seeds.

A relation says what may change when a scenario, its tables or its first day is changed in a known way. Those
that hold by construction are held to rounding or to the bit; those that hold in expectation to a mean over
seeds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

import model.baseline_machines
from agents.tables import Kind
from model.baseline_tables import SHIPPED as DATA
from model.industry import Industry
from model.parameter_table import parameter_table
from model.run import run
from model.scenario import Scenario
from model.scenario_files import load_scenario

SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3)))
FEW, MANY = 3, 12
"""Seeds of a tendency in the fast suite and in the slow one."""
K = 4.0
"""A power of two, so that scaling itself rounds nothing."""
MW = [f"{use}_mw" for use in ("mining", "idle", "building", "subleased", "converted", "pipeline", "secured")]
PATHS = [*MW, "network_hashrate_eh_s", "firms_alive", "exits_total", "mergers_total", "entries_total"]
MINING = [
    "btc_price_usd",
    "hashprice_usd_ph_day",
    "network_hashrate_eh_s",
    "difficulty",
    "mining_mw",
    "idle_mw",
]
MINING += [
    "firms_alive",
    "exits",
    "chapter11_filings",
    "cash_musd",
    "corporate_debt_musd",
    "treasury_btc",
    "hhi_hash",
]
NO_MONEY = {
    "finance.enabled": False,
    "consolidation.mergers_enabled": False,
    "consolidation.entry_enabled": False,
}


@lru_cache(maxsize=128)
def _series(name: str, seed: int, values: tuple) -> pd.DataFrame:
    return run(load_scenario(name, **dict(values)), seed, keep="series").series


def series(seed: int, name: str = "reference", **values: object) -> pd.DataFrame:
    """Return the series of a run; keywords are dotted values, `__` for the dot."""
    dotted = tuple((key.replace("__", "."), value) for key, value in values.items())
    return _series(name, seed, dotted)


def same(one: pd.DataFrame, other: pd.DataFrame, columns: list[str], rel: float = 0.0) -> None:
    for column in columns:
        slack = rel * one[column].abs().max()
        close = np.isclose(one[column], other[column], rtol=rel, atol=slack, equal_nan=True)
        wrong = np.flatnonzero(~close)
        values = [path[column].iloc[wrong[0]] for path in (one, other)] if len(wrong) else []
        assert not len(wrong), f"{column} differs from month {wrong[0]} on: {values}"


# --- the same world in other words -------------------------------------------------------------------------


def scaled_tables(folder: Path, factors: dict[str, float]) -> str:
    """Write the baseline tables with every number scaled whose unit, in column name or cell, matches."""
    for path in DATA.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in frame.columns:
            frame[column] = [scaled(cell, column, factors) for cell in frame[column]]
        if "unit" in frame.columns:
            for column in {"value", "low", "high"} & set(frame.columns):
                cells = zip(frame[column], frame["unit"], strict=True)
                frame[column] = [scaled(cell, unit, factors) for cell, unit in cells]
        frame.to_csv(folder / path.name, index=False)
    return str(folder)


def scaled(cell: str, unit: str, factors: dict[str, float]) -> str:
    if not re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell):
        return cell
    factor = next((factor for pattern, factor in factors.items() if re.search(pattern, unit)), 1.0)
    return cell if factor == 1.0 else repr(float(cell) * factor)


def scaled_parameters(factors: dict[str, float]) -> dict[str, float]:
    found = {}
    for row in parameter_table(None):
        factor = next((factor for pattern, factor in factors.items() if re.search(pattern, row.unit)), 1.0)
        if factor != 1.0:
            found[row.name] = float(row.default) * factor
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_money_times_k_leaves_every_megawatt_where_it_was(tmp_path, seed):
    folder = scaled_tables(tmp_path, {r"usd": K})
    values = scaled_parameters({r"(?i)usd": K}) | {"population.data_folder": folder}
    other = run(Scenario().with_values(**values), seed, keep="series").series
    same(series(seed), other, PATHS, rel=1e-9)
    same(K * series(seed), other, ["enterprise_value_musd", "cash_musd", "lease_rent_usd_kw_month"], rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_hash_times_k_with_its_energy_divided_by_k_leaves_every_megawatt_where_it_was(
    tmp_path, monkeypatch, seed
):
    hashes = r"^(hashrate_eh_s|hashrate_avg_eh_s|hashrate_th_s|eh_s|difficulty.*)$"
    factors = {r"j_per_th": 1 / K, r"per_th|per_ph|hashprice": 1 / K, hashes: K}
    folder = scaled_tables(tmp_path, factors)
    scaled_classes = tuple(one / K for one in model.baseline_machines.GENERATIONS)
    monkeypatch.setattr(model.baseline_machines, "GENERATIONS", scaled_classes)
    other = run(Scenario().with_values(**{"population.data_folder": folder}), seed, keep="series").series
    same(series(seed), other, [name for name in PATHS if "hash" not in name], rel=1e-9)
    same(K * series(seed), other, ["network_hashrate_eh_s", "difficulty"], rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_firms_and_sites_in_another_order_change_no_aggregate(tmp_path, seed):
    for path in DATA.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.name in {"miners.csv", "sites.csv"}:
            frame = frame.iloc[::-1]
        frame.to_csv(tmp_path / path.name, index=False)
    other = run(
        Scenario().with_values(**{"population.data_folder": str(tmp_path)}), seed, keep="series"
    ).series
    same(series(seed), other, PATHS, rel=1e-9)


# --- firms that are nothing, and firms in two halves -------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_a_firm_without_a_megawatt_changes_nothing(seed):
    industry = Industry(rng=seed)
    firms = industry.state.firms
    row = firms.add(1, {"slot": np.array([5], dtype=np.uint64), "kind": Kind.PRIVATE, "discount_rate": 0.18,
                        "lease_discount_rate": 0.11, "review_probability": 1 / 6, "owner": -1})  # fmt: skip
    industry.state.firm_names.append("nobody")
    industry.state.ledger.set_opening_capital(row)
    industry.run_for(Scenario().horizon.months)
    columns = [name for name in PATHS if name not in {"firms_alive", "exits_total", "mergers_total"}]
    same(series(seed), industry.series, columns)
    # It winds up like any firm with nothing to do.
    assert abs(industry.series["firms_alive"] - series(seed)["firms_alive"]).max() <= 1


DIVIDED = (
    "cash",
    "restricted_cash",
    "bitcoin",
    "btc",
    "machines",
    "property",
    "corporate_debt",
    "project_debt",
)
DIVIDED += ("prepayment", "capital", "earnings", "overhead", "equity_issued")


def split(state, firm: int) -> int:
    """Give half of a firm's sites, and the accounts in proportion to megawatts, to a twin; return its row."""
    sites, firms = state.sites, state.firms
    own = np.flatnonzero(sites.owner == firm)
    given = own[::2]
    part = sites.energised_mw[given].sum() / sites.energised_mw[own].sum()
    values = {column: getattr(firms, column)[[firm]].copy() for column in firms.columns}
    values["slot"] = np.array([777], dtype=np.uint64)
    state.firm_names.append(f"{state.firm_names[firm]} II")
    row = int(firms.add(1, values)[0])
    for name in DIVIDED:
        whole = getattr(firms, name)[firm]
        getattr(firms, name)[row], getattr(firms, name)[firm] = whole * part, whole * (1 - part)
    sites.owner[given] = row
    landlord = state.leases.landlord
    landlord[np.isin(state.leases.site, given)] = row
    return row


@pytest.mark.parametrize("seed", SEEDS)
def test_a_firm_split_in_two_changes_no_aggregate_and_lowers_concentration(seed):
    whole, halves = Industry(rng=seed, **NO_MONEY), Industry(rng=seed, **NO_MONEY)
    owner = whole.state.sites.owner
    counted = np.bincount(owner[owner >= 0], whole.state.sites.energised_mw[owner >= 0] > 0)
    firm = next(row for row in np.argsort(-counted) if not (whole.state.leases.landlord == row).any())
    twin = split(halves.state, int(firm))
    for industry in (whole, halves):
        industry.run_for(Scenario().horizon.months)
    same(whole.series, halves.series, [*MW, "network_hashrate_eh_s"], rel=1e-9)
    panel = halves.firms
    first = panel.loc[panel["month"] == panel["month"].min()].set_index("firm")["energised_mw"]
    shares = first[[halves.state.firm_names[row] for row in (firm, twin)]] / first.sum()
    fell = whole.series["hhi_mw"].iloc[0] - halves.series["hhi_mw"].iloc[0]
    assert fell == pytest.approx(2 * shares.prod(), rel=1e-6)


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_without_ai_demand_a_run_is_the_mining_only_run_bit_for_bit(seed):
    same(series(seed, "no_ai"), series(seed, "no_ai", leases__market_enabled=False), MINING)


@pytest.mark.parametrize("seed", SEEDS)
def test_money_off_and_choice_without_noise_theta_moves_money_and_no_megawatt(seed):
    exact = {key.replace(".", "__"): value for key, value in NO_MONEY.items()}
    exact |= {"choice__intensity": 1e6, "leases__rent_memory": 0.0}
    low, high = series(seed, leases__theta=0.0, **exact), series(seed, leases__theta=1.0, **exact)
    same(low, high, MW)
    assert (high["deal_rent_space_usd_kw_month"] >= low["deal_rent_space_usd_kw_month"] - 1e-9).all()
    assert high["deal_rent_space_usd_kw_month"].mean() > low["deal_rent_space_usd_kw_month"].mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_without_debt_and_with_margins_nobody_defaults(seed):
    # Hash stands still elsewhere and nobody enters, or a dear bitcoin would bring hashprice down to cost.
    rich = {
        "bitcoin__price_process": "constant",
        "bitcoin__price_start": 400_000.0,
        "bitcoin__halving": False,
    }
    calm = {
        "row__enabled": False,
        "consolidation__entry_enabled": False,
        "consolidation__mergers_enabled": False,
    }
    path = series(seed, finance__debt_enabled=False, **rich, **calm)
    assert path["hashprice_usd_ph_day"].min() > 30.0
    assert path["chapter11_filings_total"].iloc[-1] == 0
    assert path["liquidations_total"].iloc[-1] == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_unlimited_headroom_kills_the_premium_for_time_to_power(seed):
    free, scarce = series(seed, power__connection_scale=1e6, power__lead_scale=0.0), series(seed)
    assert free["gap_gw"].iloc[24:].max() < 0.05 * scarce["demand_gw"].max()
    assert free["lease_rent_usd_kw_month"].iloc[37] < scarce["lease_rent_usd_kw_month"].iloc[37]


# --- in expectation ----------------------------------------------------------------------------------------


class Tendency(NamedTuple):
    """What a mean over seeds does as a parameter grows."""

    name: str
    low: dict
    high: dict
    outcome: Callable[[pd.DataFrame], float]
    sign: float


def ai_mw(path: pd.DataFrame) -> float:
    return float(path["ai_mw"].mean())


def miners_gw(path: pd.DataFrame) -> float:
    return float(path["delivered_miners_gw"].mean())


def rent(path: pd.DataFrame) -> float:
    return float(path["lease_rent_usd_kw_month"].iloc[12:61].mean())


CHEAP, DEAR = {"bitcoin__price_start": 60_000.0}, {"bitcoin__price_start": 180_000.0}
FAST = {"power__connection_scale": 3.0, "power__lead_scale": 0.5}
TENDENCIES = (
    Tendency(
        "more AI demand, more megawatts for AI", {"ai__demand_gw": 45.0}, {"ai__demand_gw": 90.0}, ai_mw, 1.0
    ),
    Tendency("more AI demand, higher rents", {"ai__demand_gw": 45.0}, {"ai__demand_gw": 90.0}, rent, 1.0),
    Tendency("dearer bitcoin, less conversion", CHEAP, DEAR, ai_mw, -1.0),
    Tendency("a faster queue, less conversion by miners", {}, FAST, miners_gw, -1.0),
    Tendency("a faster queue, lower rents", {}, FAST, rent, -1.0),
    Tendency("supply behind the meter, lower rents", {"power__onsite_enabled": False}, {}, rent, -1.0),
)


@pytest.mark.parametrize("seeds", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids="{} seeds".format)
@pytest.mark.parametrize("tendency", TENDENCIES, ids=lambda tendency: tendency.name)
def test_in_the_mean_over_seeds(tendency, seeds):
    short = {"horizon__months": 62}
    off = [
        tendency.outcome(series(seed, **tendency.high, **short))
        - tendency.outcome(series(seed, **tendency.low, **short))
        for seed in range(seeds)
    ]
    assert tendency.sign * np.mean(off) > 0.0, off
