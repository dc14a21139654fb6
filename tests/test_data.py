"""Every number has a source that resolves, every source is used, what may only be compared is never fed."""

import csv
import importlib.util
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

from model.baseline_rows import Row
from model.baseline_tables import KEYS, SHIPPED, BaselineError, load_tables
from model.parameter_table import parameter_table
from model.run import run
from model.scenario_files import load_scenario, scenario_names

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "scripts"
ALWAYS_KEPT = {"source", "confidence", "note"}
KINDS = {model.__name__: table for table, (model, _) in KEYS.items()}


@pytest.fixture(scope="module")
def tables():
    spec = importlib.util.spec_from_file_location("data_tables", SCRIPTS / "data_tables.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def rows_of(name):
    with (SHIPPED / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_page_is_that_of_the_tables():
    done = subprocess.run(
        [sys.executable, SCRIPTS / "data_tables.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_every_file_of_data_is_a_known_table():
    assert {path.stem for path in SHIPPED.glob("*.csv")} == set(KEYS)


@pytest.mark.parametrize("source", rows_of("sources"), ids=lambda row: row["key"])
def test_a_source_is_described_and_cited_by_something(source, tables):
    assert all(source[column] for column in ("what", "publisher", "date", "where", "terms"))
    assert re.fullmatch(r"20\d\d(-\d\d(-\d\d)?)?", source["date"])
    assert source["date"] <= "2025-11-30"
    assert source["terms"] in {"facts quoted", "own work", "MIT", "US government work"}
    assert sum(tables.cited_by(source["key"])) > 0


@pytest.mark.parametrize("name", sorted(set(KEYS) - {"sources"}))
def test_every_row_cites_a_listed_source_and_has_a_grade(name):
    keys = {row["key"] for row in rows_of("sources")}
    assert not [row for row in rows_of(name) if row["source"] not in keys or row["confidence"] not in "ABC"]


@pytest.mark.parametrize("parameter", parameter_table(), ids=lambda row: row.name)
def test_a_parameter_has_role_and_grade_and_cites_rows_that_exist(parameter, tables):
    role, grade = tables.role_and_grade(parameter)
    assert role in {"input", "calibration", "switch or rule"}
    assert grade in {"A", "B", "C", "-"}
    cited = re.findall(r"\b(costs|tail)\.csv ([a-z]+_\w+)", parameter.source)
    known = {"costs": "name", "tail": "parameter"}
    assert not [(file, name) for file, name in cited if name not in tables.keyed(file, known[file])]


def comparable(rows):
    return [row["name"] for row in rows if row["role"] == "validate"]


@pytest.mark.parametrize("name", comparable(rows_of("costs")))
def test_the_model_refuses_to_be_fed_what_may_only_be_compared(name):
    with pytest.raises(BaselineError, match=f"'{name}' has the role validate"):
        load_tables().cost(name)
    assert load_tables().target(name).role == "validate"


def test_a_comparison_of_what_is_not_there_names_the_nearest():
    with pytest.raises(BaselineError, match="did you mean 'hashprice_baseline'"):
        load_tables().target("hashprice_baselin")


WORLDS = [
    *({"extends": name} for name in scenario_names()),
    {"extends": "reference", "bitcoin.price_process": "bootstrap"},
    {"extends": "reference", "bitcoin.expectation": "trend", "choice.imitation": 1.0},
]


def test_runs_read_exactly_the_columns_that_the_page_says(monkeypatch, tables):
    load_tables()
    read = defaultdict(set)

    def spy(row, name):
        if name in type(row).model_fields:
            read[KINDS[type(row).__name__]].add(name)
        return object.__getattribute__(row, name)

    monkeypatch.setattr(Row, "__getattribute__", spy)
    for world in WORLDS:
        changes = {key: value for key, value in world.items() if key != "extends"}
        months = 14 if world == {"extends": "reference"} else 2
        run(load_scenario(world["extends"], **changes, **{"horizon.months": months}), 1, keep="series")
    for table, unread in tables.UNREAD.items():
        columns = set(KEYS[table][0].model_fields) - {"line"} - ALWAYS_KEPT
        assert columns - read[table] == unread, table
    assert not read["sources"]


TIMES = 1.7
NEVER_FED = {
    "miners": ("market_cap_musd", "shares_m"),
    "hyperscalers": ("capex_2023_busd", "capex_2024_busd", "capex_2025_busd"),
    "outside_supply": ("capex_musd_per_mw",),
    "asic_models": ("launch_price_usd_per_th", "hashrate_th_s"),
}


def rewrite(folder, name, change):
    rows = rows_of(name)
    for row in rows:
        change(row)
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def scale(row, columns):
    for column in columns:
        if row[column]:
            row[column] = repr(float(row[column]) * TIMES)


def test_what_may_only_be_compared_changes_no_run(tmp_path, tables):
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    rewrite(
        folder,
        "costs",
        lambda row: scale(row, ("value", "low", "high")) if row["role"] == "validate" else None,
    )
    rewrite(
        folder,
        "tail",
        lambda row: (
            scale(row, ("value",))
            if tables.tail_role(row["parameter"]) != "input" and "country_share" not in row["parameter"]
            else None
        ),
    )
    for name, columns in NEVER_FED.items():
        rewrite(folder, name, lambda row, columns=columns: scale(row, columns))
    own = load_scenario("reference", **{"horizon.months": 24, "population.data_folder": str(folder)})
    shipped = load_scenario("reference", **{"horizon.months": 24})
    pd.testing.assert_frame_equal(run(own, 3).series, run(shipped, 3).series, check_exact=True)


def test_what_is_fed_changes_a_run(tmp_path):
    """The test above would see a difference."""
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    rewrite(folder, "miners", lambda row: scale(row, ("debt_musd",)))
    own = load_scenario("reference", **{"horizon.months": 2, "population.data_folder": str(folder)})
    shipped = load_scenario("reference", **{"horizon.months": 2})
    assert not run(own, 3).series.equals(run(shipped, 3).series)
