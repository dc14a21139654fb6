"""`gridrush reproduce`: makes every figure and table of the documentation again and says what differs."""

from __future__ import annotations

import shutil
import sys
import time
from difflib import get_close_matches
from pathlib import Path

from experiments.comparison import ACROSS_PLATFORMS
from experiments.progress import duration
from experiments.reproduction.checking import ReproductionError, Verdict, check, store, write
from experiments.reproduction.exhibits import EXHIBITS, Exhibit
from experiments.store_files import told
from model.compiling import compile_model
from model.provenance import RESULTS_VERSION

MARK = ".gridrush-reproduction"


def reproduce_and_report(names: list[str], out: Path, quick: bool, update: bool, workers: int) -> bool:
    """Make the exhibits again; return whether everything is as stored."""
    wanted = [exhibit for exhibit in chosen(names) if names or not (quick and exhibit.slow)]
    _refuse_strangers(out)
    with told(out):
        out.mkdir(parents=True, exist_ok=True)
        (out / MARK).touch()
    compile_model()
    agreed = True
    for number, exhibit in enumerate(wanted, 1):
        print(f"[{number}/{len(wanted)}] {exhibit.name}: {exhibit.what}", file=sys.stderr, flush=True)
        agreed &= _reproduced(exhibit, out / exhibit.name, update, workers)
    print(f"Figures and tables are in {out}.")
    if not agreed:
        print("What differs is above; if it is meant, `gridrush reproduce --update` stores the new values.")
    return agreed


def chosen(names: list[str]) -> list[Exhibit]:
    """Return the exhibits of these names, all of them if there are none."""
    known = {exhibit.name: exhibit for exhibit in EXHIBITS}
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(known)}"
            raise ReproductionError(f"no figure or table is called '{name}'; {hint}")
    return [exhibit for exhibit in EXHIBITS if exhibit.name in names or not names]


def _reproduced(exhibit: Exhibit, folder: Path, update: bool, workers: int) -> bool:
    started = time.perf_counter()
    aside = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        files = write(exhibit.make(aside, workers), aside)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    took = duration(time.perf_counter() - started)
    if update:
        store(exhibit, folder, files)
        print(f"{exhibit.name}: stored for results version {RESULTS_VERSION} ({took})")
        return True
    try:
        verdict = check(exhibit, folder, files)
    except ReproductionError as error:
        print(error)
        return False
    _say(verdict, took)
    return not verdict.differences


def _say(verdict: Verdict, took: str) -> None:
    name, pages = verdict.exhibit.name, ", ".join(verdict.exhibit.pages)
    if verdict.differences:
        print(f"{name} (in {pages}): DIFFERS ({took})")
        for difference in verdict.differences:
            print(f"  {difference}")
        return
    how = "bit-identical" if verdict.exact else f"within a relative {ACROSS_PLATFORMS:g}"
    print(f"{name} (in {pages}): as stored, {how} ({took})")
    for file, digest in verdict.hashes.items():
        print(f"  {file}: sha256 {digest[:16]}")


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ReproductionError(f"cannot write to {folder}: it is a file, and a folder is needed")
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).is_file():
        raise ReproductionError(f"cannot write to {folder}: it holds other things than reproduced figures")
