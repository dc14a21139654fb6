"""Keep the ranking of the screening study: which uncertain parameters matter most, and what says so.

    gridrush study screening --out runs/screening && gridrush analyse runs/screening
    python scripts/screening_ranking.py runs/screening

The parameters at hand in the live view are held to it by a test.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "experiments" / "studies" / "screening_ranking.csv"
ABOUT = STORED.with_suffix(".json")
DIGITS = "%.4g"


def keep(folder: Path) -> None:
    """Store the ranking of a finished and analysed screening."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    made = json.loads((folder / "analysis" / "provenance.json").read_text(encoding="utf-8"))
    if made["study"] != "screening" or made["runs"] + made["runs_failed"] < made["runs_planned"]:
        raise SystemExit(f"{folder}: expected a finished run of the study 'screening'")
    ranking = pd.read_csv(folder / "analysis" / "ranking.csv")
    ranking.to_csv(STORED, index=False, float_format=DIGITS, lineterminator="\n")
    about = {
        "results_version": manifest["results_version"],
        **{
            key: made[key]
            for key in ("gridrush", "code_version", "parameter_hash", "digest", "runs", "written")
        },
    }
    ABOUT.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    keep(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/screening"))
