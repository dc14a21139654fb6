"""Write the tables of docs/data.md anew: where every number comes from, what it is for, its grade."""

from __future__ import annotations

import ast
import csv
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import cache
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generated_parts import ROOT, renew, table
from odd_tables import shown

from model.baseline_tables import KEYS, SHIPPED
from model.parameter_table import Parameter, parameter_table
from model.parameters.base import REFERENCES

PAGE = "docs/data.md"
ROLES = {
    "miners": "input",
    "sites": "input",
    "ai_contracts": "input (leases at the start); calibration (statistics of what was signed)",
    "asic_models": "input; calibration (cost of making a machine)",
    "regions": "input",
    "hyperscalers": "input",
    "demand_path": "input",
    "outside_supply": "input",
    "costs": "by row, below",
    "power_cost_distribution": "input",
    "network_history": "input (beliefs at the start, bootstrap); calibration (2020-25); validation",
    "difficulty_epochs": "input (network at the start); validation (backtests)",
    "tail": "by row, below",
}
"""What each table is for."""
UNREAD = {
    "miners": {
        *("btc_pledged", "in_article", "market_cap_musd", "name", "power_cost_usd_per_mwh"),
        *("self_operated_share", "shares_m"),
    },
    "sites": set(),
    "ai_contracts": {"revenue_musd_per_it_mw_year"},
    "asic_models": {"hashrate_th_s", "launch_price_usd_per_th", "model"},
    "regions": {"operator"},
    "hyperscalers": {"capex_2023_busd", "capex_2024_busd", "capex_2025_busd"},
    "demand_path": {"cumulative_gw"},
    "outside_supply": {"capex_musd_per_mw"},
    "power_cost_distribution": set(),
    "network_history": {"btc_price_avg_usd", "difficulty_end", "subsidy_btc"},
    "difficulty_epochs": {"epoch"},
}
"""Columns that no run reads, source, confidence and note aside: kept to check, compare or tell rows apart."""
COMPARING = {"identities.py"}
"""Modules that compare a run or its start with the tables and feed nothing back."""
NOBODY = "no run"

Record = dict[str, str]


