"""What a person wants to know of a run: the facts as plain data, for `--json` and for the printed summary.

Every number is read off the run's tables; months are text such as "2028-12", nothing that is not known is a
number.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from agents.tables import GONE
from model.manifest import PURPOSE
from model.palette import BASES, SOURCES, USES

if TYPE_CHECKING:
    from model.run import Run

NINE = ("IREN", "CIFR", "RIOT", "CORZ", "MARA", "HUT", "CLSK", "BTDR", "HIVE")
"""The firms at the heart of the source article."""
LOOKED_AT = "2028-12"
"""The month the article's gap is about."""


def summarise(run: Run) -> dict[str, Any]:
    """Return the facts of a run as plain data: text, numbers, lists, dictionaries, None."""
    series = run.series
    months = _months(series)
    facts = {
        "scenario": run.manifest["scenario"],
        "description": run.manifest["description"],
        "seed": run.manifest["seed"],
        "months": len(series),
        "first_month": months[0],
        "last_month": months[-1],
        "purpose": PURPOSE,
        "gap": [_gap(series, month) for month in _moments(months)],
        "megawatts": {pool: _megawatts(series, prefix) for pool, prefix in (("us", "us_"), ("all", ""))},
        "firms": [firm_fate(run, name) for name in heart(run)],
        "concentration": {basis: _concentration(series, basis) for basis in BASES},
        "shakeout": _shakeout(series),
        "rent": _start_and_end(series, "lease_rent_usd_kw_month", "shell_rent_usd_kw_month")
        | _core(series)
        | {"signed": _signed(run.leases)},
        "mining": _start_and_end(
            series, "hashprice_usd_ph_day", "network_hashrate_eh_s", "btc_price_usd", "subsidy_btc"
        ),
        "value": _start_and_end(series, "ev_per_mw", "ev_per_eh", "value_leases_share"),
        "contracts": _start_and_end(series, "contracted_mw", "delivered_mw", "on_time_over_due"),
    }
    return plain(facts)


def heart(run: Run) -> list[str]:
    """Return the nine firms; where own tables lack them, the nine listed ones worth most at first."""
    firms = run.firms
    names = set(firms["firm"])
    if nine := [name for name in NINE if name in names]:
        return nine
    first = firms.loc[(firms["month"] == firms["month"].min()) & (firms["kind"] == "listed")]
    return first.sort_values("enterprise_value", ascending=False)["firm"].head(len(NINE)).to_list()


def firm_fate(run: Run, name: str) -> dict[str, Any]:
    """Return what became of a firm: its megawatts, its value, its first AI lease, its end, and why."""
    firms = run.firms
    panel = firms.loc[firms["firm"] == name]
    last = panel.iloc[-1].to_dict()
    return {
        "firm": name,
        "status": last["status"],
        **{f"{use}_mw": last[f"{use}_mw"] for use in USES},
        "enterprise_value_musd": last["enterprise_value"],
        "ev_per_mw": last["ev_per_mw"],
        "first_lease": _first_lease(run, name),
        "leases_signed": int((_own_leases(run, name) & ~run.leases["at_start"]).sum()),
        "exit": _exit(last),
        "why_not": _why_not(run, name),
    }


