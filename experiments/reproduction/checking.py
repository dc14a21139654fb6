"""An exhibit made again and held to what is stored of it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.image as mpl_image
import numpy as np
import pandas as pd

from experiments.comparison import ACROSS_PLATFORMS, Difference, differences
from experiments.reproduction.exhibits import Exhibit, Made
from model.errors import GridrushError
from model.provenance import RESULTS_VERSION, ROOT

STORED = Path(__file__).with_name("stored")
ABOUT = "about.json"
IMAGES = ROOT / "docs" / "images"
FAINT = 0.1
"""Difference of a colour, of 1, that smoothing of edges may make."""
FEW = 0.005
"""Share of a picture's dots that other versions of the drawing library may draw otherwise."""


class ReproductionError(GridrushError):
    """An exhibit that cannot be held to anything."""


class Verdict(NamedTuple):
    """What came of an exhibit."""

    exhibit: Exhibit
    differences: list[Difference]
    exact: bool
    hashes: dict[str, str]
    """SHA-256 of each table as made now."""


def write(made: Made, folder: Path) -> list[Path]:
    """Write the tables and drawings of an exhibit and return the files, as seen from the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in made.tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    for name, draw in made.drawings.items():
        (folder / name).parent.mkdir(exist_ok=True)
        draw(folder / f"{name}.png")
    return [Path(f"{name}.csv") for name in made.tables] + [Path(f"{name}.png") for name in made.drawings]


def check(exhibit: Exhibit, folder: Path, files: list[Path]) -> Verdict:
    """Compare the files of an exhibit with what is stored, and a picture with the one that is shown."""
    found: list[Difference] = []
    exact, hashes = True, {}
    for file in files:
        path = folder / file
        if file.suffix == ".png":
            found += picture_differs(path, IMAGES / file)
            continue
        hashes[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        if hashes[path.name] != stored_hash(exhibit, path.name):
            exact = False
            stored = read(stored_file(exhibit, path.name))
            found += differences(path.stem, stored, read(path), ACROSS_PLATFORMS)
    return Verdict(exhibit, found, exact, hashes)


def picture_differs(found: Path, shown: Path) -> list[Difference]:
    """Return whether a picture looks otherwise than the one in the documentation, if that is at hand."""
    if not IMAGES.is_dir():
        return []
    if not shown.is_file():
        return [Difference(found.name, "", f"not in {shown.parent}")]
    one, other = mpl_image.imread(found), mpl_image.imread(shown)
    if one.shape != other.shape:
        return [Difference(found.name, "", f"{one.shape[:2]} dots instead of {other.shape[:2]}")]
    share = float((np.abs(one - other) > FAINT).any(axis=-1).mean())
    return [Difference(found.name, "", f"{share:.1%} of the dots differ")] if share > FEW else []


def stored_file(exhibit: Exhibit, name: str) -> Path:
    """Return the stored table of an exhibit.

    Raises:
        ReproductionError: If there is none, or it belongs to another results version.
    """
    path = STORED / exhibit.name / name
    version = about().get(exhibit.name, {}).get("results_version")
    if version is None or not path.is_file():
        raise ReproductionError(f"{exhibit.name}: nothing is stored for {name}; --update stores it")
    if version != RESULTS_VERSION:
        what = f"stored for results version {version}, and this Gridrush gives {RESULTS_VERSION}"
        raise ReproductionError(f"{exhibit.name}: {what}; --update stores it anew")
    return path


def stored_hash(exhibit: Exhibit, name: str) -> str:
    """Return the SHA-256 of a stored table, which must be what was noted when it was stored."""
    path = stored_file(exhibit, name)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    noted = about()[exhibit.name]["sha256"].get(name)
    if found != noted:
        raise ReproductionError(f"{path}: altered since it was stored (its SHA-256 is not that in {ABOUT})")
    return found


def store(exhibit: Exhibit, folder: Path, files: list[Path]) -> None:
    """Store the tables of an exhibit, and put its picture where the documentation shows it.

    Raises:
        ReproductionError: If this is no checkout: what is installed is left as it came.
    """
    if not (ROOT / "pyproject.toml").is_file():
        raise ReproductionError("--update changes the stored values of a checkout, and this is none")
    stored, hashes = STORED / exhibit.name, {}
    stored.mkdir(parents=True, exist_ok=True)
    for old in stored.glob("*.csv"):
        old.unlink()
    for file in files:
        content = (folder / file).read_bytes()
        place = (IMAGES if file.suffix == ".png" else stored) / file
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(content)
        if file.suffix == ".csv":
            hashes[file.name] = hashlib.sha256(content).hexdigest()
    noted = about() | {exhibit.name: {"results_version": RESULTS_VERSION, "sha256": hashes}}
    text = json.dumps(dict(sorted(noted.items())), indent=2)
    (STORED / ABOUT).write_text(text + "\n", encoding="utf-8")


def about() -> dict[str, dict[str, Any]]:
    """Return for each exhibit the results version and hashes of what is stored."""
    path = STORED / ABOUT
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read(path: Path) -> pd.DataFrame:
    """Return a table as it was written, to the last bit."""
    return pd.read_csv(path, float_precision="round_trip")  # pyright: ignore[reportCallIssue, reportArgumentType]
