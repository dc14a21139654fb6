"""The validation shown in the documentation is the stored one, and every test it names is there."""

import ast
import re
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from experiments.reproduction.checking import STORED, read
from experiments.validation.calibration import IDENTIFIED, REACH, stored

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "validation.md").read_text(encoding="utf-8")
LIMITATIONS = re.sub(r"\s+", " ", (ROOT / "docs" / "limitations.md").read_text(encoding="utf-8"))


def test_the_tables_are_those_of_the_stored_validation() -> None:
    command = [sys.executable, ROOT / "scripts" / "validation_page.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_miss_is_on_the_page_with_its_cause() -> None:
    checks = read(STORED / "validation" / "checks.csv")
    missed = checks.loc[checks["verdict"] == "MISS"]
    listed = PAGE.partition("## Every miss")[2].partition("\n## ")[0]
    assert len(missed) > 5
    assert missed["cause_or_note"].notna().all(), missed.loc[missed["cause_or_note"].isna(), "check"]
    assert [name for name in missed["check"] if name not in listed] == []


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/.]+::\w+)`", PAGE))))
def test_what_is_said_to_hold_a_statement_exists(named: str) -> None:
    file, _, function = named.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert function in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def checked(part: str, name: str, column: str = "value") -> float:
    """Return a number of a stored check."""
    checks = read(STORED / "validation" / "checks.csv")
    (found,) = checks.loc[(checks["part"] == part) & (checks["check"] == name), column]
    return float(found)


def stored_outcome(table: str, arm: str, outcome: str, column: str = "difference") -> float:
    rows = read(STORED / "validation" / f"{table}.csv")
    (found,) = rows.loc[(rows["arm"] == arm) & (rows["outcome"] == outcome), column]
    return float(found)


def error(ahead: int, rule: str) -> float:
    rows = read(STORED / "validation" / "rolling_errors.csv")
    (found,) = rows.loc[(rows["months_ahead"] == ahead) & (rows["rule"] == rule), "log_rms"]
    return float(found)


def transfer(parameters: str, window: str) -> float:
    return float(
        read(STORED / "validation" / "cross_scores.csv").set_index("parameters").at[parameters, window]
    )


def interval(part: str, name: str) -> tuple[float, float, float]:
    value, low, high = (checked(part, name, column) for column in ("value", "interval_low", "interval_high"))
    return value, low, high


def largest_size_effect() -> float:
    """Return the greatest part by which half or twice as many firms move gap, rent and megawatts."""
    rows = read(STORED / "validation" / "sizes.csv").set_index(["arm", "outcome"])
    found = []
    for outcome in ("gap_2028_gw", "rent_2028_usd_kw_month", "ai_mw_end", "miners_2028_gw"):
        means = rows.xs(outcome, level="outcome")["mean"]
        found.append((means / means["137 private firms"] - 1.0).abs().max())
    return max(found)


def reached(statistic: str, digits: str) -> tuple[str, str]:
    """Return what samples of the prior give of a statistic of the leases (median), and what was signed."""
    row = stored(REACH).set_index("statistic").loc[statistic]
    return f"{row['median']:{digits}}", f"{row['observed']:{digits}}"


def of_the_ensemble() -> list[str]:
    failures = "defaults cluster 10-13 months after a price peak: lag of the highest three-month mean"
    bunching = "deals bunch after lows of hashprice: monthly rate in the year after one over the rest"
    convert = "some reorganised firms convert: share with AI megawatts at the end"
    month, first, last = interval("patterns", failures)
    rate, low, high = interval("patterns", bunching)
    return [
        f"moves by {stored_outcome('ablations', 'imitation (J = 0.7)', 'ai_mw_end'):.0f} MW",
        f"stay within {largest_size_effect():.1%}",
        f"around month {month:.0f} ({first:.0f} to {last:.0f})",
        f"({rate:.2f} times the rate of other months, {low:.2f} to {high:.2f})",
        f"convert ({checked('patterns', convert):.1%})",
    ]


def of_the_backtests() -> list[str]:
    value, record = partial(checked, "backtests"), partial(checked, "backtests", column="record")
    fall, back = "halving of {}: fall of hash", "ban of 2021: days from trough to the old level"
    short = "halving of 2024: hash 4 months on, over the growth of the half-year before"
    ban, moved = (
        f"ban in China, {how}: hash after 6 months, like for like"
        for how in ("2021", "machines moved in half a year")
    )
    year = {rule: error(12, rule) for rule in ("model", "no change", "last year's growth")}
    return [
        f"with an error of {value('2020-25 free run: error of hash'):.0%}",
        f"a year ahead with {year['model']:.0%} (no change: {year['no change']:.0%}; "
        f"last year's growth: {year["last year's growth"]:.0%};",
        f"ends at {value('2020-25 free run: J/TH of running machines in November 2025'):.1f} J/TH",
        f"falls by {-value(fall.format(2024)):.1%} after April 2024 "
        f"and by {-value(fall.format(2020)):.1%} after May",
        f"fell by {-record(fall.format(2024)):.1%} and {-record(fall.format(2020)):.1%}",
        f"short by {-value(short):.0%} four months on in 2024, as in the record ({-record(short):.0%})",
        f"back after {value(back):.0f} days instead of {record(back):.0f}",
        f"hash is {value(ban):.0%} above it after six months (record: {record(ban):.0%})",
        f"takes {value(back + ', machines moved in half a year'):.0f} days and leaves {value(moved):.0%}",
        f"The error is {transfer('shipped', '2018-2019'):.0%}",
        f"come to {transfer('fitted on 2023-2025', '2018-2019'):.0%} there",
        f"miss 2020-22 by {transfer('fitted on 2018-2019', '2020-2022'):.0%} "
        f"and {transfer('fitted on 2023-2025', '2020-2022'):.0%}",
    ]


def of_the_steps_and_the_leases() -> list[str]:
    step = partial("hash 2023-25 in steps of a {} against a {}: greatest difference".format)
    month, half = (
        checked("refinement", step(*ends)) for ends in (("month", "half-month"), ("half-month", "week"))
    )
    built, rents, landlords, size = (
        reached(name, digits)
        for name, digits in (
            ("tenant_built_share", ".0%"),
            ("hall_rent_usd_kw_month", ".0f"),
            ("lessors", ".0f"),
            ("mean_deal_it_mw", ".0f"),
        )
    )
    return [
        f"at most {month:.1%} (a month against a half-month) and {half:.1%} (a half-month against a week)",
        f"in {built[0]} of the megawatts let (record: {built[1]},",
        f"rent for {rents[0]} USD/kW-month ({rents[1]})",
        f"{landlords[0]} listed miners let within eighteen months ({landlords[1]})",
        f"a deal is for {size[0]} MW of IT ({size[1]})",
    ]


@pytest.mark.parametrize(
    "sentence", [*of_the_ensemble(), *of_the_backtests(), *of_the_steps_and_the_leases()]
)
def test_limitations_quote_the_stored_validation(sentence: str) -> None:
    assert sentence in LIMITATIONS


def test_only_the_pace_of_review_and_the_intensity_of_choice_are_identified() -> None:
    table = stored(IDENTIFIED)
    assert set(table.loc[table["identified"], "parameter"]) == {"choice.review", "choice.intensity"}
    assert "the pace of review (`choice.review`) and the intensity of choice come back" in LIMITATIONS
