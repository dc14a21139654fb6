"""Chunks become parts: many small files of a store are merged into a few, with nothing lost on the way.

A part of every other dataset is put in place before the part of the runs, which makes them count. Whatever a
kill leaves behind is put right when the store is next opened: parts without their runs go, chunks that are in
a part already go, all other finished chunks are taken over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from experiments.store_files import ASIDE, CHUNKS, COMPRESSION, STOP, replaced, sync_folder
from experiments.store_layout import RUNS, TABLES, parts

CHUNKS_A_PART = 64
ROWS_A_WRITE = 10_000


def take_over(folder: Path, session: str) -> None:
    """Make the session the only one: put right what others left, and move their chunks here."""
    own = folder / CHUNKS / session
    own.mkdir(parents=True, exist_ok=True)
    for other in sorted((folder / CHUNKS).iterdir()):
        if other == own or not other.is_dir():
            continue
        # From here on nobody finds the folder under the name a straggler knows.
        gone = other.rename(other.with_name(f"{other.name}.taken")) if other.suffix != ".taken" else other
        for path in sorted(gone.iterdir()):
            if path.name == STOP or path.name.endswith(ASIDE):
                path.unlink()
            else:
                path.rename(own / path.name)
        gone.rmdir()
    for table in TABLES:
        for path in (folder / table).glob(f".*{ASIDE}"):
            path.unlink()
    for path in folder.glob(f".*{ASIDE}"):
        path.unlink()
    _drop_orphans(folder, own)


def _drop_orphans(folder: Path, own: Path) -> None:
    counted = {path.name for path in parts(folder, RUNS)}
    for table in TABLES[:-1]:
        for path in parts(folder, table):
            if path.name not in counted:
                path.unlink()
    done = finished(folder)
    for path in sorted(own.glob("*.parquet")):
        runs = path.with_name(f"{path.name.split('.')[0]}.{RUNS}.parquet")
        if not runs.exists() or np.isin(_runs_in(runs), done).all():
            path.unlink()


def finished(folder: Path) -> np.ndarray:
    """Return the numbers of the runs that are in parts."""
    found = [_runs_in(path) for path in parts(folder, RUNS)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def waiting(folder: Path, session: str) -> list[str]:
    """Return the names of the session's finished chunks, in order."""
    place = folder / CHUNKS / session
    return sorted(
        path.name.split(".")[0] for path in place.glob(f"*.{RUNS}.parquet") if not path.name.startswith(".")
    )


def compact(folder: Path, session: str, at_least: int = CHUNKS_A_PART) -> None:
    """Merge the session's finished chunks into a part when there are enough of them.

    A chunk may have been computed twice, as when a worker dies between writing it and saying so: of every run
    only the first is taken.
    """
    chunks = waiting(folder, session)
    if len(chunks) < max(at_least, 1):
        return
    place = folder / CHUNKS / session
    numbers = [int(path.stem.removeprefix("part-")) for path in parts(folder, RUNS)]
    name = f"part-{max(numbers, default=-1) + 1:06d}.parquet"
    fresh = _fresh(folder, place, chunks)
    for table in TABLES:
        files = {
            path: runs
            for chunk, runs in fresh.items()
            if (path := place / f"{chunk}.{table}.parquet").exists()
        }
        if files:
            (folder / table).mkdir(exist_ok=True)
            _merge(files, folder / table / name, table)
            sync_folder(folder / table)
    # The runs go last, for the same reason as they came last.
    for table in TABLES:
        for chunk in chunks:
            with suppress(FileNotFoundError):
                (place / f"{chunk}.{table}.parquet").unlink()


def _fresh(folder: Path, place: Path, chunks: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the runs to take from each chunk: those in no part and no chunk before it."""
    known, fresh = finished(folder), {}
    for chunk in chunks:
        runs = _runs_in(place / f"{chunk}.{RUNS}.parquet")
        new = np.setdiff1d(runs, known)
        if len(new):
            fresh[chunk] = new
        known = np.union1d(known, runs)
    return fresh


def _rows(path: Path, runs: np.ndarray) -> pa.Table:
    table = pq.read_table(path)
    return table.filter(np.isin(table["run"].to_numpy(), runs))


def _merge(files: Mapping[Path, np.ndarray], target: Path, table: str) -> None:
    """Write the rows of the given runs of each file into one file."""
    if table == RUNS:
        whole = pa.concat_tables([_rows(path, runs) for path, runs in files.items()])
        with replaced(target) as other:
            pq.write_table(whole.sort_by("run"), other, compression=COMPRESSION)
        return
    schema = pa.unify_schemas([pq.read_schema(path) for path in files], promote_options="permissive")
    with replaced(target) as other, pq.ParquetWriter(other, schema, compression=COMPRESSION) as writer:
        held: list[pa.Table] = []
        for path, runs in files.items():
            held.append(_fitted(_rows(path, runs), schema))
            if sum(len(part) for part in held) >= ROWS_A_WRITE:
                writer.write_table(pa.concat_tables(held))
                held = []
        if held:
            writer.write_table(pa.concat_tables(held))


def _fitted(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [
        table[field.name].cast(field.type) if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]  # fmt: skip
    return pa.table(columns, schema=schema)


def _runs_in(path: Path) -> np.ndarray:
    column = pq.read_table(path, columns=["run"])["run"]
    return pd.Series(column.to_numpy()).to_numpy(dtype=np.int64)
