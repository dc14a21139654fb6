"""Stored runs and studies on this machine: what a folder holds, and where others lie."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from model.foreign_files import MANIFEST, foreign_json
from model.manifest import FORMAT

Holding = Literal["run", "study", ""]
STUDY_FORMAT = "gridrush study"
HOME = Path("runs")
"""Where `gridrush run` and `gridrush study` put their results unless told otherwise."""


def holding(folder: str | Path) -> Holding:
    """Return what a folder holds, going by its manifest."""
    try:
        found = foreign_json(Path(folder) / MANIFEST).get("format")
    except (OSError, ValueError, AttributeError):
        return ""
    if found == FORMAT:
        return "run"
    return "study" if found == STUDY_FORMAT else ""


def stored(kind: Holding, near: str | Path = "") -> list[str]:
    """Return the folders that hold a run or a study: below `runs`, and beside or below the given one."""
    places = [HOME]
    if near:
        places += [Path(near), Path(near).parent]
    found = {
        str(folder)
        for place in places
        if place.is_dir()
        for folder in (place, *sorted(path for path in place.iterdir() if path.is_dir()))
        if holding(folder) == kind
    }
    return sorted(found)
