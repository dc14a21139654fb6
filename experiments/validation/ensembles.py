"""Ensembles for the validation: the same seeds through several arms, two processes, a row a run."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from model.recording import Keep
from model.run import Run, run
from model.scenario_files import load_scenario

WORKERS = 2
LEVEL = 0.95

Measure = Callable[[Run], Mapping[str, Any]]
"""What is kept of a run; a function of a module, so that other processes can find it."""
Told = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is to do."""


class Job(NamedTuple):
    """One run: the arm it belongs to, what the arm changes, the seed, and how much is recorded."""

    arm: str
    seed: int
    scenario: str
    values: Mapping[str, Any]
    measure: Measure
    keep: Keep = "series"


def quiet(_what: str, _done: int, _all: int) -> None:
    """Tell nobody."""


def paired(
    arms: Mapping[str, Mapping[str, Any]],
    seeds: Sequence[int],
    measure: Measure,
    *,
    scenario: str = "reference",
    keep: Keep = "series",
    workers: int = WORKERS,
    told: Told = quiet,
    what: str = "runs",
) -> pd.DataFrame:
    """Run every arm under the same seeds and return a row a run; a run that failed says so in `error`."""
    jobs = [Job(arm, seed, scenario, values, measure, keep) for seed in seeds for arm, values in arms.items()]
    return run_jobs(jobs, workers=workers, told=told, what=what)


def run_jobs(jobs: Sequence[Job], *, workers: int, told: Told, what: str) -> pd.DataFrame:
    """Run jobs and return a row each, by arm and seed."""
    rows = []
    if workers == 1:
        results = map(work, jobs)
        rows = [_kept(row, told, what, done, len(jobs)) for done, row in enumerate(results, 1)]
    else:
        with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
            results = pool.map(work, jobs, chunksize=max(1, min(8, len(jobs) // (4 * workers))))
            rows = [_kept(row, told, what, done, len(jobs)) for done, row in enumerate(results, 1)]
    return pd.DataFrame(rows).sort_values(["arm", "seed"], kind="stable", ignore_index=True)


def _kept(row: dict[str, Any], told: Told, what: str, done: int, of: int) -> dict[str, Any]:
    told(what, done, of)
    return row


def work(job: Job) -> dict[str, Any]:
    """Run one job; its failure is a row too."""
    row: dict[str, Any] = {"arm": job.arm, "seed": job.seed, "error": ""}
    try:
        return row | dict(
            job.measure(run(load_scenario(job.scenario, **job.values), job.seed, keep=job.keep))
        )
    except Exception:
        return row | {"error": traceback.format_exc()}


def mean_interval(values: Sequence[float] | np.ndarray, level: float = LEVEL) -> tuple[float, float, float]:
    """Return mean and Student interval of what is finite among values."""
    found = np.asarray(values, dtype=float)
    found = found[np.isfinite(found)]
    if not len(found):
        return (np.nan, np.nan, np.nan)
    mean = float(found.mean())
    if len(found) == 1:
        return mean, np.nan, np.nan
    half = float(stats.t.ppf(0.5 + level / 2, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
    return mean, mean - half, mean + half


def differences(runs: pd.DataFrame, outcomes: Sequence[str], base: str) -> pd.DataFrame:
    """Return, for every arm and outcome, its mean and the paired difference from the base with interval."""
    sound = runs.loc[runs["error"] == ""]
    by = {str(arm): rows.set_index("seed") for arm, rows in sound.groupby("arm")}
    rows = []
    for arm in dict.fromkeys([base, *sound["arm"]]):
        for outcome in outcomes:
            paired_off = (by[arm][outcome] - by[base][outcome]).dropna()
            mean, low, high = mean_interval(paired_off.to_numpy())
            rows.append(
                {
                    "arm": arm,
                    "outcome": outcome,
                    "mean": float(by[arm][outcome].mean()),
                    "difference": mean,
                    "difference_low": low,
                    "difference_high": high,
                    "n": len(paired_off),
                }
            )
    return pd.DataFrame(rows)
