"""What the documentation shows: each figure and table with the pages it is on and how it is made."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from experiments.figures import save_summary
from model.run import Run
from model.run import run as run_scenario

if TYPE_CHECKING:
    from experiments.validation.report import Findings

SEED = 75
"""The seed that `make run` shows."""
MONTHS = ("2025-11", "2028-12", "2032-12")
RESULTS = (
    "demand_gw",
    "delivered_grid_gw",
    "delivered_onsite_gw",
    "delivered_miners_gw",
    "gap_gw",
    "us_mining_mw",
    "us_subleased_mw",
    "us_converted_mw",
    "firms_alive",
    "lease_rent_usd_kw_month",
    "btc_price_usd",
    "hashprice_usd_ph_day",
    "network_hashrate_eh_s",
    "hhi_hash",
    "hhi_ai",
)
DRAWN = (
    "delivered_grid_gw",
    "delivered_onsite_gw",
    "delivered_miners_gw",
    "demand_gw",
    "gap_gw",
    "us_mining_mw",
    "us_idle_mw",
    "us_building_mw",
    "us_subleased_mw",
    "us_converted_mw",
    "firms_alive",
    "hhi_hash",
    "hhi_mw",
    "hhi_ai",
    "hhi_value",
    "subsidy_btc",
    "hashprice_usd_ph_day",
    "network_hashrate_eh_s",
)
JUDGED = (
    "part",
    "check",
    "value",
    "interval_low",
    "interval_high",
    "target_low",
    "target_high",
    "unit",
    "record",
    "verdict",
    "cause_or_note",
)
PATHS = ("hash_eh_s", "model_hash_eh_s", "hashprice", "model_hashprice")


class Made(NamedTuple):
    """An exhibit as made now: tables by name, and drawings into a file by name."""

    tables: dict[str, pd.DataFrame]
    drawings: dict[str, Callable[[Path], object]]


class Exhibit(NamedTuple):
    """Something the documentation shows."""

    name: str
    what: str
    pages: tuple[str, ...]
    make: Callable[[Path, int], Made]
    """From a folder to work in and a number of processes."""
    slow: bool = False


def results(_aside: Path, _workers: int) -> Made:
    """Return the table of results: three months of the run that `make run` shows."""
    series = _shown().series
    months = pd.DatetimeIndex([pd.Timestamp(month) for month in MONTHS])
    return Made({"results": _by_month(series.loc[months], RESULTS)}, {})


def summary(_aside: Path, _workers: int) -> Made:
    """Return the picture of that run, and every number it draws."""
    shown = _shown()
    tables = {"summary": _by_month(shown.series, DRAWN)}
    return Made(tables, {"summary": partial(_draw, shown)})


def validation(aside: Path, workers: int) -> Made:
    """Return the verdicts of the validation and what they rest on, which two pages quote and show."""
    from experiments.cli_validate import REPLICATIONS, findings, progress

    with progress("validation") as told:
        return made_of(findings(REPLICATIONS, False, workers, told))


def made_of(found: Findings) -> Made:
    """Return the tables and drawings of a validation that the documentation shows."""
    from experiments.validation.backtests import EVENTS
    from experiments.validation.checks import table
    from experiments.validation.drawings import DOTS, figures
    from experiments.validation.history import FIT_WINDOWS, WHOLE

    history, drawn = found.backtests, figures(found)
    tables = {
        "checks": pd.DataFrame(table(found.checks)[list(JUDGED)]),
        "ablations": found.ablations,
        "sizes": found.sizes,
        "rolling_errors": history.errors,
        "cross_scores": history.scores.reset_index(),
        "backtest_events": _paths(history.paths, [window.name for window in EVENTS]),
        "backtest_free_runs": _paths(history.paths, [window.name for window in (*FIT_WINDOWS, WHOLE)]),
    }
    shown = [name for name in drawn if name in tables]
    return Made(tables, {name: partial(drawn[name].savefig, dpi=DOTS) for name in shown})


def _paths(paths: Mapping[str, pd.DataFrame], windows: Sequence[str]) -> pd.DataFrame:
    """Return hash and hashprice through windows of the record, simulated beside recorded."""
    rows = pd.concat({name: paths[name][list(PATHS)] for name in windows}, names=["window"]).reset_index()
    return rows.astype({"month": str})


def claims(aside: Path, workers: int) -> Made:
    """Return what was measured for each claim of the source article, the verdicts, and the pictures."""
    from experiments.claims.report import TABLE
    from experiments.cli_claims import claims_and_report

    report = aside / "report"
    claims_and_report(report, workers, False, None)
    drawings: dict[str, Callable[[Path], object]] = {
        f"claims/{path.stem}": partial(shutil.copy, path) for path in sorted(report.glob("*.png"))
    }
    return Made({"claims": pd.read_csv(report / f"{TABLE}.csv")}, drawings)


CLAIMS = Exhibit("claims", "verdicts on the source article", ("docs/claims.md",), claims, slow=True)
EXHIBITS = (
    Exhibit("results", "table of results", ("README.md", "README.zh.md", "docs/index.md"), results),
    Exhibit("summary", "picture of one run", ("README.md", "README.zh.md", "docs/index.md"), summary),
    Exhibit(
        "validation",
        "checks, misses and ablations",
        ("docs/validation.md", "docs/limitations.md"),
        validation,
        slow=True,
    ),
    CLAIMS,
)


def _shown() -> Run:
    return run_scenario("reference", SEED, keep="series")


def _draw(shown: Run, path: Path) -> None:
    save_summary(shown, path)


def _by_month(series: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    months = pd.Series([f"{month:%Y-%m}" for month in series.index], name="month")
    return pd.concat([months, pd.DataFrame(series[list(columns)]).reset_index(drop=True)], axis=1)
