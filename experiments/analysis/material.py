"""What an analysis starts from: the store of a study, read once, and what counts as an independent draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from experiments.outcomes import label_of, unit_of
from experiments.plans import BLOCKS, Plan
from experiments.store import Store
from experiments.store_files import StoreError
from model.units import spelled

COMBINATION = "combination"


@dataclass(frozen=True)
class Material:
    """A study's plan and the runs that succeeded, with the combination of lever options of each."""

    store: Store
    plan: Plan
    runs: pd.DataFrame
    failed: pd.DataFrame

    @property
    def outcomes(self) -> list[str]:
        """Return the names of the outcomes."""
        return list(self.plan.study.outcomes)

    @cached_property
    def combinations(self) -> list[str]:
        """Return the names of the combinations of lever options, the baseline first."""
        return [combined(options) for options in self.plan.combinations]

    @property
    def baseline(self) -> str:
        """Return the combination that differences are taken from."""
        return self.combinations[0]

    @property
    def unit(self) -> str:
        """Return the column whose values are independent draws.

        Under common random numbers all points share the seeds, so that replications are the draws; without
        replications, or with seeds of their own, it is the samples, or what holds several of them together.
        """
        study = self.plan.study
        if study.common_random_numbers and study.replications > 1:
            return "replication"
        return BLOCKS.get(study.design.kind, "sample")

    @property
    def units(self) -> str:
        """Return what several independent draws are called."""
        return plural(self.unit)

    @property
    def pair(self) -> list[str]:
        """Return the columns in which the two runs of a pair agree."""
        return list(dict.fromkeys(("sample", "replication", self.unit)))

    def of(self, combination: str) -> pd.DataFrame:
        """Return the runs of one combination."""
        return self.runs.loc[self.runs[COMBINATION] == combination]

    def label(self, outcome: str) -> str:
        """Return what an outcome is called."""
        return label_of(outcome, self.plan.study.outcomes[outcome])

    def axis(self, outcome: str) -> str:
        """Return name and unit of an outcome."""
        unit = spelled(unit_of(self.plan.study.outcomes[outcome]))
        return f"{self.label(outcome)} ({unit})" if unit not in ("", "-") else self.label(outcome)


def material_of(store: Store) -> Material:
    """Read the runs of a store."""
    runs = store.runs()
    if "status" not in runs or not (runs["status"] == "SUCCEEDED").any():
        raise StoreError(f"{store.folder}: no run has succeeded yet, there is nothing to analyse")
    levers = list(store.plan.study.levers)
    rows = runs[levers].itertuples(index=False, name=None) if levers else [()] * len(runs)
    runs[COMBINATION] = [combined(options) for options in rows]
    kind = store.plan.study.design.kind
    if kind in BLOCKS:
        runs[BLOCKS[kind]] = runs["sample"] // store.plan.block
    good = runs["status"] == "SUCCEEDED"
    return Material(
        store, store.plan, runs.loc[good].reset_index(drop=True), runs.loc[~good].reset_index(drop=True)
    )


def combined(options: Sequence[str]) -> str:
    """Return the name of a combination of lever options."""
    return " + ".join(options) or "all runs"


def plural(name: str) -> str:
    """Return the plural of what a draw is called."""
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


def draws(frame: pd.DataFrame, unit: str, outcome: str) -> np.ndarray:
    """Return the mean of an outcome in each independent draw, in order; gaps are left out."""
    means = frame.groupby(unit, sort=True)[outcome].mean()
    return means.dropna().to_numpy(dtype=float)
