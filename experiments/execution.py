"""The worker's side of a study: run a chunk, write its tables aside, put them in place, report in a line.

A job names a store and some runs, nothing more; the worker reads study and points from the store. The table
of runs is put in place last: it is what makes the chunk count.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import pandas as pd

from experiments.fates import fates, opening_holdings, places, standing
from experiments.outcomes import ARTICLE_END, Record, outcome_of
from experiments.plans import Plan, run_key
from experiments.store_files import StoreError, put_table, session_alive, stop_requested
from experiments.store_layout import PANELS, read_plan, read_points, runs_schema
from experiments.strategy_files import load_strategy, register_entry_points
from experiments.study import Keep
from model.industry import Industry
from model.provenance import code_version
from model.recording import Keep as Kept
from model.run import Run, run_of
from model.scenario import Scenario
from model.series_columns import SERIES

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
LONGEST_TRACEBACK = 20_000


@dataclass(frozen=True)
class Job:
    """Some runs of a study: where its store is, which session asks, and the numbers of the runs."""

    folder: str
    session: str
    digest: str
    code: str
    name: str
    runs: tuple[int, ...]


class Done(NamedTuple):
    """What a worker reports of a chunk."""

    name: str
    runs: int
    failed: int
    seconds: float
    """The whole chunk's, on the worker's clock."""
    model_seconds: float
    """Those of the runs themselves."""
    stopped: bool


class Traces(NamedTuple):
    """What one run leaves behind besides its outcomes."""

    row: dict[str, Any]
    tables: dict[str, pd.DataFrame]


def execute(job: Job) -> Done:
    """Run a chunk and put its tables into the session's folder."""
    started = time.perf_counter()
    folder = Path(job.folder)
    if code_version() != job.code:
        raise StoreError(
            f"{folder}: a worker finds other code than the study began with (was it changed meanwhile?)"
        )
    plan = _plan(folder, job.digest)
    points = read_points(folder, sorted({run // plan.study.replications for run in job.runs}))
    done: list[Traces] = []
    for run in job.runs:
        if stop_requested(folder, job.session):
            break
        done.append(one_run(plan, points[run // plan.study.replications], run))
    failed = sum(traces.row["status"] == FAILED for traces in done)
    if done:
        write(folder, job, plan, done)
    seconds = time.perf_counter() - started
    model_seconds = sum(traces.row["seconds"] for traces in done)
    return Done(job.name, len(done), failed, seconds, model_seconds, len(done) < len(job.runs))


def one_run(plan: Plan, point: dict[str, Any], run: int) -> Traces:
    """Run one run of a study; whatever goes wrong in it becomes part of its row."""
    study, row = plan.study, blank_row(plan, point, run)
    tables: dict[str, pd.DataFrame] = {}
    started = time.perf_counter()
    try:
        levers = {lever: point[lever] for lever in study.levers}
        scenario = plan.scenario_of(levers, {name: point[name] for name in study.uncertainties})
        row["key"] = run_key(scenario, row["seed"])
        result, found = simulate(scenario, row["seed"], study.keep, study.fates)
        record = Record(result.series, result.leases, result.firms, found.get("fates"), scenario)
        row |= {name: outcome_of(outcome, record) for name, outcome in study.outcomes.items()}
        tables = kept(study.keep, result, found)
        row["status"] = SUCCEEDED
    except Exception as error:
        row |= {"error": _one_line(error), "traceback": traceback.format_exc()[-LONGEST_TRACEBACK:]}
        row |= dict.fromkeys(study.outcomes, float("nan"))
    row["seconds"] = time.perf_counter() - started
    return Traces(row, tables)


def blank_row(plan: Plan, point: dict[str, Any], run: int) -> dict[str, Any]:
    """Return the row of a run that came to nothing so far."""
    study, replication = plan.study, run % plan.study.replications
    seed = plan.seed_of(int(point["sample"]), replication)
    row: dict[str, Any] = {"run": run, "point": int(point["point"]), "sample": int(point["sample"])}
    row |= {"replication": replication, "seed": seed, "key": "", "status": FAILED}
    row |= {"error": "", "traceback": "", "seconds": 0.0}
    row |= {name: point[name] for name in (*study.levers, *study.uncertainties)}
    return row | dict.fromkeys(study.outcomes, float("nan"))


def simulate(
    scenario: Scenario, seed: int, keep: Keep, with_fates: bool
) -> tuple[Run, dict[str, pd.DataFrame]]:
    """Run a scenario, and tell what became of its firms and sites if that is wanted."""
    industry = Industry(scenario, rng=seed)
    industry.state.recorder.keep = _recorded(keep)
    started, months = time.perf_counter(), scenario.horizon.months
    if not with_fates:
        industry.run_for(months)
        return run_of(industry, time.perf_counter() - started), {}
    industry.run_for(1)
    first, sites = cast(pd.Timestamp, industry.series.index[0]), industry.sites
    opening = opening_holdings(industry.firms, sites)
    stop = pd.Timestamp(ARTICLE_END)
    until = (stop.year - first.year) * 12 + stop.month - first.month
    middle = None
    if 0 < until < months:
        industry.run_for(until)
        middle = standing(industry.firms)
    if months > len(industry.series):
        industry.run_for(months - len(industry.series))
    result = run_of(industry, time.perf_counter() - started)
    last = result.firms.loc[result.firms["month"] == result.firms["month"].max()]
    told = {"fates": fates(opening, last, result.leases, first, middle)}
    return result, told | {"places": places(sites, result.leases, first)}


def kept(keep: Keep, result: Run, found: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables of a run that the study keeps."""
    tables: dict[str, pd.DataFrame] = {}
    if keep != "outcomes":
        tables["series"] = result.series[[column.name for column in SERIES]].reset_index()
    if keep == "everything":
        tables |= {name: getattr(result, name) for name in PANELS}
    return tables | found


def write(folder: Path, job: Job, plan: Plan, done: Iterable[Traces]) -> None:
    """Put the tables of a chunk in place, the table of runs last."""
    done = list(done)
    if not session_alive(folder, job.session):
        raise StoreError(f"{folder}: the session that asked for these runs is over")
    for name in done[0].tables.keys() | {name for traces in done for name in traces.tables}:
        frames = [
            traces.tables[name].assign(run=traces.row["run"]) for traces in done if name in traces.tables
        ]
        table = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0]
        table.insert(0, "run", table.pop("run"))
        put_table(table, folder, job.session, job.name, name)
    rows = pd.DataFrame([traces.row for traces in done])
    put_table(rows, folder, job.session, job.name, "runs", runs_schema(plan))


def _recorded(keep: Keep) -> Kept:
    return "everything" if keep == "everything" else "series"


@lru_cache(maxsize=4)
def _plan(folder: Path, digest: str) -> Plan:
    register_entry_points()
    plan = read_plan(folder)
    if plan.digest != digest:
        raise StoreError(f"{folder}: the study of the store is not the one that was asked to run")
    # Whoever started the study has named them; see strategy_files.load_strategies.
    for reference in plan.study.strategies:
        load_strategy(reference)
    return plan


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
