"""What is written down beside the results so that anybody can tell how they came about."""

from __future__ import annotations

import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from model.scenario import Scenario

FORMAT = "gridrush run"
FORMAT_VERSION = 1
RESULTS_VERSION = 1
"""Raised whenever the same scenario and seed give other numbers than before."""
PURPOSE = (
    "Explanation and scenario exploration; never a forecast of a named company, and no investment advice."
)
PACKAGES = ("gridrush", "numpy", "scipy", "mesa", "pandas", "pyarrow", "networkx", "pydantic")
ROOT = Path(__file__).resolve().parents[1]


def manifest(
    scenario: Scenario, seed: int, keep: str, seconds: float, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Any]:
    """Return the manifest of a run."""
    months = [f"{month:%Y-%m}" for month in tables["series"].index]
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "purpose": PURPOSE,
        "results_version": RESULTS_VERSION,
        "scenario": scenario.name,
        "description": scenario.description,
        "seed": seed,
        "months": len(months),
        "first_month": months[0] if months else "",
        "last_month": months[-1] if months else "",
        "keep": keep,
        "parameter_hash": scenario.parameter_hash(),
        "parameters": scenario.values(),
        "wall_seconds": round(seconds, 3),
        "versions": versions(),
        "platform": platform.platform(),
        "git": git_state(),
        "tables": {name: schema(table) for name, table in tables.items()},
    }


def schema(table: pd.DataFrame) -> dict[str, Any]:
    """Return the number of rows and the type of each column, the index first if it has a name."""
    index = {str(table.index.name): str(table.index.dtype)} if table.index.name else {}
    return {"rows": len(table), "columns": index | {name: str(kind) for name, kind in table.dtypes.items()}}


@cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


@cache
def git_state() -> dict[str, Any] | None:
    """Return revision and cleanness of the checkout the code runs from; None when it is no checkout."""
    if not (ROOT / ".git").exists():
        return None
    revision = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return None if revision is None else {"revision": revision, "clean": changes == ""}


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"
