"""The metamorphic relations of MODEL 8, in its words and its order: what must hold between whole runs.

Each line of the table is a sentence and the runs that show it. What holds by construction is held to rounding
or to the bit, under every seed; what holds in expectation is held to a mean over seeds.
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
from experiments.validation.refinement import STEPS, refined
from model.baseline_tables import SHIPPED as DATA
from model.industry import Industry
from model.parameter_table import parameter_table
from model.run import run
from model.scenario import Scenario
from model.scenario_files import load_scenario
from model.tenants import bids, expected_slip, hall_lead

SEEDS = (0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 8)))
FEW, MANY = 5, 12
"""Seeds of a tendency in the fast suite and in the slow one."""
K = 4.0
"""A power of two, so that scaling itself rounds nothing."""
MW = [f"{use}_mw" for use in ("mining", "idle", "building", "subleased", "converted", "pipeline", "secured")]
PATHS = [*MW, "network_hashrate_eh_s", "firms_alive", "exits_total", "mergers_total", "entries_total"]
MONEY = [
    "cash_musd",
    "corporate_debt_musd",
    "treasury_btc",
    "enterprise_value_musd",
    "lease_rent_usd_kw_month",
]
ONLY_WITH_A_MARKET = {"eligible_mw"}
SHORT = {"horizon__months": 62}
UNLIMITED = {"power__connection_scale": 1e6, "power__lead_scale": 0.0, "power__batch_months": 1}
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
        slack = rel * one[column].abs().max() if rel else 0.0
        close = np.isclose(one[column], other[column], rtol=rel, atol=slack, equal_nan=True)
        wrong = np.flatnonzero(~close)
        values = [path[column].iloc[wrong[0]] for path in (one, other)] if len(wrong) else []
        assert not len(wrong), f"{column} differs from month {wrong[0]} on: {values}"


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


# --- what the relations are about; `folder` is an empty one, `patch` undoes itself -------------------------


def money_times_k(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    tables = {"population.data_folder": scaled_tables(folder, {r"usd": K})}
    values = scaled_parameters({r"(?i)usd": K}) | tables
    other = run(Scenario().with_values(**values), seed, keep="series").series
    same(series(seed), other, PATHS, rel=1e-9)
    money = ["enterprise_value_musd", "cash_musd", "corporate_debt_musd", "lease_rent_usd_kw_month"]
    same(K * series(seed), other, money, rel=1e-9)


def hash_times_k(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    hashes = r"^(hashrate_eh_s|hashrate_avg_eh_s|hashrate_th_s|eh_s|difficulty.*)$"
    factors = {r"j_per_th": 1 / K, r"per_th|per_ph|hashprice": 1 / K, hashes: K}
    tables = {"population.data_folder": scaled_tables(folder, factors)}
    plain = series(seed)
    classes = tuple(one / K for one in model.baseline_machines.GENERATIONS)
    patch.setattr(model.baseline_machines, "GENERATIONS", classes)
    other = run(Scenario().with_values(**tables), seed, keep="series").series
    same(plain, other, [name for name in PATHS if "hash" not in name], rel=1e-9)
    same(K * plain, other, ["network_hashrate_eh_s", "difficulty"], rel=1e-9)
    same(plain / K, other, ["hashprice_usd_ph_day"], rel=1e-9)


def relabelled(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    for path in DATA.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        if path.name in {"miners.csv", "sites.csv"}:
            frame = frame.iloc[::-1]
        frame.to_csv(folder / path.name, index=False)
    scenario = Scenario().with_values(**{"population.data_folder": str(folder)})
    same(series(seed), run(scenario, seed, keep="series").series, [*PATHS, *MONEY], rel=1e-9)


def split_in_two(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    assert Scenario().choice.imitation == 0.0
    # A half may have nothing to do for a year where the whole still has something.
    values = NO_MONEY | {"finance.closure_months": 1000}
    whole, halves = Industry(rng=seed, **values), Industry(rng=seed, **values)
    firm = most_divisible(whole.state)
    twin = split(halves.state, firm)
    for industry in (whole, halves):
        industry.run_for(Scenario().horizon.months)
    same(whole.series, halves.series, [*MW, "network_hashrate_eh_s"], rel=1e-9)
    panel = halves.firms
    first = panel.loc[panel["month"] == panel["month"].min()].set_index("firm")["energised_mw"]
    shares = first[[halves.state.firm_names[row] for row in (firm, twin)]] / first.sum()
    fell = whole.series["hhi_mw"].iloc[0] - halves.series["hhi_mw"].iloc[0]
    assert fell == pytest.approx(2 * shares.prod(), rel=1e-6)
    # No firm has sites for two equal halves; these are as good as equal.
    assert fell == pytest.approx(shares.sum() ** 2 / 2, rel=0.01)


def no_demand_is_mining_only(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    mining = series(seed, "no_ai", leases__market_enabled=False)
    # Sites fit for AI are counted whether or not there is a market.
    same(series(seed, "no_ai"), mining, [name for name in mining if name not in ONLY_WITH_A_MARKET])


def a_firm_of_nothing(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    industry = Industry(rng=seed)
    firms = industry.state.firms
    row = firms.add(1, {"slot": np.array([5], dtype=np.uint64), "kind": Kind.PRIVATE, "discount_rate": 0.18,
                        "lease_discount_rate": 0.11, "review_probability": 1 / 6, "owner": -1})  # fmt: skip
    industry.state.firm_names.append("nobody")
    industry.state.ledger.set_opening_capital(row)
    industry.run_for(Scenario().horizon.months)
    columns = [name for name in PATHS if name not in {"firms_alive", "exits_total"}]
    same(series(seed), industry.series, columns)
    same(series(seed), industry.series, MONEY, rel=1e-12)
    # It winds up like any firm with nothing to do.
    assert abs(industry.series["firms_alive"] - series(seed)["firms_alive"]).max() <= 1


def no_premium_with_headroom(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    def rents(**grid: float) -> list[float]:
        paths = [series(seed, ai__margin_scale=scale, **grid, **SHORT) for scale in (1.0, 2.0)]
        return [float(path["lease_rent_usd_kw_month"].iloc[24:].mean()) for path in paths]

    free, scarce = rents(**UNLIMITED), rents()
    # What a year of AI earns raises rents only where power elsewhere is late. With power everywhere the halls
    # that miners deliver after a tenant's own would stand lose by it.
    assert free[1] <= free[0]
    assert scarce[1] > 1.05 * scarce[0]
    assert free[0] < 0.92 * scarce[0]
    no_premium_for_a_hall_as_late_as_ones_own(seed)


def no_premium_for_a_hall_as_late_as_ones_own(seed: int) -> None:
    unlimited = {key.replace("__", "."): value for key, value in UNLIMITED.items()}
    industry = Industry(Scenario().with_values(**unlimited), rng=seed)
    industry.run_for(24)
    state = industry.state
    assert (state.grid.waits.min(axis=1) < hall_lead(state)).all()
    state.hyperscalers.need_mw[:] = 1000.0
    site = np.flatnonzero(~np.isin(state.firms.kind[state.sites.owner], Kind.AI_CUSTOMER))
    fit_out = state.scenario.ai.fit_out_months / 12.0 * expected_slip(state.scenario.leases)

    def rents(scale: float, late: float) -> np.ndarray:
        state.hyperscalers.margin = scale * margin
        ready = np.full((len(site), 3), hall_lead(state) + late)
        ready[:, 0] -= fit_out
        return bids(state, site, ready)

    margin = state.hyperscalers.margin.copy()
    np.testing.assert_allclose(rents(2.0, 0.0), rents(1.0, 0.0), rtol=1e-9)
    assert (rents(2.0, 0.25) < rents(1.0, 0.25)).all()
    assert (rents(2.0, -0.25) > rents(1.0, -0.25)).all()


def theta_moves_money(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    exact = {key.replace(".", "__"): value for key, value in NO_MONEY.items()}
    exact |= {"choice__intensity": 1e6, "leases__rent_memory": 0.0}
    low, high = series(seed, leases__theta=0.0, **exact), series(seed, leases__theta=1.0, **exact)
    same(low, high, MW)
    rent = "deal_rent_space_usd_kw_month"
    assert (high[rent] >= low[rent] - 1e-9).all()
    assert high[rent].mean() > 1.01 * low[rent].mean()


def nobody_defaults(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    # Hash stands still elsewhere and nobody enters, or a dear bitcoin would bring hashprice down to cost.
    rich = {
        "bitcoin__price_process": "constant",
        "bitcoin__price_start": 400_000.0,
        "bitcoin__halving": False,
        "row__enabled": False,
        "consolidation__entry_enabled": False,
        "consolidation__mergers_enabled": False,
    }
    path = series(seed, finance__debt_enabled=False, **rich)
    assert path["hashprice_usd_ph_day"].min() > 30.0
    assert path[["corporate_debt_musd", "project_debt_musd"]].to_numpy().max() == 0.0
    assert path["chapter11_filings_total"].iloc[-1] == path["liquidations_total"].iloc[-1] == 0


def finer_steps(seed: int, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """World mining alone; the rest of the model counts in months (docs/limitations.md)."""
    paths = {name: refined(step) for name, step in STEPS.items()}
    month, half_month, week = (np.log(path["hash_eh_s"].to_numpy()) for path in paths.values())
    assert np.abs(month - week).max() < 0.02
    assert np.abs(half_month - week).mean() < 0.75 * np.abs(month - week).mean()


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


def half(state, firm: int) -> np.ndarray:
    """Return some of a firm's sites that hold as nearly half of its megawatts as its sites allow."""
    own = np.flatnonzero(state.sites.owner == firm)
    mw = state.sites.energised_mw[own]
    chosen = (np.arange(1, 2 ** (len(own) - 1))[:, None] >> np.arange(len(own))) & 1
    return own[chosen[np.abs(chosen @ mw - mw.sum() / 2).argmin()].astype(bool)]


