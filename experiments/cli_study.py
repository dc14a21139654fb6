"""`gridrush study` and `gridrush analyse`: from a study file to a store, and from a store to a report."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import NamedTuple

from experiments.executors import Crew, crew_of
from experiments.plans import Plan, make_plan
from experiments.progress import duration, reporter
from experiments.runner import run_store
from experiments.store import Store, make_store, open_store, resume_store
from experiments.strategy_files import load_strategies, register_entry_points
from experiments.study_files import StudyError, load_study
from model.compiling import compile_model
from model.foreign_files import MANIFEST
from model.run_folder import slug

TRIAL_MONTHS = 12


class Request(NamedTuple):
    """What was typed after `gridrush study`."""

    study: str
    out: Path | None
    workers: int | None
    cluster: str | None
    resume: bool
    status: bool
    strategies: tuple[str, ...] = ()


def study_and_report(request: Request) -> bool:
    """Run what is missing of a study, or say how far it is; return whether every run succeeded."""
    register_entry_points()
    if request.status:
        return _print_status(_folder(request))
    store = _store(request)
    if not len(store.pending()):
        print(f"{store.folder}: all {store.plan.runs} runs are done already")
        return not store.status().failed
    run_missing(store, request.workers, request.cluster, f"gridrush study {store.folder} --resume")
    return _conclude(store)


def run_missing(store: Store, workers: int | None, cluster: str | None, go_on: str) -> None:
    """Do what is missing in a store, and say so; `go_on` is what to type after an interruption."""
    pending = len(store.pending())
    if not pending:
        return
    compile_model()
    seconds = trial_seconds(store.plan)
    crew = crew_of(workers, cluster, pending)
    _announce(store, pending, seconds, crew)
    try:
        _run(store, crew, seconds, go_on)
    finally:
        crew.leave()


def trial_seconds(plan: Plan) -> float:
    """Return how long a run takes, judged by the first year of one."""
    from model.run import run

    months = plan.scenario.horizon.months
    short = plan.scenario.with_values(**{"horizon.months": min(months, TRIAL_MONTHS)})
    run(short, plan.study.first_seed, keep="series")
    started = time.perf_counter()
    run(short, plan.study.first_seed, keep="series")
    return (time.perf_counter() - started) * months / short.horizon.months


def print_plan(plan: Plan, pending: int, seconds: float, workers: int) -> None:
    """Say what a study asks for and how long it will take."""
    study = plan.study
    parts = [f"{plan.samples} samples of {len(study.uncertainties)} uncertainties"] if plan.uncertain else []
    parts += [f"{len(options)} x {lever}" for lever, options in study.levers.items()]
    parts += [f"{study.replications} replications"]
    print(f"{study.name}: {plan.runs} runs ({', '.join(parts)}; {study.design.kind})", file=sys.stderr)
    time_left = duration(pending * seconds / max(workers, 1))
    print(f"{pending} to do, about {time_left} with {workers} at work", file=sys.stderr)


def _announce(store: Store, pending: int, seconds: float, crew: Crew) -> None:
    print_plan(store.plan, pending, seconds, min(crew.workers, pending))


def _run(store: Store, crew: Crew, seconds: float, go_on: str) -> None:
    plan = store.plan
    bar = reporter(plan.study.name, plan.runs, plan.runs - len(store.pending()))
    try:
        run_store(store, crew, bar, seconds)
    except (KeyboardInterrupt, SystemExit):
        bar.close()
        # A second Ctrl-C must not hurt what is being told now.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print(f"stopped; go on with: {go_on}", file=sys.stderr)
        raise
    finally:
        bar.close()


def _store(request: Request) -> Store:
    place = Path(request.study)
    if (place / MANIFEST).is_file():
        if not request.resume:
            raise StudyError(f"{place}: holds a study already; go on with --resume, or ask for its --status")
        store = open_store(place)
        load_strategies(store.plan.study.strategies, request.strategies)
        return resume_store(place, store.plan)
    plan = make_plan(load_study(request.study))
    load_strategies(plan.study.strategies, request.strategies)
    return store_for(plan, request.out or Path("runs") / f"study-{slug(plan.study.name)}", request.resume)


def store_for(plan: Plan, folder: Path, resume: bool) -> Store:
    """Return the store of a plan in a folder: a new one, or the one to go on with."""
    exists = (folder / MANIFEST).is_file()
    return resume_store(folder, plan) if resume and exists else make_store(folder, plan)


def _folder(request: Request) -> Path:
    place = Path(request.study)
    if (place / MANIFEST).is_file():
        return place
    return request.out or Path("runs") / f"study-{slug(load_study(request.study).name)}"


def _print_status(folder: Path) -> bool:
    store = open_store(folder)
    status = store.status()
    counts = {
        "PENDING": status.pending,
        "RUNNING": status.running,
        "SUCCEEDED": status.succeeded,
        "FAILED": status.failed,
    }
    print(f"{store.manifest['study']} in {folder}: {status.runs} runs")
    for state, count in counts.items():
        print(f"{state}\t{count}")
    if status.active:
        left = status.progress.get("seconds_left")
        rate = f"{status.progress.get('rate', 0.0):.1f} runs/s"
        print(
            f"at work {status.progress.get('where', '')}: {rate}"
            + (f", {duration(left)} left" if left else "")
        )
    elif status.pending:
        print(f"nobody is at work; go on with: gridrush study {folder} --resume")
    return True


def _conclude(store: Store) -> bool:
    status = store.status()
    print(f"{store.folder}: {status.succeeded} runs succeeded, {status.failed} failed")
    if status.failed:
        rows = store.runs(["run", "status", "error"])
        commonest = rows.loc[rows["status"] == "FAILED", "error"].value_counts()
        for error, count in commonest.head(3).items():
            print(f"gridrush: {count} runs failed: {error}", file=sys.stderr)
    print(f"analyse it with: gridrush analyse {store.folder}")
    return not status.failed