def plain(value: Any) -> Any:  # noqa: ANN401
    """Return data that JSON can hold: no numpy, no dates, None for what is not a number."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return plain(value.item()) if isinstance(value, np.generic) else value


def _months(series: pd.DataFrame) -> list[str]:
    return [f"{month:%Y-%m}" for month in series.index]


def _moments(months: list[str]) -> list[str]:
    """Return first month, the end of 2028 and last month, as far as they are different months of the run."""
    return list(dict.fromkeys(month for month in (months[0], LOOKED_AT, months[-1]) if month in months))


def _gap(series: pd.DataFrame, month: str) -> dict[str, Any]:
    row = series.loc[pd.Timestamp(month)]
    sources = {f"delivered_{source}_gw": row[f"delivered_{source}_gw"] for source in SOURCES}
    return {"month": month, "demand_gw": row["demand_gw"], **sources, "gap_gw": row["gap_gw"]}


def _megawatts(series: pd.DataFrame, prefix: str) -> dict[str, Any]:
    names = [*(f"{use}_mw" for use in USES), "secured_mw"]
    return {
        name: {"start": series[prefix + name].iloc[0], "end": series[prefix + name].iloc[-1]}
        for name in names
    }


def _concentration(series: pd.DataFrame, basis: str) -> dict[str, Any]:
    measures = [f"{measure}_{basis}" for measure in ("hhi", "cr4", "gini", "numbers")]
    return _start_and_end(series, *measures)


def _start_and_end(series: pd.DataFrame, *names: str) -> dict[str, Any]:
    return {name: {"start": series[name].iloc[0], "end": series[name].iloc[-1]} for name in names}


def _core(series: pd.DataFrame) -> dict[str, Any]:
    """Return the mean width of the core in the months that had a deal, and the number of deals."""
    width = series["core_width_usd_kw_month"].where(series["leases_signed"] > 0)
    return {"mean_core_width_usd_kw_month": width.mean(), "leases_signed": int(series["leases_signed"].sum())}


def _signed(leases: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return number, gross megawatts and mean rent over the term of the run's new leases, by product."""
    new = leases.loc[~leases["at_start"].astype(bool)]
    signed = {}
    for product, group in new.groupby("product", observed=True, sort=True):
        rent = (group["rent_usd_kw_month"] * group["it_mw"]).sum() / group["it_mw"].sum()
        signed[str(product)] = {
            "leases": len(group),
            "gross_mw": group["gross_mw"].sum(),
            "mean_rent_usd_kw_month": rent,
        }
    return signed


def _shakeout(series: pd.DataFrame) -> dict[str, Any]:
    counts = ("exits", "mergers", "liquidations", "closures", "chapter11_filings", "entries")
    alive = series["firms_alive"]
    return {
        "firms_at_start": int(alive.iloc[0] + series["exits"].iloc[0] - series["entries"].iloc[0]),
        "firms_at_end": int(alive.iloc[-1]),
        "fewest_firms": int(alive.min()),
        "fewest_firms_month": f"{alive.idxmin():%Y-%m}",
        **{name: int(series[name].sum()) for name in counts},
    }


def _own_leases(run: Run, name: str) -> pd.Series:
    return run.leases["lessor"] == name


def _first_lease(run: Run, name: str) -> dict[str, Any] | None:
    own = run.leases.loc[_own_leases(run, name)]
    if own.empty:
        return None
    lease = own.sort_values("signed", kind="stable").iloc[0].to_dict()
    return {
        "month": f"{lease['signed']:%Y-%m}",
        "product": lease["product"],
        "gross_mw": lease["gross_mw"],
        "it_mw": lease["it_mw"],
        "rent_usd_kw_month": lease["rent_usd_kw_month"],
        "tenant": lease["tenant"],
        "before_the_run": bool(lease["at_start"]),
        "status": lease["status"],
        "worth": _worth(run, name, lease),
    }


def _worth(run: Run, name: str, lease: dict[str, Any]) -> dict[str, Any] | None:
    """Return what the firm reckoned the deal and mining on to be worth when it signed."""
    events = run.events
    same = (events["kind"] == "decision") & (events["firm"] == name) & (events["outcome"] == "signed")
    same &= (events["month"] == lease["signed"]) & (events["site"] == lease["site"])
    if lease["at_start"] or not same.any():
        return None
    decision = events.loc[same].iloc[0].to_dict()
    chosen = decision[f"value_{lease['product']}"]
    return {
        "lease_musd_mw": chosen,
        "mining_musd_mw": decision["value_mine"],
        "hurdle_musd_mw": decision["hurdle"],
    }


def _exit(last: dict[str, Any]) -> dict[str, Any] | None:
    if last["status"] not in GONE:
        return None
    return {
        "month": f"{last['exit_month']:%Y-%m}",
        "reason": last["status"],
        "by": last["acquired_by"] or None,
    }


def _why_not(run: Run, name: str) -> dict[str, Any] | None:
    """Return the commonest reason for which the firm's reviewed blocks stayed with mining, and its share."""
    events = run.events
    own = events.loc[
        (events["kind"] == "decision") & (events["firm"] == name) & (events["outcome"] != "signed")
    ]
    if own.empty:
        return None
    counts = own["outcome"].value_counts()
    return {
        "outcome": str(counts.index[0]),
        "share": float(counts.iloc[0] / counts.sum()),
        "reviews": len(own),
    }
