"""The store of a study: made or taken up again, asked what is missing, and read.

One process writes at a time; anybody may read at any time.
"""

from __future__ import annotations

import datetime
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from experiments.compaction import compact, take_over
from experiments.designs import points, unit_sample
from experiments.plans import Plan
from experiments.store_files import CHUNKS, STOP, StoreError, is_locked, locked, put_json, told
from experiments.store_layout import (
    FORMAT,
    FORMAT_VERSION,
    RUNS,
    SAMPLE,
    STUDY,
    read_dataset,
    read_manifest,
    read_plan,
    write_plan,
    write_points,
)
from experiments.study import Study
from experiments.study_files import to_toml
from model.foreign_files import MANIFEST
from model.manifest import PURPOSE
from model.provenance import begun, code_version, provenance

PROGRESS = ".progress.json"
ALLOWED = {STUDY, "analysis"}


class Status(NamedTuple):
    """How far a study is."""

    runs: int
    succeeded: int
    failed: int
    running: int
    active: bool
    """Whether a process is at work on it."""
    progress: dict[str, Any]

    @property
    def pending(self) -> int:
        """Return the runs that nobody has started."""
        return max(self.runs - self.succeeded - self.failed - self.running, 0)


@dataclass(frozen=True)
class Store:
    """A folder that holds a study."""

    folder: Path

    @cached_property
    def plan(self) -> Plan:
        """Return the plan the store was made for."""
        return read_plan(self.folder)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        return read_manifest(self.folder)

    def runs(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Return a row a run, in order."""
        return read_dataset(self.folder, RUNS, columns)

    def table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """Return a dataset such as the series; empty when it was not kept."""
        return read_dataset(self.folder, name, columns)

    def sample(self) -> pd.DataFrame:
        """Return the sample on the unit cube."""
        return pd.read_parquet(self.folder / SAMPLE)

    def pending(self) -> np.ndarray:
        """Return the numbers of the runs that are missing."""
        missing = np.ones(self.plan.runs, dtype=bool)
        missing[self.runs(["run"])["run"].to_numpy(dtype=np.int64)] = False
        return np.flatnonzero(missing)

    def status(self) -> Status:
        """Return how far the study is; works while it runs."""
        states = self.runs(["status"])
        counts = Counter(states["status"]) if "status" in states else Counter[str]()
        active = is_locked(self.folder)
        progress = _read_progress(self.folder) if active else {}
        succeeded, failed = counts["SUCCEEDED"], counts["FAILED"]
        running = min(int(progress.get("running", 0)), self.manifest["runs"] - succeeded - failed)
        return Status(self.manifest["runs"], succeeded, failed, running, active, progress)

    @contextmanager
    def session(self) -> Iterator[str]:
        """Hold the store for writing; what an earlier session left behind is put right first."""
        with locked(self.folder):
            session = f"{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
            with told(self.folder):
                take_over(self.folder, session)
            try:
                yield session
            finally:
                # Without room to compact, chunks stay as they are: nothing is lost.
                with suppress(OSError):
                    self._close(session)

    def _close(self, session: str) -> None:
        """Compact what there is."""
        place = self.folder / CHUNKS / session
        (self.folder / PROGRESS).unlink(missing_ok=True)
        (place / STOP).unlink(missing_ok=True)
        compact(self.folder, session, at_least=1)
        if not any(place.iterdir()):
            place.rmdir()

    def settle(self) -> None:
        """Compact what a killed session left behind, unless somebody is at work."""
        if not is_locked(self.folder):
            with self.session():
                pass

    def note_progress(self, facts: dict[str, Any]) -> None:
        """Leave word for `--status`."""
        put_json(self.folder / PROGRESS, facts)

    def note_session(self, facts: dict[str, Any]) -> None:
        """Add a finished session to the manifest."""
        manifest = read_manifest(self.folder)
        manifest["sessions"] = [*manifest.get("sessions", []), facts]
        with told(self.folder):
            put_json(self.folder / MANIFEST, manifest)


def open_store(folder: Path) -> Store:
    """Return the store in a folder."""
    read_manifest(folder)
    return Store(folder)


def make_store(folder: Path, plan: Plan) -> Store:
    """Make a new store; the manifest, written last, makes the folder one."""
    with told(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            _refuse(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder):
            sample = unit_sample(plan)
            write_points(folder, points(plan, sample), sample)
            write_plan(folder, plan)
            put_json(folder / MANIFEST, _manifest(plan))
    return Store(folder)


def resume_store(folder: Path, plan: Plan) -> Store:
    """Return the store in a folder if it was made for the same study by the same code."""
    store = open_store(folder)
    if store.manifest["digest"] != plan.digest:
        raise StoreError(f"{folder}: {_difference(store, plan)}; choose another --out")
    if store.plan.study.analysis != plan.study.analysis:
        with locked(folder), told(folder):
            write_plan(folder, plan)
    return Store(folder)


def _refuse(folder: Path) -> None:
    if not folder.is_dir():
        raise StoreError(f"cannot write to {folder}: it is a file, and a folder is needed")
    if (folder / MANIFEST).exists():
        read_manifest(folder)
        raise StoreError(f"{folder}: holds a study already; go on with --resume, or choose another --out")
    ours = {path.name for path in folder.iterdir()} <= {
        ".lock",
        STUDY,
        "scenario.toml",
        SAMPLE,
        "points.parquet",
    }
    if not ours:
        raise StoreError(f"cannot write to {folder}: it holds other things than a study")


def _difference(store: Store, plan: Plan) -> str:
    if store.manifest["code_version"] != code_version():
        return "made by another version of the model, whose runs must not be mixed with this one's"
    scenario = plan.scenario.differences(store.plan.scenario)
    if scenario:
        key, (now, then) = next(iter(scenario.items()))
        return f"made for another scenario ({key} was {then}, and is {now} now)"
    old, new = _lines(store.plan.essence), _lines(plan.essence)
    changed = [key for key in {**old, **new} if old.get(key) != new.get(key)]
    return f"made for another study (changed: {', '.join(changed) or 'the scenario'})"


def _lines(study: Study) -> dict[str, str]:
    section, found = "", {}
    for line in to_toml(study).splitlines():
        if line.startswith("["):
            section = f"{line.strip('[]')}."
        elif " = " in line:
            key, _, value = line.partition(" = ")
            found[section + key] = value
    return found


def _manifest(plan: Plan) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "purpose": PURPOSE,
        "study": plan.study.name,
        "description": plan.study.description,
        "digest": plan.digest,
        "scenario": plan.scenario.name,
        "parameter_hash": plan.scenario.parameter_hash(),
        "parameters": plan.scenario.values(),
        "design": plan.study.design.kind,
        "points": plan.points,
        "replications": plan.study.replications,
        "first_seed": plan.study.first_seed,
        "common_random_numbers": plan.study.common_random_numbers,
        "runs": plan.runs,
        "keep": plan.study.keep,
        "made": begun(),
        **provenance(),
        "sessions": [],
    }


def _read_progress(folder: Path) -> dict[str, Any]:
    try:
        return json.loads((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
