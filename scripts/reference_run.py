"""Hold the model to its stored reference results, and store new ones with a new results version.

    python scripts/reference_run.py          say what differs from tests/reference
    python scripts/reference_run.py "WHY"    raise RESULTS_VERSION, say why in CHANGELOG.md, store the results

What is stored: the series of the run that `make run` shows, counts and sums over its other tables, and the
last month of every shipped scenario.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pandas as pd

from experiments.comparison import ACROSS_PLATFORMS, Difference, differences
from model.provenance import RESULTS_VERSION
from model.run import Run, run
from model.scenario_files import scenario_names

ROOT = Path(__file__).resolve().parents[1]
STORED = ROOT / "tests" / "reference"
CODE, CHANGELOG = ROOT / "model" / "provenance.py", ROOT / "CHANGELOG.md"
ABOUT = "about.json"
TABLES = ("series", "totals", "scenarios")
KEYS = {"series": "month", "totals": "measure", "scenarios": "column"}
DIGITS = "%.10g"
SECTION = "### Results change\n\n"
SEED = 75
"""The seed that `make run` shows."""
COUNTED = {
    "firms": ("kind", "status", "exit_reason"),
    "leases": ("product", "status"),
    "events": ("kind", "outcome"),
}


def reference_results() -> dict[str, pd.DataFrame]:
    """Return what is stored, computed now."""
    shown = run("reference", SEED)
    ends = {name: run(name, SEED, keep="series").series.iloc[-1] for name in scenario_names()}
    scenarios = pd.DataFrame(ends).rename_axis("column")
    series = shown.series.set_axis(shown.series.index.strftime("%Y-%m"), axis=0).rename_axis("month")
    return {"series": series, "totals": totals(shown), "scenarios": scenarios}


def totals(shown: Run) -> pd.DataFrame:
    """Return how many firms, leases and events of each kind there are, and what their numbers add up to."""
    values: dict[str, float] = {}
    last = shown.firms[shown.firms["month"] == shown.firms["month"].max()]
    for name, table in {"firms": last, "leases": shown.leases, "events": shown.events}.items():
        values[f"{name}: rows"] = len(table)
        for column in COUNTED[name]:
            for value, count in table[column].value_counts().sort_index().items():
                values[f"{name}: {column} {value}"] = count
        sums = table.select_dtypes("number").astype(float).sum()
        values |= {f"{name}: sum of {column}": value for column, value in sums.items()}
    return pd.DataFrame({"value": pd.Series(values, dtype=float)}).rename_axis("measure")


def stored_results() -> dict[str, pd.DataFrame]:
    """Return the stored tables."""
    return {name: pd.read_csv(STORED / f"{name}.csv", index_col=KEYS[name]) for name in TABLES}


def stored_version() -> int:
    """Return the results version the stored tables belong to."""
    return json.loads((STORED / ABOUT).read_text(encoding="utf-8"))["results_version"]


def results_differ(found: dict[str, pd.DataFrame]) -> list[Difference]:
    """Return what differs from the stored results by more than platforms do."""
    stored = stored_results()
    return [
        difference
        for name in TABLES
        for difference in differences(name, stored[name], found[name], ACROSS_PLATFORMS)
    ]


def advice(found: list[Difference]) -> str:
    """Return the differences and what to do about them."""
    lines = [f"The reference results differ from those of results version {stored_version()}:"]
    lines += [f"  {difference}" for difference in found[:20]]
    lines += [f"  ... and {len(found) - 20} more"] if len(found) > 20 else []
    lines.append(
        "If that is meant, bump RESULTS_VERSION in model/provenance.py, describe the change in CHANGELOG.md"
        ' under "Results change", and store the new results; one command does all three:'
        ' make reference REASON="why"'
    )
    return "\n".join(lines)


def changelog_names(version: int) -> bool:
    """Return whether a section on changed results tells of a results version."""
    sections = CHANGELOG.read_text(encoding="utf-8").split(SECTION)[1:]
    return any(
        re.search(rf"results version {version}\b", part.partition("\n#")[0], re.I) for part in sections
    )


def bump(reason: str) -> int:
    """Raise the results version and say why in the changelog."""
    version = RESULTS_VERSION + 1
    code = CODE.read_text(encoding="utf-8")
    CODE.write_text(
        re.sub(r"^RESULTS_VERSION = \d+$", f"RESULTS_VERSION = {version}", code, flags=re.MULTILINE),
        encoding="utf-8",
    )
    head, section, rest = CHANGELOG.read_text(encoding="utf-8").partition(SECTION)
    CHANGELOG.write_text(
        f"{head}{section}- **Results version {version}**: {reason}\n{rest}", encoding="utf-8"
    )
    return version


def store(found: dict[str, pd.DataFrame], version: int) -> None:
    """Write the results aside of the code."""
    STORED.mkdir(exist_ok=True)
    for name, table in found.items():
        table.to_csv(STORED / f"{name}.csv", float_format=DIGITS, lineterminator="\n")
    about = {"results_version": version, "scenario": "reference", "seed": SEED}
    (STORED / ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    print(f"Stored in {STORED.relative_to(ROOT)} as results version {version}.")
    print("Now `gridrush reproduce --update` writes the figures and tables of the documentation anew.")


def main(reason: str) -> int:
    """Compare, and store what is new if there is a reason for it."""
    print(f"running the reference and {len(scenario_names())} shipped scenarios ...", file=sys.stderr)
    found = reference_results()
    if not (STORED / ABOUT).is_file():
        store(found, RESULTS_VERSION)
        return 0
    differing = results_differ(found)
    if not differing and stored_version() == RESULTS_VERSION:
        print(f"The reference results are those of results version {RESULTS_VERSION}.")
        return 0
    bumped = stored_version() < RESULTS_VERSION and changelog_names(RESULTS_VERSION)
    if bumped or all(difference.only_new for difference in differing):
        store(found, RESULTS_VERSION)
        return 0
    if not reason:
        print(advice(differing), file=sys.stderr)
        return 1
    store(found, bump(reason))
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:]).strip()))
