"""The statistics of the claims: each is a table with a row per independent draw, and how to sum its rows up.

Nothing here knows a threshold, a verdict or a claim; `rules.toml` does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from experiments.claims.clusters import number_of_clusters
from experiments.claims.evidence import DRAW, FROM_GRID, Evidence, by_arm, firms_of
from experiments.claims.foresight import foresight_lost
from experiments.claims.hesitant import Hesitant, Tardy
from experiments.claims.rules import rules
from experiments.fates import AI_USES

NAN = float("nan")
MONTHS_TO_2028 = 37
"""From November 2025 to December 2028."""
MOSTLY = 0.5
FEWEST_FIRMS = 5
SMALLEST_BLOCK_MW = 10.0
WAITING = ("one_half_waits", "other_half_waits")
LATE = (Hesitant.name, Tardy.name)
GROUPS = ["small, grid only", "small, other power", "large, grid only", "large, other power"]
HELD = ("mining_mw", "idle_mw", *AI_USES, "pipeline_mw")

BTC_AND_VALUE = ("Bitcoin price, USD", "enterprise value of all miners, musd")

Rows = Callable[[Evidence], pd.DataFrame]
Sum = Callable[[np.ndarray], float]


class Statistic(NamedTuple):
    """How to read rows off the evidence, how to sum them up, and what they are drawn as."""

    rows: Rows
    combined: Sum
    axes: tuple[str, ...]
    """What the rows are, for the axes of the figure."""
    counts: bool = False
    """Whether the statistic is a share of draws, whose interval is Wilson's."""
    scatter: bool = False


def open_share(evidence: Evidence) -> pd.DataFrame:
    """Return the share of the article's gap that grid and outside supply leave open, by arm."""
    arms, known = ("reference", "queue_reform", "onsite_power"), rules()
    demand, grid, outside = (
        by_arm(evidence, name, *arms) for name in ("demand_2028", "grid_2028", "outside_2028")
    )
    stated = demand - known.near_term_grid_gw - known.under_construction_gw
    return (demand - grid - outside).clip(lower=0.0) / stated


