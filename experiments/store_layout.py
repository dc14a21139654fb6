"""What lies where in the store of a study, and how to read it back.

    study.toml       the study, resolved        runs/      a row a run: status, inputs, outcomes
    scenario.toml    its base scenario          series/    a row a month and run (keep = "series")
    manifest.json    versions, code, sessions   fates/     a row a firm and run (fates = true)
    points.parquet   a row a scenario           places/    a row a site fit for AI and run (the same)
    sample.parquet   the same on the unit cube  firms/ ... the panels of each run (keep = "everything")

Each folder holds a few Parquet files that pandas, DuckDB and Polars read without Gridrush.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.designs import ARROW_TYPES
from experiments.plans import Plan, make_plan
from experiments.store_files import CHUNKS, COMPRESSION, StoreError, put_text, replaced
from experiments.study_files import StudyError, parse_study, to_toml
from model.errors import GridrushError
from model.foreign_files import Format, foreign_manifest, foreign_toml
from model.parameter_table import parameters

STUDY, SCENARIO = "study.toml", "scenario.toml"
POINTS, SAMPLE = "points.parquet", "sample.parquet"
FORMAT, FORMAT_VERSION = "gridrush study", 1
RUNS = "runs"
PANELS = ("firms", "sites", "leases", "events")
TABLES = ("series", "fates", "places", *PANELS, RUNS)
"""Datasets of a store; the runs come last, since they make the others count."""
ROWS_A_GROUP = 4096
BOOKKEEPING_TYPES = {
    **dict.fromkeys(("run", "point", "sample", "replication", "seed"), pa.int64()),
    **dict.fromkeys(("key", "status", "error", "traceback"), pa.string()),
    "seconds": pa.float64(),
}
ARROW = {"float64": pa.float64(), "int64": pa.int64(), "bool": pa.bool_()}


def runs_schema(plan: Plan) -> pa.Schema:
    """Return the columns of the table of runs."""
    fields = dict(BOOKKEEPING_TYPES)
    fields |= dict.fromkeys(plan.study.levers, pa.string())
    for name in plan.study.uncertainties:
        fields[name] = ARROW.get(ARROW_TYPES.get(parameters()[name].type, ""), pa.string())
    fields |= dict.fromkeys(plan.study.outcomes, pa.float64())
    return pa.schema(list(fields.items()))


def write_plan(folder: Path, plan: Plan) -> None:
    """Write the study and its base scenario, resolved; reading them gives the same plan."""
    put_text(folder / SCENARIO, plan.scenario.to_toml())
    resolved = plan.study.model_copy(update={"scenario": SCENARIO, "settings": {}})
    put_text(folder / STUDY, to_toml(resolved))


def read_plan(folder: Path) -> Plan:
    """Return the plan a store was made for."""
    path = folder / STUDY
    try:
        document = foreign_toml(path)
    except FileNotFoundError:
        raise StoreError(f"{folder}: holds no study ({STUDY} is missing)") from None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged ({error})") from None
    try:
        return make_plan(parse_study(document, str(path), folder))
    except StudyError:
        raise
    except GridrushError as error:
        raise StoreError(f"{folder}: damaged ({error})") from None


def write_points(folder: Path, points: pd.DataFrame, sample: pd.DataFrame) -> None:
    """Write the design."""
    for table, name in ((sample, SAMPLE), (points, POINTS)):
        with replaced(folder / name) as other:
            arrow = pa.Table.from_pandas(table, preserve_index=False)
            pq.write_table(arrow, other, compression=COMPRESSION, row_group_size=ROWS_A_GROUP)


def read_points(folder: Path, wanted: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return some points by number; only the groups of rows that hold them are read."""
    found: dict[int, dict[str, Any]] = {}
    with pq.ParquetFile(folder / POINTS) as file:
        starts = [0]
        for group in range(file.num_row_groups):
            starts.append(starts[-1] + file.metadata.row_group(group).num_rows)
        by_group: dict[int, list[int]] = {}
        for point in wanted:
            by_group.setdefault(bisect_right(starts, point) - 1, []).append(point)
        for group, members in by_group.items():
            rows = file.read_row_group(group).take([point - starts[group] for point in members])
            found |= {row["point"]: row for row in rows.to_pylist()}
    return found


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a store."""
    return foreign_manifest(folder, Format(FORMAT, FORMAT_VERSION, "study", StoreError))


def parts(folder: Path, table: str) -> list[Path]:
    """Return the files of a dataset, in order."""
    return sorted((folder / table).glob("part-*.parquet"))


def chunk_files(folder: Path, table: str) -> list[Path]:
    """Return the files of a dataset that are not yet compacted, those of finished chunks only."""
    found = (folder / CHUNKS).glob(f"*/*.{table}.parquet")
    done = [path for path in found if path.with_name(f"{path.name.split('.')[0]}.{RUNS}.parquet").exists()]
    return sorted(path for path in done if not path.name.startswith("."))


def read_dataset(folder: Path, table: str, columns: list[str] | None = None) -> pd.DataFrame:
    """Return a dataset with what is compacted and what is not, each run once, in the order of the runs."""
    try:
        return _read(folder, table, columns)
    except FileNotFoundError:
        # A compaction went on meanwhile; what it moved is in a part now.
        return _read(folder, table, columns)


def _read(folder: Path, table: str, columns: list[str] | None) -> pd.DataFrame:
    # Chunks are listed first: what is compacted in between is then seen twice, and never missed.
    files = [*chunk_files(folder, table)]
    files = [*parts(folder, table), *files]
    wanted = columns and ["run", *(name for name in columns if name != "run")]
    tables, known = [], pd.Index([], dtype="int64")
    for path in files:
        try:
            frame = pq.read_table(path, columns=wanted).to_pandas()
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, FileNotFoundError):
                raise
            raise StoreError(f"{path}: damaged ({' '.join(str(error).split())[:200]})") from None
        fresh = ~frame["run"].isin(known)
        tables.append(frame[fresh] if not fresh.all() else frame)
        known = known.union(pd.Index(frame["run"].unique()))
    if not tables:
        return pd.DataFrame({"run": pd.Series(dtype="int64")})
    joined = pd.concat(tables, ignore_index=True) if len(tables) > 1 else tables[0]
    return joined.sort_values("run", kind="stable", ignore_index=True)
