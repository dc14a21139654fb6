"""The store of a study as the view reads it: its runs, its series, and the scenario of each run.

The store's tables are plain Parquet files (their layout is told in `experiments/store_layout.py`, in each
store's manifest and in the documentation); the view reads those and nothing of the code that writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from model.errors import GridrushError
from model.foreign_files import foreign_json, foreign_toml
from model.parameter_table import parameters
from model.scenario import Scenario
from model.scenario_files import load_scenario
from viz.folders import STUDY_FORMAT

SUCCEEDED = "SUCCEEDED"
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class StoredStudy:
    """A study in a folder; tables are read when they are asked for, and the series column by column."""

    folder: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the store says of itself."""
        return foreign_json(self.folder / "manifest.json")

    @cached_property
    def study(self) -> dict[str, Any]:
        """The study: uncertainties, levers, outcomes."""
        return foreign_toml(self.folder / "study.toml")

    @cached_property
    def runs(self) -> pd.DataFrame:
        """The runs that succeeded, a row each."""
        table = _dataset(self.folder, "runs")
        if "status" not in table:
            raise GridrushError(f"{self.folder}: no run of this study has finished yet")
        return table.loc[(table["status"] == SUCCEEDED).to_numpy()].reset_index(drop=True)

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the series that were kept; none if the study keeps outcomes only."""
        files = _files(self.folder, "series")
        return (
            [name for name in pq.read_schema(files[0]).names if name not in ("run", "month")] if files else []
        )

    def series(self, column: str) -> pd.DataFrame:
        """Return a column of the series: a row a month, a column a run."""
        table = _dataset(self.folder, "series", ["run", "month", column])
        return table.pivot_table(index="month", columns="run", values=column)

    @property
    def levers(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The levers, their options, and the values each option sets."""
        return self.study.get("levers", {})

    @property
    def uncertainties(self) -> list[str]:
        """Names of what is uncertain."""
        return [name for name in self.runs.columns if name in parameters()]

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcomes by name, each as an axis calls it."""
        declared = self.study.get("outcomes", {})
        return {name: _axis(name, what) for name, what in declared.items() if name in self.runs}

    def scenario_of(self, run: int) -> tuple[Scenario, int]:
        """Return scenario and seed of a run."""
        rows = self.runs.loc[(self.runs["run"] == run).to_numpy()]
        if rows.empty:
            raise GridrushError(f"{self.folder}: no run {run} of this study has succeeded")
        row = rows.iloc[0]
        values: dict[str, Any] = {name: _plain(row[name]) for name in self.uncertainties}
        for lever, options in self.levers.items():
            values |= _flat(options[row[lever]])
        base = load_scenario(self.folder / "scenario.toml")
        scenario = base.with_values(**values)
        return scenario.model_copy(update={"name": f"{base.name}, run {run}"}), int(row["seed"])


def open_study(folder: str | Path) -> StoredStudy:
    """Return the study in a folder.

    Raises:
        GridrushError: If there is none, it is damaged, or none of its runs has finished.
    """
    study = StoredStudy(Path(folder))
    try:
        if study.manifest.get("format") != STUDY_FORMAT:
            raise GridrushError(f"{folder}: holds no study")
        if study.runs.empty:
            raise GridrushError(f"{folder}: no run of this study has succeeded")
        study.study  # noqa: B018  read now, so that what is damaged is said now
    except (OSError, ValueError, pa.ArrowException) as error:
        raise GridrushError(f"{folder}: holds no study that can be read ({error})") from None
    return study


def bands(series: pd.DataFrame, parts: Sequence[float] = BANDS) -> pd.DataFrame:
    """Return quantiles over the runs, by month: a column a quantile."""
    values = np.nanquantile(series.to_numpy(float), parts, axis=1)
    return pd.DataFrame(values.T, index=series.index, columns=pd.Index(parts))


def run_near(series: pd.DataFrame, month: str, value: float) -> int:
    """Return the run that comes nearest to a value in a month: the one somebody pointed at in the band."""
    apart = np.abs(series.loc[month].to_numpy(float).ravel() - value)
    return int(series.columns.to_numpy()[np.nanargmin(apart)])


def _files(folder: Path, table: str) -> list[Path]:
    parts = sorted((folder / table).glob("part-*.parquet"))
    chunks = [
        path
        for path in sorted((folder / ".chunks").glob(f"*/*.{table}.parquet"))
        if not path.name.startswith(".")
        and path.with_name(f"{path.name.split('.')[0]}.runs.parquet").exists()
    ]
    return [*parts, *chunks]


def _dataset(folder: Path, table: str, columns: list[str] | None = None) -> pd.DataFrame:
    frames, known = [], pd.Index([], dtype="int64")
    for path in _files(folder, table):
        frame = pq.read_table(path, columns=columns).to_pandas()
        frame = frame.loc[~frame["run"].isin(known).to_numpy()]
        known = known.union(pd.Index(frame["run"].unique()))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({"run": pd.Series(dtype="int64")})


def _axis(name: str, declared: dict[str, Any]) -> str:
    label, unit = declared.get("label") or name, declared.get("unit", "")
    return f"{label}, {unit}" if unit else label


def _plain(value: Any) -> Any:  # noqa: ANN401
    return value.item() if isinstance(value, np.generic) else value


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return values by dotted name, whether the file has them dotted or as tables."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and name not in parameters():
            flat |= _flat(value, f"{name}.")
        else:
            flat[name] = value
    return flat
