"""Take the report of `gridrush claims` into the documentation: text, figures, table, and what made them.

python scripts/claims_page.py runs/claims
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import sys
import tempfile
from pathlib import Path

import pandas as pd

from experiments.reproduction.checking import store, write
from experiments.reproduction.exhibits import CLAIMS, Made

ROOT = Path(__file__).resolve().parents[1]
PAGE, IMAGES = ROOT / "docs" / "claims.md", ROOT / "docs" / "images" / "claims"
STORED = ROOT / "docs" / "claims"
RULES = ("rules.toml", "spread.toml")
HEAD = "# Claims of the source article, each held to a rule\n"
INTRODUCTION = """
This page is the report that `gridrush claims` wrote (`make claims` writes it anew, in some ten minutes on
two cores). How a verdict comes about is in [Studies](studies.md#the-claims-of-the-source-article); the table
for a paper is [claims/claims_table.csv](claims/claims_table.csv), and what it was made with
[claims/about.json](claims/about.json). Verdicts are on claims given this model, never on a company.
"""


def digest() -> str:
    """Return a hash of the rules and of the ranges that verdicts rest on."""
    files = (ROOT / "experiments" / "claims" / name for name in RULES)
    study = ROOT / "experiments" / "studies" / "claims.toml"
    return hashlib.sha256(b"".join(path.read_bytes() for path in (*files, study))).hexdigest()


def take(folder: Path) -> None:
    """Copy the report into the documentation."""
    text = (folder / "claims.md").read_text(encoding="utf-8")
    if not text.startswith(HEAD):
        raise SystemExit(f"{folder / 'claims.md'}: expected the report of `gridrush claims`")
    for place in (IMAGES, STORED):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    for name in re.findall(r"!\[[^\]]*\]\((\w+\.png)\)", text):
        shutil.copy(folder / name, IMAGES / name)
    text = re.sub(r"(!\[[^\]]*\]\()(\w+\.png\))", r"\1images/claims/\2", text)
    PAGE.write_text(HEAD + INTRODUCTION + text.removeprefix(HEAD), encoding="utf-8")
    shutil.copy(folder / "claims_table.csv", STORED / "claims_table.csv")
    with tempfile.TemporaryDirectory() as aside:
        made = Made({"claims": pd.read_csv(folder / "claims_table.csv")}, {})
        store(CLAIMS, Path(aside), write(made, Path(aside)))
    origin = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
    runs = json.loads((folder / "runs" / "manifest.json").read_text(encoding="utf-8"))
    spread = json.loads((folder / "spread" / "manifest.json").read_text(encoding="utf-8"))
    about = {
        "rules": digest(),
        **{key: origin[key] for key in ("gridrush", "code_version", "parameter_hash", "runs", "written")},
        **{key: runs[key] for key in ("results_version", "first_seed", "replications", "made")},
        "spread_over": {key: spread[key] for key in ("first_seed", "points", "runs")},
        "versions": runs["versions"],
    }
    (STORED / "about.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    take(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/claims"))
