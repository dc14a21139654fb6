"""What a run leaves of the patterns of MODEL 8: one number each, or the counts to be pooled over runs."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from agents.tables import GONE
from model.run import Run

YEAR = 12
LAGS = 24
"""Months after a peak or a low that are looked at."""
DEEP = 0.6
"""A price peak counts when the price falls below this share of it within a year and a half."""
Column = Any
MINERS = ("listed", "private")


def footprint(run: Run) -> dict[str, Any]:
    """Return every pattern's number in a run of the reference scenario."""
    series, events = run.series, run.events
    miners = run.firms.loc[run.firms["kind"].isin(MINERS)]
    return (
        {"cox_all_in_cost": cox(miners, series.index)}
        | _mining(series)
        | _after_peaks(series)
        | _after_lows(series)
        | _reorganised(miners, events)
        | _deliveries(series)
        | _values(series, miners)
        | {"rent_2028_usd_kw_month": at_2028(series, "lease_rent_usd_kw_month"),
           "signed_mw": float(series["signed_mw"].sum())}
    )  # fmt: skip


def at_2028(series: pd.DataFrame, name: str) -> float:
    """Return a column at the end of 2028."""
    return float(series[name].to_numpy()[series.index.get_indexer([pd.Timestamp("2028-12")])[0]])


def cox(miners: pd.DataFrame, months: pd.Index) -> float:
    """Return the Cox coefficient of a standard deviation of all-in cost on the hazard of exit."""
    from lifelines import CoxPHFitter

    last = miners.drop_duplicates("firm", keep="last")
    born = np.maximum(months.get_indexer(last["entry_month"]), 0)
    gone = last["exit_month"].notna().to_numpy() & (last["exit_reason"] != "").to_numpy()
    end = np.where(gone, months.get_indexer(last["exit_month"]), len(months) - 1)
    cost = last["all_in_cost"].to_numpy()
    frame = pd.DataFrame(
        {"cost": (cost - cost.mean()) / cost.std(), "time": np.maximum(end - born, 0.5), "gone": gone}
    )
    if gone.sum() < 3:
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(CoxPHFitter().fit(frame, "time", "gone").params_["cost"])


def _mining(series: pd.DataFrame) -> dict[str, float]:
    reward = _yearly(series["btc_mined"] * series["btc_price_usd"])
    hashprice = np.log(series["hashprice_usd_ph_day"].to_numpy())
    running = (1.0 - series["off_share"]) / (1.0 - series["under_water_share"])
    curtailed = 1.0 - running.to_numpy()
    return {
        "hhi_slope": _slope(reward, _yearly(series["hhi_hash"])),
        "hash_elasticity": _slope(reward, _yearly(series["network_hashrate_eh_s"])),
        "curtailment_slope": _slope(hashprice, curtailed),
        "off_slope": _slope(hashprice, series["off_share"].to_numpy()),
    }


def _yearly(column: Column) -> np.ndarray:
    """Return yearly changes of the log."""
    logs = np.log(column.to_numpy())
    return logs[YEAR:] - logs[:-YEAR]


def _slope(x: np.ndarray, y: np.ndarray) -> float:
    sound = np.isfinite(x) & np.isfinite(y)
    if sound.sum() < 3 or x[sound].std() == 0.0:
        return float("nan")
    return float(np.polyfit(x[sound], y[sound], 1)[0])


def turns(values: np.ndarray, sign: float, reach: int = YEAR) -> np.ndarray:
    """Return where values are highest (sign 1) or lowest (sign -1) of all within a year either way."""
    values = sign * values
    inner = range(3, len(values) - 3)
    found = [n for n in inner if values[n] == values[max(0, n - reach) : n + reach + 1].max()]
    return np.array(found, dtype=int)


def _after_peaks(series: pd.DataFrame) -> dict[str, Any]:
    """Return failures by month after each deep price peak, summed over the peaks."""
    price = series["btc_price_usd"].to_numpy()
    failures = (series["chapter11_filings"] + series["liquidations"]).to_numpy()
    counts, peaks = np.zeros(LAGS + 1), 0
    for peak in turns(price, 1.0):
        if peak + LAGS >= len(price) or price[peak : peak + 19].min() > DEEP * price[peak]:
            continue
        counts += failures[peak : peak + LAGS + 1]
        peaks += 1
    return {"failures_after_peaks": counts.tolist(), "peaks": peaks}


def _after_lows(series: pd.DataFrame) -> dict[str, float]:
    """Return how much likelier deals are in the year after a low of hashprice than at other times."""
    hashprice, deals = series["hashprice_usd_ph_day"].to_numpy(), series["mergers"].to_numpy()
    after = np.zeros(len(deals), dtype=bool)
    for low in turns(hashprice, -1.0):
        after[low : low + YEAR + 1] = True
    bids = float(series["bids"].sum())
    return {
        "deals_after_lows": float(deals[after].sum()),
        "months_after_lows": float(after.sum()),
        "deals_else": float(deals[~after].sum()),
        "months_else": float((~after).sum()),
        "failed_bids": float(series["bids_failed"].sum()) / bids if bids else float("nan"),
    }


def _reorganised(miners: pd.DataFrame, events: pd.DataFrame) -> dict[str, float]:
    filed = events["firm"].to_numpy()[(events["kind"] == "chapter11").to_numpy()]
    last = miners.drop_duplicates("firm", keep="last")
    last = last.loc[np.isin(last["firm"].to_numpy(dtype=str), filed.astype(str))]
    alive = last.loc[~last["status"].isin(GONE)]
    ai = alive["building_mw"] + alive["subleased_mw"] + alive["converted_mw"]
    return {
        "reorganised": float(len(last)),
        "reorganised_alive": float(len(alive)),
        "reorganised_converted": float((ai > 0.0).sum()),
    }


def _deliveries(series: pd.DataFrame) -> dict[str, float]:
    return {"on_time": float(series["on_time_over_due"].iloc[-1])}


def _values(series: pd.DataFrame, miners: pd.DataFrame) -> dict[str, float]:
    ratio = (series["ev_per_contracted_mw"] / series["ev_per_uncontracted_mw"]).loc[:"2028-12"]
    listed = miners.loc[miners["listed"]]
    months = sorted(listed["month"].unique())
    first, later = (_explained(listed.loc[listed["month"] == month]) for month in (months[0], months[-1]))
    return {
        "ev_ratio": float(ratio.replace([np.inf, -np.inf], np.nan).median()),
        "ev_ratio_start": float(ratio.iloc[0]),
        "hash_over_mw_first": first,
        "hash_over_mw_later": later,
    }


def _explained(firms: pd.DataFrame) -> float:
    """Return squared correlation of value with hash less that with secured megawatts, over firms alive."""
    alive = firms.loc[~firms["status"].isin(GONE)]
    if len(alive) < 3:
        return float("nan")
    value = alive["enterprise_value"].to_numpy()
    return _fit(alive["hash_eh_s"].to_numpy(), value) - _fit(alive["secured_mw"].to_numpy(), value)


def _fit(x: np.ndarray, y: np.ndarray) -> float:
    if x.std() == 0.0 or y.std() == 0.0:
        return 0.0
    return float(np.corrcoef(x, y)[0, 1] ** 2)
