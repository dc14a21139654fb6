"""Tables on what saved runs and studies hold besides the columns that are declared with the entities."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
import pyarrow as pa
from column_tables import columns
from generated_parts import table

from agents.tables import FIRM, site_columns
from experiments.plans import Plan
from experiments.store import _manifest
from experiments.store_layout import BOOKKEEPING_TYPES

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
    rows = [(f"`{key}`", TYPES.get(type(value), "object"), _told(key)) for key, value in found.items()]
    return table(("key", "type", "meaning"), rows)


def study(plan: Plan, fates: pd.DataFrame, places: pd.DataFrame) -> str:
    """Return what the tables and the manifest of a study hold that a run has not."""
    fates, places = (frame.assign(run=0).loc[:, ["run", *frame]] for frame in (fates, places))
    runs = columns("runs", pa.schema(list(BOOKKEEPING_TYPES.items())).empty_table().to_pandas(), ())
    runs += "\nBehind them, by their names: levers and uncertainties as they were set, and the outcomes.\n"
    parts = [
        ("runs", "A row a run.", runs),
        (
            "fates",
            "A row a miner and run; months count from the first of the run.",
            columns("fates", fates, FIRM),
        ),
        (
            "places",
            "A row a run and US site that was fit for AI in its first month.",
            columns("places", places, site_columns(1)),
        ),
    ]
    text = [f"## {name}/*.parquet\n\n{what}\n\n{rows}" for name, what, rows in parts]
    return "\n".join([*text, f"## manifest.json of a study\n\n{manifest(_manifest(plan))}"])


def _told(key: str) -> str:
    if key not in KEYS:
        raise SystemExit(f"scripts/file_tables.py: the key '{key}' of a manifest has no meaning yet")
    return KEYS[key]
