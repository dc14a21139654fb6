"""Every parameter has a unit, bounds that hold its default, a meaning, and a source that can be found."""

import csv
import re
from pathlib import Path

import pytest

from model.errors import GridrushError
from model.parameter_table import GROUPS, Parameter, parameter_table, parameters
from model.parameters.base import REFERENCES
from model.scenario import Scenario

DATA = Path(__file__).parents[2] / "model" / "data"
MODEL = next((Path(__file__).parents[2] / "docs").rglob("model.md")).read_text(encoding="utf-8")

ROWS = parameter_table()


def rows_of(table: str, key: str) -> dict[str, dict[str, str]]:
    with (DATA / table).open(encoding="utf-8") as file:
        return {row[key]: row for row in csv.DictReader(file)}


SOURCES = rows_of("sources.csv", "key")
COSTS = rows_of("costs.csv", "name")


def dotted(row: Parameter) -> str:
    return row.name


@pytest.mark.parametrize("row", ROWS, ids=dotted)
def test_a_parameter_is_declared_in_full(row):
    assert row.unit
    assert len(row.meaning.split()) > 1
    assert row.source
    if row.type in ("number", "whole number"):
        assert row.low is not None
        assert row.high is not None
        assert row.default is None or row.low <= row.default <= row.high


@pytest.mark.parametrize("row", ROWS, ids=dotted)
def test_a_source_can_be_found(row):
    key = row.source.partition(";")[0]
    number = re.fullmatch(r"MODEL (\d(?:\.\d+)?)", key)
    section = number and re.search(rf"^#+ {re.escape(number[1])}\.? ", MODEL, flags=re.MULTILINE)
    table = key.endswith(".csv") and (DATA / key).is_file()
    assert key in SOURCES or key in REFERENCES or section or table


@pytest.mark.parametrize("row", ROWS, ids=dotted)
def test_tables_named_in_a_note_exist(row):
    assert not [name for name in re.findall(r"\w+\.csv", row.source) if not (DATA / name).is_file()]


def cited() -> list[tuple[Parameter, str, str]]:
    found = [
        (row, re.search(r"; costs\.csv (\w+)(?:, (low end|high end|within range))?$", row.source))
        for row in ROWS
    ]
    return [(row, match[1], match[2] or "value") for row, match in found if match]


@pytest.mark.parametrize(("row", "name", "where"), cited(), ids=lambda value: getattr(value, "name", ""))
def test_a_default_is_the_cost_it_cites(row, name, where):
    cost = COSTS[name]
    assert cost["source"] == row.source.partition(";")[0]
    assert cost["role"] in ("input", "calibrate")
    low, high = (float(cost[end] or cost["value"]) for end in ("low", "high"))
    if where == "within range":
        assert low <= row.default <= high
    else:
        assert row.default == {"value": float(cost["value"]), "low end": low, "high end": high}[where]


def test_a_default_is_the_parameter_of_the_tail_it_cites():
    tail = rows_of("tail.csv", "parameter")
    found = {row.name: re.search(r"; tail\.csv (\w+)$", row.source) for row in ROWS}
    named = {name: match[1] for name, match in found.items() if match}
    assert len(named) > 4
    assert {name: parameters()[name].default for name in named} == {
        name: float(tail[key]["value"]) for name, key in named.items()
    }


def test_many_defaults_cite_a_cost():
    assert len(cited()) > 40


def test_the_table_has_every_field_of_every_group():
    fields = [f"{group}.{field}" for group, declared in GROUPS.items() for field in declared.model_fields]
    assert [row.name for row in parameter_table()] == fields == list(parameters())
    assert Scenario().values() == {row.name: row.default for row in parameter_table()}


def test_the_table_of_one_group():
    rows = parameter_table("horizon")
    assert [row.name for row in rows] == ["horizon.start", "horizon.months", "horizon.audit"]
    assert rows[1]._asdict()["unit"] == "months"
    assert rows[1].bounds == "1 to 1200"
    with pytest.raises(GridrushError, match="no group of parameters is called 'horizons'"):
        parameter_table("horizons")


def test_choices_list_their_options():
    row = parameters()["power.queue_mode"]
    assert (row.type, row.bounds) == ("choice", "batch, fcfs, entry_fee, auction")


def test_defaults_are_numbers_of_the_declared_type():
    types = {"number": float, "whole number": int, "true or false": bool, "table of shares": dict}
    for row in ROWS:
        expected = types.get(row.type, str)
        assert (row.optional and row.default is None) or type(row.default) is expected, row.name