def most_divisible(state) -> int:
    """Return the firm, of those without leases and with a handful of sites, that halves best."""
    sites = state.sites
    let = set(state.leases.landlord.tolist())
    count = np.bincount(sites.owner[sites.owner >= 0], minlength=len(state.firms))
    best, off = -1, np.inf
    for firm in np.flatnonzero((count >= 2) & (count <= 12)).tolist():
        mw = sites.energised_mw[sites.owner == firm].sum()
        found = abs(sites.energised_mw[half(state, firm)].sum() / mw - 0.5) if mw > 50.0 else np.inf
        if firm not in let and found < off:
            best, off = firm, found
    return best


def split(state, firm: int) -> int:
    """Give half of a firm, sites and accounts in proportion to megawatts, to a twin; return its row."""
    sites, firms = state.sites, state.firms
    given = half(state, firm)
    part = sites.energised_mw[given].sum() / sites.energised_mw[sites.owner == firm].sum()
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


# --- in expectation ----------------------------------------------------------------------------------------


class Tendency(NamedTuple):
    """What a mean over seeds, under common random numbers, does as a parameter grows."""

    says: str
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


SMALL, LARGE = {"ai__demand_gw": 45.0}, {"ai__demand_gw": 90.0}
CHEAP, DEAR = {"bitcoin__price_start": 60_000.0}, {"bitcoin__price_start": 180_000.0}
FAST = {"power__connection_scale": 3.0, "power__lead_scale": 0.5}
ONSITE = {"power__onsite_enabled": False}


