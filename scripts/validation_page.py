"""Write the tables of docs/validation.md anew from what `gridrush reproduce validation` stored."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pandas as pd
from generated_parts import renew, table

from experiments.reproduction.checking import STORED, read
from experiments.validation.ablations import OUTCOMES
from experiments.validation.checks import MISS, OPEN, PASS

PAGE = "docs/validation.md"
FOLDER = STORED / "validation"
JUDGED = ("backtests", "patterns", "calibration", "refinement")
ABLATED = ("gap_2028_gw", "rent_2028_usd_kw_month", "ai_mw_end", "exits", "hashprice_mean", "hhi_hash_end")
DIGITS = 3


def number(value: float, sign: str = "") -> str:
    """Return a number with three digits, thousands without decimals."""
    if not math.isfinite(value):
        return "-"
    return f"{value:{sign},.0f}" if abs(value) >= 1000.0 else f"{value:{sign}.{DIGITS}g}"


def span(low: float, high: float) -> str:
    """Return an interval in words; ends that do not exist are left out."""
    if math.isfinite(low) and math.isfinite(high):
        return f"{number(low)} to {number(high)}"
    if math.isfinite(high):
        return f"at most {number(high)}"
    return f"at least {number(low)}" if math.isfinite(low) else ""


def summary() -> str:
    """Return how many checks of each part pass, miss, or have no value."""
    checks = read(FOLDER / "checks.csv")
    rows = []
    for part in dict.fromkeys(checks["part"]):
        verdicts = checks.loc[checks["part"] == part, "verdict"].to_list()
        rows.append((part, len(verdicts), *(verdicts.count(word) for word in (PASS, MISS, OPEN))))
    rows.append(("all", *(sum(row[place] for row in rows) for place in range(1, 5))))
    return table(("part", "checks", "pass", "miss", "no value"), rows)


def judged(part: str) -> str:
    """Return the checks of a part: value, interval, target, the same measure in the record, verdict."""
    own = read(FOLDER / "checks.csv")
    rows = own.loc[own["part"] == part].to_dict("records")
    return table(
        ("check", "value", "interval", "target", "unit", "record", "verdict"),
        [
            (
                row["check"],
                number(row["value"]),
                span(row["interval_low"], row["interval_high"]),
                span(row["target_low"], row["target_high"]),
                row["unit"],
                number(row["record"]) if math.isfinite(row["record"]) else "",
                "**miss**" if row["verdict"] == MISS else row["verdict"],
            )
            for row in rows
        ],
    )


def misses() -> str:
    """Return every miss with its likely cause."""
    rows = read(FOLDER / "checks.csv").fillna("").query("verdict == 'MISS'").to_dict("records")
    return table(
        ("part", "check", "likely cause, or what else to know"),
        [(row["part"], row["check"], row["cause_or_note"]) for row in rows],
    )


def forecasts() -> str:
    """Return errors of rolling forecasts by months ahead and rule."""
    errors = read(FOLDER / "rolling_errors.csv").pivot_table("log_rms", "months_ahead", "rule")
    rows = [(ahead, *(number(value) for value in row)) for ahead, row in errors.iterrows()]
    return table(("months ahead", *errors.columns), rows)


def transfer() -> str:
    """Return errors by window fitted on and window scored on."""
    scores = read(FOLDER / "cross_scores.csv")
    rows = [(name, *(number(value) for value in values)) for name, *values in scores.to_numpy().tolist()]
    return table(scores.columns.tolist(), rows)


def paired(name: str, outcomes: Sequence[str]) -> str:
    """Return differences of arms from the first reference, with their intervals."""
    found = read(FOLDER / f"{name}.csv")
    return table(("arm", *(OUTCOMES[outcome] for outcome in outcomes)), _arms(found, outcomes))


def _arms(found: pd.DataFrame, outcomes: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for arm, own in found.groupby("arm", sort=False):
        by = own.set_index("outcome")
        cells = []
        for outcome in outcomes:
            off, low, high = by.loc[outcome, ["difference", "difference_low", "difference_high"]]
            if off == low == high == 0.0:
                cells.append(number(by.at[outcome, "mean"]))
                continue
            cells.append(f"{number(off, '+')} ({number(low, '+')} to {number(high, '+')})")
        yield (str(arm), *cells)


def parts() -> dict[str, str]:
    """Return the computed parts of the page."""
    return {
        "summary": summary(),
        **{part: judged(part) for part in JUDGED},
        "forecasts": forecasts(),
        "transfer": transfer(),
        "ablations": paired("ablations", ABLATED),
        "sizes": paired("sizes", ABLATED),
        "misses": misses(),
    }


if __name__ == "__main__":
    sys.exit(renew({PAGE: parts()}, "validation_page.py"))