def megawatts_over_hash(evidence: Evidence) -> pd.DataFrame:
    """Return squared rank correlations of listed miners' value with secured megawatts and with hash."""
    firms = alive_2028(evidence)
    firms = firms.loc[firms["kind"] == "listed"]
    rows = {}
    for draw, own in firms.groupby(DRAW):
        value = own["enterprise_value_2028"].to_numpy()
        rows[draw] = {
            "with megawatts": explained(own["held_mw"].to_numpy(), value),
            "with hash": explained(own["hash_eh_s_2028"].to_numpy(), value),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def value_and_btc(evidence: Evidence) -> pd.DataFrame:
    """Return the Bitcoin price and the total value of miners at the end of 2028."""
    runs = evidence.runs.loc[evidence.runs["arm"] == "reference"].set_index(DRAW)
    return runs[["btc_2028", "value_2028"]]


def months_stayed(evidence: Evidence) -> pd.DataFrame:
    """Return the mean months that miners stay, by size and power in the first month."""
    firms = firms_of(evidence, "reference")
    middle = firms.groupby("run")["energised_mw"].transform("median")
    size = np.where(firms["energised_mw"] <= middle, "small", "large")
    power = np.where(firms["grid_share"] >= FROM_GRID, "grid only", "other power")
    group = pd.Series([f"{a}, {b}" for a, b in zip(size, power, strict=True)], index=firms.index)
    wide = firms.assign(group=group).pivot_table(values="duration", index=DRAW, columns="group")
    return wide.reindex(columns=GROUPS)


def what_decides(evidence: Evidence) -> pd.DataFrame:
    """Return foresight lost without attributes of sites and without willingness of owners."""
    return foresight_lost(offered_sites(evidence), evidence.inputs)


def offered_sites(evidence: Evidence) -> pd.DataFrame:
    """Return the sites fit for AI that can be offered by the end of 2028, and whether they are `let`."""
    sites = evidence.sites.loc[evidence.sites["arm"] == "reference"]
    # What is too small, too late or not secured cannot be offered at all: that gate must decide nothing here.
    offered = (sites["secured_mw"] >= SMALLEST_BLOCK_MW) & (sites["stage"] != "option")
    sites = sites.loc[offered & (sites["months_to_power"] <= MONTHS_TO_2028)]
    return sites.assign(let=sites["let_mw_2028"] > 0)


def shells(evidence: Evidence) -> pd.DataFrame:
    """Return the value of the shells let."""
    return by_arm(evidence, "shell_value", "reference")


def early_and_late(evidence: Evidence) -> pd.DataFrame:
    """Return the equity at the end of firms with a site fit for AI: free to move early, and moving late.

    Each firm is seen both ways under the same seed; only firms that are there both times count, whichever
    half they are in, so that no firm is compared with another.
    """
    firms = firms_of(evidence, *WAITING)
    firms = firms.loc[(firms["fit_mw"] > 0) & ~firms["gone"]]
    wide = firms.pivot(index=[DRAW, "firm"], columns="arm", values=["equity_end", "follows"]).dropna()
    if wide.empty:
        return pd.DataFrame({"moving early": [], "moving late": []}, dtype=float)
    first, second = (wide["equity_end"][arm].astype(float) for arm in WAITING)
    waits_first = wide["follows"][WAITING[0]].isin(LATE)
    early, late = second.where(waits_first, first), first.where(waits_first, second)
    both = pd.DataFrame({"moving early": early, "moving late": late}).reset_index()
    return both.pivot_table(values=["moving early", "moving late"], index=DRAW, aggfunc="sum")


def gone_by_power(evidence: Evidence) -> pd.DataFrame:
    """Return the share gone by the end of 2028 of grid-only miners and of those with their own generation."""
    firms = firms_of(evidence, "reference")
    left = (firms["exit_month"] >= 0) & (firms["exit_month"] <= MONTHS_TO_2028)
    power = np.where(firms["grid_share"] >= FROM_GRID, "grid only", "other power")
    power = np.where(firms["own_share"] > MOSTLY, "own generation", power)
    wide = left.groupby([firms[DRAW], pd.Series(power, index=firms.index)]).mean().unstack()
    return wide.reindex(columns=["grid only", "own generation"])


def gone_two_by_two(evidence: Evidence) -> pd.DataFrame:
    """Return the share of miners without an AI contract that are gone, by halving and AI."""
    names = {"neither": "neither", "no_ai": "halving only", "no_halving": "AI only", "reference": "both"}
    firms = firms_of(evidence, *names)
    firms = firms.loc[~(firms["contracted_share"] > 0)]
    wide = firms.groupby([DRAW, "arm"])["gone"].mean().unstack()
    return wide.reindex(columns=list(names)).rename(columns=names)


def strata(evidence: Evidence) -> pd.DataFrame:
    """Return the number of clusters of miners alive at the end of 2028, by use and size."""
    found = {}
    for draw, own in alive_2028(evidence).groupby(DRAW):
        uses = own[[f"{name}_2028" for name in HELD]].set_axis(HELD, axis=1)
        ai = uses[list(AI_USES)].sum(axis=1)
        uses = uses.drop(columns=list(AI_USES)).assign(ai=ai)
        shares = uses.div(own["held_mw"], axis=0)
        found[draw] = number_of_clusters(np.column_stack([shares, np.log10(own["held_mw"])]))
    return pd.DataFrame({"clusters": pd.Series(found, dtype=float)})


def hashprices(evidence: Evidence) -> pd.DataFrame:
    """Return hashprice at the end of 2028 without conversions and with them."""
    names = {"mine_only": "nobody converts", "reference": "reference"}
    return by_arm(evidence, "hashprice_2028", *names).rename(columns=names)


def rents(evidence: Evidence) -> pd.DataFrame:
    """Return the expected rent to 2028 by how much outside supply there is."""
    names = {"no_outside_supply": "none", "reference": "middle", "onsite_power": "high end"}
    return by_arm(evidence, "rent", *names).rename(columns=names)


def alive_2028(evidence: Evidence) -> pd.DataFrame:
    """Return the miners of the first month that hold megawatts at the end of 2028, with how many."""
    firms = firms_of(evidence, "reference")
    left = (firms["exit_month"] >= 0) & (firms["exit_month"] <= MONTHS_TO_2028)
    held = firms[[f"{name}_2028" for name in HELD]].sum(axis=1)
    return firms.assign(held_mw=held).loc[~left & (held > 0)]


def explained(x: np.ndarray, y: np.ndarray) -> float:
    """Return the squared rank correlation; zero where one does not vary, nothing for too few."""
    if len(x) < FEWEST_FIRMS:
        return NAN
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(stats.rankdata(x), stats.rankdata(y))[0, 1] ** 2)