# --- the list of MODEL 8 ------------------------------------------------------------------------------------

EXACT: dict[str, Callable[[int, Path, pytest.MonkeyPatch], None]] = {
    "money x k leaves every MW path unchanged": money_times_k,
    "hash x k with J per TH x 1 over k likewise": hash_times_k,
    "relabelling firms changes no aggregate": relabelled,
    "splitting a firm (J=0) lowers HHI by half its squared share and changes no aggregate": split_in_two,
    "zero AI demand equals the mining-only run bit for bit": no_demand_is_mining_only,
    "adding a zero-MW firm changes nothing": a_firm_of_nothing,
    "unlimited headroom kills the time-to-power premium": no_premium_with_headroom,
    "theta moves money, never MW, when lambda goes to infinity and finance is off": theta_moves_money,
    "no debt and positive margins, no default": nobody_defaults,
    "finer steps converge": finer_steps,
}
IN_EXPECTATION = (
    Tendency("more AI demand, weakly more converted MW", SMALL, LARGE, ai_mw, 1.0),
    Tendency("more AI demand, higher rent", SMALL, LARGE, rent, 1.0),
    Tendency("higher BTC price, weakly less conversion", CHEAP, DEAR, ai_mw, -1.0),
    Tendency("faster queue, less miner conversion", {}, FAST, miners_gw, -1.0),
    Tendency("faster queue, lower rent", {}, FAST, rent, -1.0),
    Tendency("supply behind the meter, lower rent", ONSITE, {}, rent, -1.0),
)
SEEDLESS = {"finer steps converge"}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("says", [says for says in EXACT if says not in SEEDLESS])
def test_between_whole_runs(says, seed, tmp_path, monkeypatch):
    EXACT[says](seed, tmp_path, monkeypatch)


@pytest.mark.parametrize("says", sorted(SEEDLESS))
def test_between_runs_that_draw_nothing(says, tmp_path, monkeypatch):
    EXACT[says](0, tmp_path, monkeypatch)


@pytest.mark.parametrize("seeds", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids="{} seeds".format)
@pytest.mark.parametrize("tendency", IN_EXPECTATION, ids=lambda tendency: tendency.says)
def test_in_the_mean_over_seeds(tendency, seeds):
    off = [
        tendency.outcome(series(seed, **tendency.high, **SHORT))
        - tendency.outcome(series(seed, **tendency.low, **SHORT))
        for seed in range(seeds)
    ]
    gain = tendency.sign * np.array(off)
    assert gain.mean() > 0.0, off
    if seeds == MANY:
        assert gain.mean() > 2.0 * gain.std(ddof=1) / np.sqrt(seeds), off
