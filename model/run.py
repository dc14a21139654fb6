"""A run: one scenario under one seed, its tables, and how they came about."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd

from model.errors import GridrushError
from model.foreign_files import MANIFEST
from model.manifest import manifest
from model.recording import Keep
from model.relations import Tables, relations
from model.run_folder import RunFolderError, placed, read_manifest, read_table
from model.scenario import Scenario
from model.scenario_files import load_scenario

TABLES = ("series", "firms", "sites", "leases", "events", "watching")
SCENARIO = "scenario.toml"
RELATIONS = "relations.graphml"

Progress = Callable[[int, int], None]
"""Called with the months done and those to do."""


@dataclass
class Run:
    """What one run leaves behind.

    Attributes:
        series: A row a month.
        firms: A row a month and firm (the last month only in a light run).
        sites: A row a month and site (likewise).
        leases: A row a lease, as it stood at the end.
        events: A row an event: decisions with the numbers they were taken on, deliveries, defaults, bids ...
        watching: Rows of firms (watcher, watched) where imitation is in play, as of the end.
        manifest: Scenario, seed, versions, schema of the tables.
        names: Names of tenants and regions, for the graphs.
    """

    series: pd.DataFrame
    firms: pd.DataFrame
    sites: pd.DataFrame
    leases: pd.DataFrame
    events: pd.DataFrame
    watching: pd.DataFrame
    manifest: dict[str, Any]
    names: dict[str, list[str]] = field(default_factory=dict)

    @property
    def scenario(self) -> Scenario:
        """The scenario, as far as this version of Gridrush still knows its parameters."""
        labels = {"name": self.manifest["scenario"], "description": self.manifest["description"]}
        return Scenario().with_values(**self.manifest["parameters"]).model_copy(update=labels)

    @property
    def relations(self) -> nx.MultiDiGraph:
        """The graph of the last month."""
        return self.relations_in()

    def relations_in(self, month: str | datetime.date | None = None) -> nx.MultiDiGraph:
        """Return the graph of a recorded month such as "2027-04"."""
        tables = Tables(self.firms, self.sites, self.leases, self.names["tenants"], self.names["regions"])
        return relations(tables, month, self.watching.itertuples(index=False, name=None))

    def save(self, folder: str | Path, also: Callable[[Path], object] | None = None) -> Path:
        """Write the run into a folder, whole or not at all, and return it.

        Args:
            folder: New, empty, or holding an earlier run, which is replaced.
            also: Called with the folder while it is written aside, to add files to it.

        Raises:
            RunFolderError: If the folder holds anything else or cannot be written.
        """
        folder = Path(folder)
        with placed(folder) as aside:
            for name in TABLES:
                getattr(self, name).to_parquet(aside / f"{name}.parquet", compression="zstd")
            (aside / SCENARIO).write_text(self.scenario.to_toml(), encoding="utf-8")
            nx.write_graphml(self.relations, aside / RELATIONS)
            if also:
                also(aside)
            text = json.dumps(self.manifest | {"names": self.names}, indent=2, ensure_ascii=False)
            (aside / MANIFEST).write_text(text + "\n", encoding="utf-8")
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Run:
        """Read a run that was saved.

        Raises:
            RunFolderError: If the folder holds no run, or one of its files is missing or damaged.
        """
        folder = Path(folder)
        found = read_manifest(folder)
        names, declared = found.pop("names", {}), found["tables"]
        missing = [name for name in TABLES if not isinstance(declared.get(name), dict)]
        if missing or not isinstance(names, dict) or not {"tenants", "regions"} <= names.keys():
            raise RunFolderError(
                f"{folder / MANIFEST}: damaged (says nothing of {', '.join(missing) or 'names'})"
            )
        tables = {name: read_table(folder, name, declared[name]) for name in TABLES}
        return cls(**tables, manifest=found, names=names)


def run(
    scenario: Scenario | str | Path = "reference",
    seed: int = 0,
    *,
    keep: Keep = "everything",
    progress: Progress | None = None,
) -> Run:
    """Run a scenario to its horizon.

    Args:
        scenario: A scenario, the name of a shipped one, or a file.
        seed: Seed of all random numbers, a non-negative integer.
        keep: "everything", or "series" for a light run without panels and events.
        progress: Called after every month.

    Raises:
        GridrushError: If the scenario or the seed is no good.
    """
    from model.industry import Industry

    if not isinstance(scenario, Scenario):
        scenario = load_scenario(scenario)
    if isinstance(seed, bool) or not hasattr(seed, "__index__") or seed < 0:
        raise GridrushError(f"seed must be a non-negative whole number, got {seed!r}")
    started = time.perf_counter()
    industry = Industry(scenario, rng=int(seed))
    industry.state.recorder.keep = keep
    for month in range(scenario.horizon.months):
        industry.run_for(1)
        if progress:
            progress(month + 1, scenario.horizon.months)
    return run_of(industry, time.perf_counter() - started)


def run_of(industry: Any, seconds: float = 0.0) -> Run:  # noqa: ANN401
    """Return the run an industry has had so far."""
    state, keep = industry.state, industry.state.recorder.keep
    tables: dict[str, pd.DataFrame] = {name: getattr(industry, name) for name in TABLES[:-1]}
    pairs = state.watching.edges(state) if state.watching else np.zeros((0, 2), dtype=np.int64)
    tables["watching"] = pd.DataFrame({"watcher": pairs[:, 0], "watched": pairs[:, 1]})
    names = {"tenants": list(state.hyperscaler_names), "regions": list(state.region_names)}
    return Run(**tables, manifest=manifest(state.scenario, industry.seed, keep, seconds, tables), names=names)