def _mean(rows: np.ndarray) -> float:
    return float(rows[:, 0].mean())


def _first_less_second(rows: np.ndarray) -> float:
    return float((rows[:, 0] - rows[:, 1]).mean())


def _second_less_third(rows: np.ndarray) -> float:
    return _first_less_second(rows[:, 1:])


def _second_over_first(rows: np.ndarray) -> float:
    return _ratio(rows[:, 1], rows[:, 0])


def _first_over_second(rows: np.ndarray) -> float:
    return _ratio(rows[:, 0], rows[:, 1])


def _ratio(above: np.ndarray, below: np.ndarray) -> float:
    total = float(below.sum())
    return float(above.sum()) / total - 1.0 if total > 0 else NAN


def _least_mean(rows: np.ndarray) -> float:
    return float(rows.mean(axis=0).min())


def _lead_of_first(rows: np.ndarray) -> float:
    """Return the lead of the first group over the least of the others.

    The least of several estimated means is biased downwards, and the lead with it; `mechanisms.toml` says so.
    """
    means = rows.mean(axis=0)
    return float(means[1:].min() - means[0])


def _share_of_first(rows: np.ndarray) -> float:
    lost = np.maximum(rows.sum(axis=0), 0.0)
    return float(lost[0] / lost.sum()) if lost.sum() > 0 else NAN


def _explained(rows: np.ndarray) -> float:
    return explained(rows[:, 0], rows[:, 1])


def _halving_hurts(rows: np.ndarray) -> float:
    return float((rows[:, 1] - rows[:, 0]).mean())


def _ai_hurts(rows: np.ndarray) -> float:
    return float((rows[:, 2] - rows[:, 0]).mean())


def _interaction(rows: np.ndarray) -> float:
    return float((rows[:, 3] - rows[:, 1] - rows[:, 2] + rows[:, 0]).mean())


def _three(rows: np.ndarray) -> float:
    return float((rows[:, 0] == 3).mean())


STATISTICS: dict[str, Statistic] = {
    "open_share": Statistic(open_share, _least_mean, ("share of the article's gap",)),
    "megawatts_over_hash": Statistic(megawatts_over_hash, _first_less_second, ("squared rank correlation",)),
    "explained_by_btc": Statistic(value_and_btc, _explained, BTC_AND_VALUE, scatter=True),
    "exit_lead": Statistic(months_stayed, _lead_of_first, ("months stayed",)),
    "attributes_share": Statistic(what_decides, _share_of_first, ("foresight lost",)),
    "shell_value": Statistic(shells, _mean, ("USD/W",)),
    "early_over_late": Statistic(early_and_late, _first_over_second, ("equity at the end, musd",)),
    "gone_grid_only": Statistic(gone_by_power, _mean, ("share gone by the end of 2028",)),
    "spared_by_generation": Statistic(gone_by_power, _first_less_second, ("share gone by the end of 2028",)),
    "halving_hurts": Statistic(gone_two_by_two, _halving_hurts, ("share gone",)),
    "ai_hurts": Statistic(gone_two_by_two, _ai_hurts, ("share gone",)),
    "together_more": Statistic(gone_two_by_two, _interaction, ("share gone",)),
    "three_clusters": Statistic(strata, _three, ("clusters found",), counts=True),
    "hashprice_rise": Statistic(hashprices, _second_over_first, ("USD/PH/day",)),
    "rent_without_outside": Statistic(rents, _first_less_second, ("USD/kW-month of IT",)),
    "rent_below_with_more": Statistic(rents, _second_less_third, ("USD/kW-month of IT",)),
}
"""By the name of the test in `rules.toml` that asks for it."""
