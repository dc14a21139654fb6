"""Tables on what saved runs and studies hold besides the columns that are declared with the entities."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
from generated_parts import table

from experiments.fates import OPENING, STANDING
from experiments.plans import Plan
from experiments.store import _manifest
from experiments.store_layout import BOOKKEEPING_TYPES

HOLDINGS = {
    "secured_mw": "all megawatts",
    "energised_mw": "energised megawatts",
    "hash_eh_s": "hash of all machines, EH/s",
    "contracted_share": "share of the megawatts let or promised",
    "grid_share": "share of the megawatts that pays the hourly price",
    "own_share": "share of the megawatts with generation of its own",
    "us_share": "share of the megawatts in the United States",
    "fit_mw": "megawatts of US sites fit for AI",
    "mining_mw": "megawatts that mine",
    "idle_mw": "megawatts without a use",
    "building_mw": "megawatts being built for AI",
    "subleased_mw": "megawatts let as powered shell",
    "converted_mw": "megawatts of AI halls and GPU clouds",
    "pipeline_mw": "megawatts not yet energised",
    "enterprise_value": "enterprise value, musd",
    "equity_value": "value of the equity, musd",
}
MEANINGS = {
    "run": "number of the run",
    "point": "number of the scenario, a row of `points.parquet`",
    "sample": "number of the draw of the uncertainties",
    "replication": "number of the seed among those of the draw",
    "seed": "seed of the run",
    "key": "hash of scenario, seed and code",
    "status": "SUCCEEDED or FAILED",
    "error": "what went wrong, in a line",
    "traceback": "where it went wrong",
    "seconds": "how long the run took",
    "firm": "name of the miner",
    "kind": "listed or private",
    "entry_month": "month it entered, 0 if it was there",
    "exit_month": "month it left, -1 if it did not",
    "gone": "whether it left",
    "reason": "how it left",
    "follows": "rule it decides by",
    "duration": "months it was there",
    "all_in_cost": "cost of mining, everything counted, USD/MWh",
    "first_lease_month": "month it first signed a lease in the run, -1 if never",
    "leases_signed": "leases it signed in the run",
    "equity_end": "value of its equity at the end, musd",
    "site": "name of the site",
    "owner": "firm that owns it",
    "region": "grid region",
    "tenure": "owned, leased or hosted",
    "contract": "power contract",
    "stage": "of a pipeline: how far it is",
    "secured_mw": "all megawatts",
    "energised_mw": "energised megawatts",
    "power_cost": "power cost, USD/MWh",
    "months_to_power": "months until it is energised",
    "let_mw_2028": "gross megawatts let in the run by the end of 2028",
    **{name: f"{meaning}, in the first month" for name, meaning in HOLDINGS.items() if name in OPENING},
    **{f"{name}_2028": f"{HOLDINGS[name]}, at the end of 2028" for name in STANDING},
}
KEYS = {
    "format": "what the folder is",
    "format_version": "layout of the folder",
    "purpose": "what results are for",
    "scenario": "name of the scenario, in a study of the one it starts from",
    "description": "in words",
    "seed": "seed of all random numbers",
    "months": "months computed",
    "first_month": "first month",
    "last_month": "last month",
    "keep": "which tables were recorded",
    "parameter_hash": "digest of all parameters",
    "parameters": "every parameter, by dotted name",
    "started": "when the run began, UTC",
    "wall_seconds": "how long it took",
    "results_version": "raised whenever the same scenario and seed give other numbers",
    "code_version": "digest of the code and tables that decide what a run computes",
    "versions": "of Python, Gridrush and the packages results depend on",
    "platform": "operating system",
    "processor": "kind and vector instructions: last digits depend on them",
    "git": "revision of the checkout and whether it was clean, null outside one",
    "lock": "digest of the lock file, and packages not as it has them",
    "tables": "rows and column types of every table",
    "study": "name of the study",
    "digest": "digest of the study",
    "design": "kind of design",
    "points": "scenarios",
    "replications": "seeds a scenario",
    "first_seed": "first of the seeds",
    "common_random_numbers": "whether all scenarios share seeds",
    "runs": "runs in all",
    "made": "when the store was made, UTC",
    "sessions": "who worked on it, when, where",
}
TYPES = {bool: "true or false", int: "integer", float: "number", str: "text", list: "list", dict: "object"}


def manifest(found: Mapping[str, Any]) -> str:
    """Return the keys of a manifest."""
    rows = [(f"`{key}`", TYPES.get(type(value), "object"), _told(KEYS, key)) for key, value in found.items()]
    return table(("key", "type", "meaning"), rows)


def study(plan: Plan, fates: pd.DataFrame, places: pd.DataFrame) -> str:
    """Return what the tables and the manifest of a study hold that a run has not."""
    runs = [(f"`{name}`", _told(MEANINGS, name)) for name in BOOKKEEPING_TYPES]
    runs += [("by their names", "levers and uncertainties as they were set, and the outcomes")]
    run = ("`run`", MEANINGS["run"])
    parts = [
        ("runs", "A row a run.", runs),
        ("fates", "A row a miner and run; months count from the first of the run.", [run, *_rows(fates)]),
        ("places", "A row a run and US site that was fit for AI in its first month.", [run, *_rows(places)]),
    ]
    head = ("column", "meaning")
    text = [f"## {name}/*.parquet\n\n{what}\n\n{table(head, rows)}" for name, what, rows in parts]
    return "\n".join([*text, f"## manifest.json of a study\n\n{manifest(_manifest(plan))}"])


def _rows(frame: pd.DataFrame) -> Iterable[tuple[str, str]]:
    return [(f"`{name}`", _told(MEANINGS, name)) for name in frame.columns]


def _told(meanings: Mapping[str, str], name: str) -> str:
    if name not in meanings:
        raise SystemExit(f"scripts/file_tables.py: '{name}' has no meaning yet")
    return meanings[name]
