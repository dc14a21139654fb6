"""What became of each firm of a run: a row a firm, with what it held in the first month.

Survival is judged on what a firm was before anything happened (its megawatts, its power contracts, its AI
contracts), never on what it did later, so that nobody looks safe for having lived long enough to sign.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

MINERS = ("listed", "private")
NEVER = -1
GONE = ("acquired", "liquidated")
AI_USES = ("building_mw", "subleased_mw", "converted_mw")
OPENING = (
    *("secured_mw", "energised_mw", "hash_eh_s", "contracted_share", "grid_share", "own_share", "us_share"),
)
COLUMNS = {
    "firm": "str",
    "kind": "str",
    "entry_month": "int64",
    "exit_month": "int64",
    "gone": "bool",
    "reason": "str",
    "duration": "int64",
    "all_in_cost": "float64",
    **dict.fromkeys(OPENING, "float64"),
    "first_lease_month": "int64",
    "leases_signed": "int64",
}
"""Months count from the first of the run; -1 means never. Shares are of the secured megawatts."""


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
    return table.join(by_owner.div(held, axis=0))


def fates(
    opening: pd.DataFrame, firms: pd.DataFrame, leases: pd.DataFrame, first: pd.Timestamp
) -> pd.DataFrame:
    """Return the fate of every miner of the run.

    Args:
        opening: Holdings in the first month.
        firms: The panel of firms in the last month.
        leases: All leases.
        first: The first month of the run.
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
        # Who leaves in the month of entry has still been there for part of it.
        "duration": np.maximum(np.where(gone, left, last + 1) - entered, 1),
        "all_in_cost": miners["all_in_cost"].astype(float),
    }
    table = pd.DataFrame(columns).join(opening[list(OPENING)], on="firm")
    signed = leases[~leases["at_start"]].groupby("lessor")["signed"].agg(["min", "size"])
    signed = signed.reindex(miners["firm"]).reset_index(drop=True)
    table["first_lease_month"] = months_since(signed["min"], first)
    table["leases_signed"] = signed["size"].fillna(0).astype("int64")
    return table[list(COLUMNS)]


def months_since(dates: pd.Series, first: pd.Timestamp) -> np.ndarray:
    """Return whole months from the first month of the run; -1 for dates that never came."""
    dates = pd.to_datetime(dates)
    months = (dates.dt.year - first.year) * 12 + dates.dt.month - first.month
    return months.fillna(NEVER).astype("int64").to_numpy()
