"""What became of each firm of a run, and of each site fit for AI: with what it was in the first month.

Survival is judged on what a firm was before anything happened (its megawatts, its power contracts, its AI
contracts), never on what it did later, so that nobody looks safe for having lived long enough to sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from agents.tables import GONE
from experiments.outcomes import ARTICLE_END

MINERS = ("listed", "private")
NEVER = -1
AI_USES = ("building_mw", "subleased_mw", "converted_mw")
OPENING = (
    *("secured_mw", "energised_mw", "hash_eh_s", "contracted_share", "grid_share", "own_share", "us_share"),
    "fit_mw",
)
USES = ("mining_mw", "idle_mw", *AI_USES, "pipeline_mw")
STANDING = (*USES, "hash_eh_s", "enterprise_value", "equity_value")
PLACE = ("owner", "region", "tenure", "contract", "stage", "secured_mw", "energised_mw", "power_cost")
COLUMNS = {
    "firm": "str",
    "kind": "str",
    "entry_month": "int64",
    "exit_month": "int64",
    "gone": "bool",
    "reason": "str",
    "follows": "str",
    "duration": "int64",
    "all_in_cost": "float64",
    **dict.fromkeys(OPENING, "float64"),
    "first_lease_month": "int64",
    "leases_signed": "int64",
    "equity_end": "float64",
    **{f"{name}_2028": "float64" for name in STANDING},
}
"""Months count from the first of the run; -1 means never. Shares are of the secured megawatts, `fit_mw` are
those of US sites fit for AI; `_2028` is at the end of 2028, not a number for runs that do not get there."""


def opening_holdings(firms: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return what each miner holds in the first month, by firm."""
    miners = firms.loc[firms["kind"].isin(MINERS)].set_index("firm")
    held = miners["secured_mw"].where(miners["secured_mw"] > 0)
    weights = sites["secured_mw"]
    marks = {
        "grid_share": weights.where(sites["contract"] == "grid", 0.0),
        "own_share": weights.where(sites["contract"] == "own", 0.0),
        "us_share": weights.where(sites["us"], 0.0),
    }
    by_owner = pd.DataFrame(marks).groupby(sites["owner"]).sum().reindex(miners.index, fill_value=0.0)
    table = miners[["secured_mw", "energised_mw", "hash_eh_s"]].copy()
    table["contracted_share"] = (miners[list(AI_USES)].sum(axis=1) / held).fillna(0.0)
    table = table.join(by_owner.div(held, axis=0))
    fit = weights.loc[sites["us"] & sites["convertible"]].groupby(sites["owner"]).sum()
    return table.assign(fit_mw=fit.reindex(miners.index, fill_value=0.0))


def standing(firms: pd.DataFrame) -> pd.DataFrame:
    """Return what each miner holds and is worth in the last month of a panel, by firm."""
    now = firms.loc[(firms["month"] == firms["month"].max()) & firms["kind"].isin(MINERS)]
    return now.set_index("firm")[list(STANDING)].add_suffix("_2028")


def places(sites: pd.DataFrame, leases: pd.DataFrame, first: pd.Timestamp) -> pd.DataFrame:
    """Return every US site fit for AI in the first month: what it was, and what was let there in the run.

    Args:
        sites: The panel of sites in the first month.
        leases: All leases of the run.
        first: The first month of the run.
    """
    table = sites.loc[sites["us"] & sites["convertible"], ["site", *PLACE]].reset_index(drop=True)
    wait = months_since(sites.loc[:, "energisation"], first)
    table["months_to_power"] = wait[(sites["us"] & sites["convertible"]).to_numpy()]
    signed = leases.loc[~leases["at_start"]]
    by_end = signed.loc[signed["signed"] <= ARTICLE_END].groupby("site")["gross_mw"].sum()
    table["let_mw_2028"] = by_end.reindex(table["site"], fill_value=0.0).to_numpy()
    return table


def fates(
    opening: pd.DataFrame,
    firms: pd.DataFrame,
    leases: pd.DataFrame,
    first: pd.Timestamp,
    middle: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the fate of every miner of the run.

    Args:
        opening: Holdings in the first month.
        firms: The panel of firms in the last month.
        leases: All leases.
        first: The first month of the run.
        middle: What firms held at the end of 2028, from `standing`, if the run goes beyond it.
    """
    miners = firms.loc[firms["kind"].isin(MINERS)].reset_index(drop=True)
    last = months_since(miners["month"], first)
    entered = months_since(miners["entry_month"], first)
    gone = miners["status"].isin(GONE)
    left = np.where(gone, months_since(miners["exit_month"], first), NEVER)
    columns = {
        "firm": miners["firm"],
        "kind": miners["kind"],
        "entry_month": entered,
        "exit_month": left,
        "gone": gone,
        "reason": miners["status"].where(gone, ""),
        "follows": miners["strategy"].astype(str),
        # The month in which a firm leaves, at its end, is one it was there for.
        "duration": np.where(gone, left, last) + 1 - entered,
        "all_in_cost": miners["all_in_cost"].astype(float),
    }
    columns |= _signings(leases, miners["firm"], first)
    columns["equity_end"] = miners["equity_value"].astype(float)
    table = pd.DataFrame(columns).join(opening[list(OPENING)], on="firm")
    table = table.join(_at_article_end(firms) if middle is None else middle, on="firm")
    return table.loc[:, list(COLUMNS)]


def _signings(leases: pd.DataFrame, firms: pd.Series, first: pd.Timestamp) -> dict[str, Any]:
    """Return when each firm first signed a lease in the run, and how many."""
    signed = leases[~leases["at_start"]].groupby("lessor")["signed"].agg(["min", "size"])
    signed = signed.reindex(firms).reset_index(drop=True)
    counts = signed.loc[:, "size"].fillna(0).astype("int64")
    return {"first_lease_month": months_since(signed.loc[:, "min"], first), "leases_signed": counts}


def _at_article_end(firms: pd.DataFrame) -> pd.DataFrame:
    """Return what firms hold at the end of a run that ends in that month, and nobody for any other."""
    ends_there = firms["month"].max() == pd.Timestamp(ARTICLE_END)
    return standing(firms if ends_there else firms.iloc[:0])


def months_since(dates: pd.Series, first: pd.Timestamp) -> np.ndarray:
    """Return whole months from the first month of the run; -1 for dates that never came."""
    dates = pd.to_datetime(dates)
    months = (dates.dt.year - first.year) * 12 + dates.dt.month - first.month
    return months.fillna(NEVER).astype("int64").to_numpy()