@cache
def records(name: str) -> tuple[Record, ...]:
    """Return the rows of a table as text."""
    with (SHIPPED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def keyed(name: str, key: str) -> dict[str, Record]:
    """Return the rows of a table by a column."""
    return {row[key]: row for row in records(name)}


@cache
def literals() -> dict[str, frozenset[str]]:
    """Return every text constant in the code of the model, with the files it stands in."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "model").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found[node.value].add(path.name)
    return {text: frozenset(files) for text, files in found.items()}


def readers(name: str) -> frozenset[str]:
    """Return the files of the model that read a row of costs.csv or tail.csv by name, or by how it begins."""
    named = literals().get(name, frozenset())
    prefixes = [text for text in literals() if text.endswith("_share_") and name.startswith(text)]
    return named.union(*(literals()[text] - {"baseline_checks.py"} for text in prefixes))


def citing(file: str, name: str) -> list[str]:
    """Return the parameters whose source names a row of a table."""
    return [row.name for row in parameter_table() if re.search(rf"{file}\.csv {name}\b", row.source)]


def used_by(file: str, name: str) -> str:
    """Say who uses a row of costs.csv or tail.csv."""
    files = readers(name)
    uses = [f"`{parameter}`" for parameter in citing(file, name)]
    uses += [f"`model/{reader}`" for reader in sorted(files - COMPARING)]
    uses += ["compared by `gridrush run --check`"] if files & COMPARING else []
    return ", ".join(uses) or NOBODY


def date(key: str) -> str:
    """Return the date of a source."""
    return keyed("sources", "key")[key]["date"]


def overview() -> str:
    """Return the tables, a row each."""
    rows = []
    for name, (model, _) in KEYS.items():
        if name != "sources":
            grades = Counter(row["confidence"] for row in records(name))
            shares = " ".join(f"{grade} {grades[grade]}" for grade in "ABC" if grades[grade])
            unread = ", ".join(f"`{column}`" for column in sorted(UNREAD.get(name, ())))
            what = str(model.__doc__).splitlines()[0].rstrip(".")
            rows.append((f"`{name}.csv`", len(records(name)), what, ROLES[name], shares, unread))
    return table(("table", "rows", "one row is", "role", "grades", "columns no run reads"), rows)


def named(rows: Iterable[Record], key: tuple[str, ...]) -> str:
    """Return what rows are called, shortened where they are many."""
    names = [" ".join(row[column] for column in key[-2:]) for row in rows]
    return ", ".join(names) if len(names) <= 20 else f"{names[0]} to {names[-1]} ({len(names)} rows)"


def rows_by_source() -> str:
    """Return the rows of every table but the scalars, joined where source and grade are the same."""
    lines = []
    for name, (_, key) in KEYS.items():
        if name not in ("sources", "costs", "tail"):
            groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
            for row in records(name):
                groups[row["source"], row["confidence"]].append(row)
            lines += [
                (f"`{name}.csv`", f"`{source}`", date(source), grade, named(rows, key))
                for (source, grade), rows in groups.items()
            ]
    return table(("table", "source", "date", "grade", "rows"), lines)


def scalars() -> str:
    """Return every row of costs.csv."""
    rows = (
        (
            f"`{row['name']}`",
            row["value"],
            f"{row['low']} to {row['high']}" if row["low"] else "",
            row["unit"],
            row["role"],
            used_by("costs", row["name"]),
            f"`{row['source']}`",
            date(row["source"]),
            row["confidence"],
        )
        for row in records("costs")
    )
    return table(("name", "value", "range", "unit", "role", "used by", "source", "date", "grade"), rows)


def tail_role(name: str) -> str:
    """Return what a row of tail.csv is for."""
    if citing("tail", name) or readers(name) - COMPARING:
        return "input"
    return "validate" if readers(name) else "reference"


def tail() -> str:
    """Return every row of tail.csv."""
    rows = (
        (
            f"`{row['parameter']}`",
            row["value"],
            row["unit"],
            tail_role(row["parameter"]),
            used_by("tail", row["parameter"]),
            f"`{row['source']}`",
            date(row["source"]),
            row["confidence"],
        )
        for row in records("tail")
    )
    return table(("name", "value", "unit", "role", "used by", "source", "date", "grade"), rows)


def row_cited(parameter: Parameter) -> Record | None:
    """Return the row of costs.csv or tail.csv that a parameter's source names, if it does."""
    for file, key in (("costs", "name"), ("tail", "parameter")):
        if match := re.search(rf"{file}\.csv (\w+)", parameter.source):
            return keyed(file, key).get(match[1])
    return None


def role_and_grade(parameter: Parameter) -> tuple[str, str]:
    """Return what a default is for and how far to trust it, by the rules the page states."""
    key, row = parameter.source.partition(";")[0], row_cited(parameter)
    if "calibrated" in parameter.source:
        return "calibration", "C"
    if key in REFERENCES or key.startswith("MODEL "):
        return "switch or rule", "-"
    if row is not None:
        return ("calibration" if row.get("role") == "calibrate" else "input"), row["confidence"]
    if key == "estimate_c":
        return "input", "C"
    if key.endswith(".csv"):
        return "input", max(line["confidence"] for line in records(key.removesuffix(".csv")))
    return "input", "B"


def defaults() -> str:
    """Return every parameter's default with its source."""
    rows = []
    for parameter in parameter_table():
        key, _, note = parameter.source.partition(";")
        role, grade = role_and_grade(parameter)
        dated = date(key) if key in keyed("sources", "key") else ""
        rows.append(
            (
                f"`{parameter.name}`",
                shown(parameter),
                parameter.unit,
                f"`{key}`",
                dated,
                role,
                grade,
                note.strip(),
            )
        )
    return table(("parameter", "default", "unit", "source", "date", "role", "grade", "note"), rows)


def cited_by(key: str) -> tuple[int, int]:
    """Return how many rows of tables and how many parameters cite a source."""
    tables = [name for name in KEYS if name != "sources"]
    count = sum(row["source"] == key for name in tables for row in records(name))
    return count, sum(row.source.partition(";")[0] == key for row in parameter_table())


def sources() -> str:
    """Return every source."""
    rows = (
        (
            f"`{row['key']}`",
            row["what"],
            row["publisher"],
            row["date"],
            row["terms"],
            "{} rows, {} parameters".format(*cited_by(row["key"])),
            row["note"],
        )
        for row in records("sources")
    )
    return table(("key", "what", "publisher", "date", "terms", "cited by", "note"), rows)


def kinds() -> str:
    """Return what else a source may say."""
    return table(("source", "meaning"), ((f"`{key}`", meaning) for key, meaning in REFERENCES.items()))


def parts() -> dict[str, str]:
    """Return all computed parts of the page by name."""
    return {
        "tables": overview(),
        "rows": rows_by_source(),
        "scalars": scalars(),
        "tail": tail(),
        "defaults": defaults(),
        "kinds": kinds(),
        "sources": sources(),
    }


if __name__ == "__main__":
    sys.exit(renew({PAGE: parts()}, "data_tables.py"))
