"""Refinement of the time step: the whole model in ticks of half a month, beside the model as it is.

The model counts in months. Here everything that says how long a month is is restated for the half of one:
the parameters by their units, the two columns of the tables that count months, the record of hashprices, and
the constants of the modules. Both run on a constant price of bitcoin, so that they differ by what chance
draws else, and by what a month leaves out. Deals a buyer can negotiate in a tick are a whole number and stay.
"""

from __future__ import annotations

import math
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from agents.compiled import compiled_anew, compiled_functions
from experiments.validation.checks import OURS, Check
from experiments.validation.ensembles import WORKERS, Told, quiet
from model import expectations, machine_market, setup
from model.baseline_tables import SHIPPED
from model.calendar import Calendar
from model.parameter_table import parameters
from model.run import run
from model.scenario import Scenario

PART = "refinement"
TICKS = 2
"""Ticks in a month."""
CONSTANTS = {
    "MONTHS": 12,
    "HOURS_PER_MONTH": 730.5,
    "SECONDS_PER_MONTH": 730.5 * 3600.0,
    "QUARTER": 3,
    "CREDIT_START": 24,
    "INSTABILITY_MONTHS": 12,
    "ORDER_HISTORY": 36,
}
"""What modules call the length of a month, or spans of months, and what it is."""
LONGER = ("MONTHS", "QUARTER", "CREDIT_START", "INSTABILITY_MONTHS", "ORDER_HISTORY")
COUNTED = {"overhead_musd_per_month": 1.0 / TICKS, "lead_time_months": float(TICKS)}
"""Columns of the tables that count months, and by how much their numbers change."""
OUTCOMES = {
    "gap_gw": 0.25,
    "delivered_miners_gw": 0.25,
    "ai_mw": 0.10,
    "lease_rent_usd_kw_month": 0.10,
    "network_hashrate_eh_s": 0.10,
    "hashprice_usd_ph_day": 0.10,
    "firms_alive": 0.10,
    "hhi_mw": 0.25,
}
"""Outcomes compared, and the relative difference that is still called convergence."""
DATES = {"end of 2028": 37, "end of 2032": 85}
"""Months at which they are compared."""
CONSTANT_PRICE = {"bitcoin.price_process": "constant"}


def whole_refinement(
    seeds: Sequence[int], workers: int = WORKERS, told: Told = quiet
) -> tuple[pd.DataFrame, list[Check]]:
    """Return outcomes in months and in half months, means over seeds, and how far they differ."""
    found = []
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for row in pool.map(both, seeds):
            found.append(row)
            told("half months", len(found), len(seeds))
    runs = pd.DataFrame(found)
    rows, checks = [], []
    for name, allowed in OUTCOMES.items():
        for when in DATES:
            month, half = (runs[f"{name} {when} {step}"].to_numpy() for step in ("month", "half"))
            off = (half - month) / month.mean()
            mean, reach = float(off.mean()), 1.96 * float(off.std(ddof=1)) / math.sqrt(len(off))
            rows.append(
                {"outcome": name, "when": when, "in months": month.mean(), "in half months": half.mean()}
                | {"difference": mean, "low": mean - reach, "high": mean + reach}
            )
            checks.append(
                Check(PART, f"{name}, {when}: half months against months", mean, -allowed, allowed, "share",
                      interval=(mean - reach, mean + reach), source=OURS, look="half_months.csv",
                      cause=f"mean over {len(off)} seeds on a constant price; streams are drawn by tick")
            )  # fmt: skip
    return pd.DataFrame(rows), checks


def both(seed: int) -> dict[str, float]:
    """Run one seed both ways and return its outcomes."""
    usual = run(Scenario().with_values(**CONSTANT_PRICE), seed, keep="series").series
    finer = in_half_months(seed)
    row = {}
    for name in OUTCOMES:
        for when, month in DATES.items():
            row[f"{name} {when} month"] = float(usual[name].iloc[month])
            row[f"{name} {when} half"] = float(finer[name].iloc[TICKS * (month + 1) - 1])
    return row


def in_half_months(seed: int) -> pd.DataFrame:
    """Return the series of a reference run in ticks of half a month, one row a tick."""
    with tempfile.TemporaryDirectory() as folder, _half_months():
        values = CONSTANT_PRICE | restated() | {"population.data_folder": _restated_tables(Path(folder))}
        return run(Scenario().with_values(**values), seed, keep="series").series


def restated() -> dict[str, Any]:
    """Return the parameters of the reference per tick instead of per month."""
    found = {}
    for name, parameter in parameters().items():
        new = _per_tick(name, parameter.unit, parameter.default)
        if new is not None and not math.isclose(new, parameter.default, rel_tol=1e-12):
            found[name] = new
    return found


def _per_tick(name: str, unit: str, value: Any) -> Any:  # noqa: ANN401
    """Return a parameter per tick; None for one that does not count months."""
    if value is None or name == "horizon.start":
        return None
    if unit in ("months", "month"):
        return type(value)(value * TICKS)
    if unit == "1/month":
        return 1.0 - (1.0 - value) ** (1.0 / TICKS)
    if unit in ("share/month", "firms/month"):
        return value / TICKS
    if unit == "log sd/month":
        # The price of energy returns to its mean, and has to be spread around it as before.
        kept = 1.0 - Scenario().power.energy_reversion
        return value * math.sqrt((1.0 - kept ** (2.0 / TICKS)) / (1.0 - kept**2))
    return None


def _restated_tables(folder: Path) -> str:
    for path in SHIPPED.glob("*.csv"):
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
        for column in COUNTED.keys() & set(frame.columns):
            frame[column] = [repr(float(cell) * COUNTED[column]) if cell else cell for cell in frame[column]]
        frame.to_csv(folder / path.name, index=False)
    return str(folder)


@contextmanager
def _half_months() -> Iterator[None]:
    """Let the model take half a month for a tick inside the block."""
    # A module that is loaded later would keep its months.
    import_module("model.industry")
    month, hashprices, hashes = Calendar.month, expectations.hashprice_record, expectations.hash_record

    patches: list[Any] = [patch.object(Calendar, "month", lambda self, text: TICKS * month(self, text))]
    for module in (expectations, machine_market, setup):
        for name, record in (("hashprice_record", hashprices), ("hash_record", hashes)):
            if hasattr(module, name):
                patches.append(patch.object(module, name, _repeated(record)))
    patches += [patch.object(module, name, value) for module, name, value in _constants()]
    patches.append(patch("model.ledger.MONTHS_REMEMBERED", 12 * TICKS - 1))
    patches += [
        patch.object(module, name, _restated_loop(loop, TICKS)) for module, name, loop in compiled_functions()
    ]
    with ExitStack() as stack:
        for each in patches:
            stack.enter_context(each)
        yield


def _repeated(record: Callable[..., list[float]]) -> Callable[..., list[float]]:
    return lambda *args: np.repeat(record(*args), TICKS).tolist()


@cache
def _restated_loop(loop: Callable[..., Any], ticks: int) -> Callable[..., Any]:
    # It is compiled when first called, and so with the constants that hold for so many ticks a month.
    return compiled_anew(loop)


def _constants() -> list[tuple[Any, str, Any]]:
    """Return module, name and restated value of every constant of the model that counts months."""
    found = []
    for module_name, module in list(sys.modules.items()):
        if not module_name.startswith(("model.", "agents.")):
            continue
        for name, usual in CONSTANTS.items():
            value = vars(module).get(name)
            if isinstance(value, int | float) and value == usual:
                new = value * TICKS if name in LONGER else value / TICKS
                found.append((module, name, type(value)(new)))
    return found
