"""`gridrush run`: from what was typed to a folder of results and a summary."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from experiments.figures import save_summary
from experiments.report import print_identities, print_report
from experiments.strategy_files import load_strategy, register_entry_points
from experiments.summary import plain, summarise
from model.baseline import build_baseline
from model.compiling import compile_model
from model.identities import Identity, identities
from model.run import Progress as Report
from model.run import Run
from model.run import run as run_scenario
from model.run_folder import check_writable, slug
from model.scenario import Scenario
from model.scenario_files import load_scenario, parse_overrides
from model.streams import Streams

FIGURE = "summary.png"
WIDTH = 120
"""Columns of a report that goes into a file or a pipe."""


class Request(NamedTuple):
    """What was typed after `gridrush run`."""

    scenario: str
    seed: int
    months: int | None
    settings: list[str]
    strategy: str | None
    out: Path | None
    as_json: bool
    check: bool
    posterior: int | None = None


def run_and_report(request: Request) -> bool:
    """Run, save and report; return whether every identity that was asked for holds."""
    scenario = scenario_of(request)
    folder = request.out or Path("runs") / f"{slug(scenario.name)}-seed{request.seed}"
    check_writable(folder)
    compile_model(quiet=request.as_json)
    with _progress(request, scenario) as progress:
        result = run_scenario(scenario, request.seed, progress=progress)
    if request.strategy:
        result.manifest["strategy_file"] = request.strategy
    result.save(folder, also=lambda aside: save_summary(result, aside / FIGURE))
    found = identities(build_baseline(scenario, Streams(request.seed))) if request.check else []
    if request.as_json:
        _print_json(result, folder, found)
    else:
        console = Console() if sys.stdout.isatty() else Console(width=WIDTH)
        print_report(console, summarise(result), _written(folder))
        if found:
            print_identities(console, found)
    return all(identity.ok for identity in found)


def scenario_of(request: Request) -> Scenario:
    """Return the scenario that was asked for, or say what is wrong with the asking."""
    register_entry_points()
    values = _posterior(request.posterior) | parse_overrides(request.settings)
    if request.strategy:
        values["choice.strategy"] = load_strategy(request.strategy)
    if request.months is not None:
        values["horizon.months"] = request.months
    return load_scenario(request.scenario, **values)


def _posterior(number: int | None) -> dict[str, Any]:
    """Return the parameters of a draw of the calibration's posterior, if one was asked for."""
    if number is None:
        return {}
    from experiments.validation.calibration import posterior_draw

    return dict(posterior_draw(number))


@contextmanager
def _progress(request: Request, scenario: Scenario) -> Iterator[Report | None]:
    """Show a bar with the time left on a terminal, and a plain line elsewhere."""
    console = Console(stderr=True)
    months = scenario.horizon.months
    if request.as_json:
        yield None
    elif not console.is_terminal:
        print(f"running {scenario.name}, seed {request.seed}, {months} months", file=sys.stderr)
        yield None
    else:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            task = bar.add_task(f"{scenario.name}, seed {request.seed}", total=months)
            yield lambda done, _: bar.update(task, completed=done)


def _written(folder: Path) -> list[str]:
    return [f"Written to {folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}"]


def _print_json(result: Run, folder: Path, found: list[Identity]) -> None:
    facts = summarise(result) | {
        "folder": str(folder),
        "files": sorted(path.name for path in folder.iterdir()),
        "parameter_hash": result.manifest["parameter_hash"],
        "wall_seconds": result.manifest["wall_seconds"],
    }
    if found:
        facts["identities"] = [plain(asdict(identity) | {"ok": bool(identity.ok)}) for identity in found]
    print(json.dumps(facts, indent=2, allow_nan=False, ensure_ascii=False))
