"""`gridrush validate`: the model against history, closed forms and patterns, in one report."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from experiments.validation.ablations import ablations, size_refinement
from experiments.validation.backtests import backtests
from experiments.validation.calibration import IDENTIFIED, REACH, calibration_checks, reach_checks, stored
from experiments.validation.checks import MISS
from experiments.validation.ensembles import Told
from experiments.validation.half_months import whole_refinement
from experiments.validation.patterns import pattern_runs, patterns
from experiments.validation.references import references
from experiments.validation.refinement import time_refinement
from experiments.validation.report import Findings, write_report
from experiments.validation.stated import stated
from model.compiling import compile_model
from model.errors import GridrushError

REPLICATIONS, QUICK = 40, 6
OURS = "report.html"


def validate(folder: Path, quick: bool, replications: int | None, workers: int) -> None:
    """Run the whole validation, write its report into a folder and say what came out."""
    _refuse_strangers(folder)
    compile_model()
    count = replications or (QUICK if quick else REPLICATIONS)
    started = time.perf_counter()
    with progress("validation") as told:
        found = findings(count, quick, workers, told)
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    write_report(found, aside)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)
    _say(found, folder, time.perf_counter() - started)


def findings(count: int, quick: bool, workers: int, told: Told) -> Findings:
    """Run every part of the validation."""
    seeds = range(count)
    told("reference values", 0, 1)
    values = references()
    told("backtests", 0, 1)
    history = backtests(quick)
    runs = pattern_runs(seeds, workers, told)
    ablation_runs, table = ablations(seeds, workers, told)
    _, sizes = size_refinement(range(max(count // 2, 2)), workers, told)
    told("refinement", 0, 1)
    paths, time_checks = time_refinement()
    halves, half_checks = whole_refinement(range(max(count // 2, 2)), workers, told)
    about = f"{count} paired replications, seeds 0 to {count - 1}."
    fitted = [*reach_checks(stored(REACH)), *calibration_checks(stored(IDENTIFIED))]
    return Findings(
        about,
        values,
        stated(),
        history,
        patterns(runs),
        runs,
        table,
        ablation_runs,
        paths,
        [*time_checks, *half_checks],
        sizes,
        halves,
        fitted,
    )


@contextmanager
def progress(what: str) -> Iterator[Told]:
    """Show a bar on a terminal, and a line for each part elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        seen: set[str] = set()

        def line(part: str, _done: int, of: int) -> None:
            if part not in seen:
                seen.add(part)
                print(f"{part}: {of} runs" if of > 1 else part, file=sys.stderr, flush=True)

        yield line
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what)
        yield lambda part, done, of: bar.update(task, description=part, completed=done, total=of)


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / OURS).exists())):
        raise GridrushError(f"cannot write to {folder}: it holds other things than a validation report")


def _say(found: Findings, folder: Path, seconds: float) -> None:
    checks = found.checks
    missed = [check for check in checks if check.verdict == MISS]
    print(f"{len(checks) - len(missed)} of {len(checks)} checks pass; {len(missed)} miss:")
    for check in missed:
        print(f"  {check.part}: {check.name}: {check.value:.4g} ({check.low:.4g} to {check.high:.4g})")
    failed = sum(int((runs["error"] != "").sum()) for runs in (found.pattern_runs, found.ablation_runs))
    if failed:
        print(f"{failed} runs failed; their tracebacks are in pattern_runs.csv and ablation_runs.csv")
    print(
        f"Written to {folder} in {seconds:.0f} s: {', '.join(sorted(path.name for path in folder.iterdir()))}"
    )
