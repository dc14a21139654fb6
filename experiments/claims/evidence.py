"""The tables the verdicts rest on: runs, firms and sites of a study, by arm and independent draw."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from experiments.analysis.material import Material

ARM, DRAW = "arm", "draw"
FROM_GRID = 1 - 1e-9


class Evidence(NamedTuple):
    """Tables of a study of the claims; each has the columns `arm` and `draw`.

    Attributes:
        runs: A row a run, with its outcomes.
        firms: A row a miner of the first month and run: what it was, and what became of it.
        sites: A row a site fit for AI in the first month and run.
        inputs: The uncertain parameters, a row a draw; no columns when nothing is uncertain.
        horizon: Months of a run.
    """

    runs: pd.DataFrame
    firms: pd.DataFrame
    sites: pd.DataFrame
    inputs: pd.DataFrame
    horizon: int


def evidence_of(material: Material) -> Evidence:
    """Return the evidence in the store of a study."""
    runs = material.runs.rename(columns={material.unit: DRAW})
    marks = runs[["run", ARM, DRAW]]
    fates = material.store.table("fates")
    firms = fates.loc[(fates["entry_month"] == 0) & fates["energised_mw"].notna()].merge(marks, on="run")
    sites = material.store.table("places").merge(marks, on="run")
    inputs = runs.loc[runs[ARM] == "reference", [DRAW, *material.plan.uncertain]].set_index(DRAW)
    return Evidence(runs, firms, sites, inputs, material.plan.scenario.horizon.months)


def by_arm(evidence: Evidence, outcome: str, *arms: str) -> pd.DataFrame:
    """Return an outcome in some arms side by side, a row a draw."""
    wide = evidence.runs.pivot(index=DRAW, columns=ARM, values=outcome)
    return wide.reindex(columns=list(arms))


def firms_of(evidence: Evidence, *arms: str) -> pd.DataFrame:
    """Return the firms of some arms."""
    return evidence.firms.loc[evidence.firms[ARM].isin(arms)]
