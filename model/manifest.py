"""What is written down beside the results so that anybody can tell how they came about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from model.provenance import begun, provenance

if TYPE_CHECKING:
    import pandas as pd

    from model.scenario import Scenario

FORMAT = "gridrush run"
FORMAT_VERSION = 1
PURPOSE = (
    "Explanation and scenario exploration; never a forecast of a named company, and no investment advice."
)


def manifest(
    scenario: Scenario, seed: int, keep: str, seconds: float, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Any]:
    """Return the manifest of a run that took so many seconds and has just ended."""
    months = [f"{month:%Y-%m}" for month in tables["series"].index]
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "purpose": PURPOSE,
        "scenario": scenario.name,
        "description": scenario.description,
        "seed": seed,
        "months": len(months),
        "first_month": months[0] if months else "",
        "last_month": months[-1] if months else "",
        "keep": keep,
        "parameter_hash": scenario.parameter_hash(),
        "parameters": scenario.values(),
        "started": begun(seconds),
        "wall_seconds": round(seconds, 3),
        **provenance(),
        "tables": {name: schema(table) for name, table in tables.items()},
    }


def schema(table: pd.DataFrame) -> dict[str, Any]:
    """Return the number of rows and the type of each column, the index first if it has a name."""
    index = {str(table.index.name): str(table.index.dtype)} if table.index.name else {}
    return {"rows": len(table), "columns": index | {name: str(kind) for name, kind in table.dtypes.items()}}
