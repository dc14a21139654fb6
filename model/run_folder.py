"""A folder that holds a run: written aside and put in place whole, read back with a word on what is wrong."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow

from model.errors import GridrushError
from model.foreign_files import MANIFEST, Format, foreign_manifest, reason
from model.manifest import FORMAT, FORMAT_VERSION

NEEDED = {
    "scenario": str, "description": str, "seed": int, "months": int, "keep": str,
    "parameters": dict, "tables": dict,
}  # fmt: skip
"""What a manifest must say, and as what, for a run to be read."""
KEPT = ("everything", "series")


class RunFolderError(GridrushError):
    """A folder that cannot hold a run, or does not hold a whole one."""


@contextmanager
def placed(folder: Path) -> Iterator[Path]:
    """Give a new folder to write into, and put it where `folder` is once everything went well.

    An earlier run there is replaced; anything else is left alone.
    """
    target = Path(os.path.realpath(folder))
    with _told(folder), _parents_of(target):
        _refuse_strangers(target, folder)
        aside = _aside(target, "partial")
        aside.mkdir()
        try:
            yield aside
            _put_in_place(aside, target)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def slug(name: str) -> str:
    """Return a name as one part of a path: whoever named a scenario does not choose the folder."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"


def check_writable(folder: Path) -> None:
    """Say at once, before a long run, that its folder cannot be written; leaves no trace."""
    target = Path(os.path.realpath(folder))
    with _told(folder), _parents_of(target):
        _refuse_strangers(target, folder)
        probe = _aside(target, "probe")
        probe.mkdir()
        probe.rmdir()


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of the run in a folder."""
    found = foreign_manifest(folder, Format(FORMAT, FORMAT_VERSION, "Gridrush run", RunFolderError))
    path = folder / MANIFEST
    for key, kind in NEEDED.items():
        if not isinstance(found.get(key), kind) or isinstance(found[key], bool):
            raise RunFolderError(f"{path}: damaged ({key} is not what a run has there)")
    if found["seed"] < 0 or found["keep"] not in KEPT:
        raise RunFolderError(f"{path}: damaged (seed or keep is not what a run has there)")
    return found


def read_table(folder: Path, name: str, declared: dict[str, Any]) -> pd.DataFrame:
    """Return a table of the run in a folder, checked against what its manifest says of it."""
    path = folder / f"{name}.parquet"
    try:
        table = pd.read_parquet(path)
    except FileNotFoundError:
        raise RunFolderError(f"{path}: missing") from None
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise RunFolderError(f"{path}: damaged ({reason(error)})") from None
    if len(table) != declared.get("rows"):
        raise RunFolderError(f"{path}: damaged ({len(table)} rows instead of {declared.get('rows')})")
    return table


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say in one line that the folder cannot be written, and why."""
    try:
        yield
    except (OSError, pyarrow.ArrowException) as error:
        raise RunFolderError(f"cannot write to {folder}: {reason(error)}") from None


@contextmanager
def _parents_of(target: Path) -> Iterator[None]:
    """Make the folders above the target, and remove those that stayed empty."""
    made = [parent for parent in target.parents if not parent.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    finally:
        for parent in made:
            with suppress(OSError):
                parent.rmdir()


def _refuse_strangers(target: Path, folder: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir():
        raise RunFolderError(f"cannot write to {folder}: it is a file, and a folder is needed")
    if any(target.iterdir()):
        try:
            read_manifest(target)
        except RunFolderError:
            what = "it holds other things than a Gridrush run, which would be lost"
            raise RunFolderError(f"cannot write to {folder}: {what}") from None


def _aside(target: Path, purpose: str) -> Path:
    """Name a folder beside the target, or inside it where its parent cannot be written (a mounted volume)."""
    inside = target.is_dir() and (os.path.ismount(target) or not os.access(target.parent, os.W_OK))
    beside = target if inside else target.parent
    return beside / f".{target.name}.{secrets.token_hex(4)}.{purpose}"


def _put_in_place(aside: Path, target: Path) -> None:
    if aside.parent == target:
        _move_in(aside, target)
    elif not target.exists():
        aside.rename(target)
    else:
        earlier = _aside(target, "earlier")
        target.rename(earlier)
        try:
            aside.rename(target)
        except OSError:
            earlier.rename(target)
            raise
        shutil.rmtree(earlier, ignore_errors=True)


def _move_in(aside: Path, target: Path) -> None:
    """Replace the files one by one; without a manifest, which comes last, nobody takes them for a run."""
    (target / MANIFEST).unlink(missing_ok=True)
    for path in sorted(aside.iterdir(), key=lambda path: path.name == MANIFEST):
        path.replace(target / path.name)
