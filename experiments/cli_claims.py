"""`gridrush claims`: the runs behind the claims of the source article, and a verdict on each."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from experiments.analysis.material import Material, material_of
from experiments.claims.batches import RUNS, SPREAD, plans
from experiments.claims.evidence import evidence_of
from experiments.claims.report import TABLE, write_report
from experiments.claims.verdicts import Finding, findings
from experiments.cli_study import run_missing, store_for
from experiments.progress import duration
from experiments.strategy_files import load_strategies, register_entry_points
from model.errors import GridrushError
from model.foreign_files import MANIFEST


class ClaimsError(GridrushError):
    """A folder that cannot take the report."""


def claims_and_report(folder: Path, workers: int | None, resume: bool, replications: int | None) -> None:
    """Run what is missing, judge every claim, write the report and say what came out."""
    register_entry_points()
    started = time.perf_counter()
    wanted = plans(replications)
    _refuse_strangers(folder, resume)
    for plan in wanted.values():
        load_strategies(plan.study.strategies, ())
    stores = {name: store_for(plan, folder / name, resume) for name, plan in wanted.items()}
    go_on = f"gridrush claims --out {folder} --resume"
    go_on += f" --replications {replications}" if replications else ""
    for store in stores.values():
        run_missing(store, workers, None, go_on)
    print("judging", file=sys.stderr, flush=True)
    materials: dict[str, Material] = {name: material_of(store) for name, store in stores.items()}
    found = findings(evidence_of(materials[RUNS]), evidence_of(materials[SPREAD]))
    report = write_report(folder, found, materials)
    _say(found, report, time.perf_counter() - started)


def _refuse_strangers(folder: Path, resume: bool) -> None:
    """Refuse a folder that holds other things, or claims already, before anything is made in it."""
    if folder.exists() and not folder.is_dir():
        raise ClaimsError(f"cannot write to {folder}: it is a file, and a folder is needed")
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not any((folder / name / MANIFEST).is_file() for name in (RUNS, SPREAD)):
        raise ClaimsError(f"cannot write to {folder}: it holds other things than claims")
    if not resume:
        raise ClaimsError(f"{folder}: holds claims already; go on with --resume, or choose another --out")


def _say(found: list[Finding], report: Path, seconds: float) -> None:
    width = max(len(finding.verdict) for finding in found)
    for finding in found:
        print(f"{finding.claim.key}  {finding.verdict:{width}}  {finding.claim.claim}")
    files = ", ".join(f"{TABLE}.{kind}" for kind in ("csv", "tex", "md"))
    print(f"{report}: rules, figures and defences; {files} for a paper ({duration(seconds)})")
