"""`gridrush verify`: runs a saved run again and says, table by table, whether it is confirmed."""

from __future__ import annotations

import sys
from pathlib import Path

from experiments.comparison import ACROSS_PLATFORMS
from experiments.strategy_files import load_strategy, register_entry_points
from experiments.verification import Outcome, Verification, verify
from model.compiling import compile_model
from model.run_folder import read_manifest


def verify_and_report(folder: Path, strategy: str | None) -> bool:
    """Verify the run in a folder; return whether it is confirmed."""
    manifest = read_manifest(folder)
    register_entry_points()
    if strategy:
        load_strategy(strategy)
    compile_model()
    what = f"{manifest['scenario']}, seed {manifest['seed']}, {manifest['months']} months"
    print(f"running {what} again", file=sys.stderr, flush=True)
    found = verify(folder)
    print(f"{folder}: {what}")
    for outcome in found.outcomes:
        _say(outcome)
    if found.unchecked:
        print(f"  not checked, since no result depends on it: {', '.join(found.unchecked)}")
    print(_verdict(found))
    return found.confirmed


def _say(outcome: Outcome) -> None:
    rows = "" if outcome.rows is None else f"{outcome.rows} rows"
    for difference in outcome.differences:
        print(f"  {difference}")
    if not outcome.differences:
        agreement = "bit-identical" if outcome.exact else f"within a relative {ACROSS_PLATFORMS:g}"
        print(f"  {outcome.name:18} {rows:>12}  {agreement}")


def _verdict(found: Verification) -> str:
    here = f"other here than where it was made: {', '.join(found.elsewhere)}"
    if not found.confirmed:
        count = sum(bool(outcome.differences) for outcome in found.outcomes)
        verdict = f"NOT confirmed: {count} of {len(found.outcomes)} tables and files differ"
        return f"{verdict}; {here}" if found.elsewhere else verdict
    if found.exact:
        return "confirmed, bit-identical" + (f", although {here}" if found.elsewhere else "")
    return f"confirmed within a relative {ACROSS_PLATFORMS:g}, not to the last bit; {here}"
