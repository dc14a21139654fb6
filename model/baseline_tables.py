"""The one door through which baseline tables come in: read, checked, immutable.

A table that breaks a rule is a `BaselineError` whose one line names the file, the line, the column, what was
found and what was expected.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from model import baseline_rows as rows
from model.baseline_checks import BaselineError, check_tables, nearest

SHIPPED = Path(__file__).parent / "data"
KEYS: dict[str, tuple[type[rows.Row], tuple[str, ...]]] = {
    "sources": (rows.Source, ("key",)),
    "miners": (rows.ListedMiner, ("ticker",)),
    "sites": (rows.ListedSite, ("ticker", "site")),
    "ai_contracts": (rows.Contract, ("date", "miner", "site")),
    "asic_models": (rows.Machine, ("model",)),
    "regions": (rows.Region, ("region",)),
    "hyperscalers": (rows.Buyer, ("firm",)),
    "demand_path": (rows.DemandYear, ("year",)),
    "outside_supply": (rows.OutsideSupply, ("technology",)),
    "costs": (rows.Cost, ("name",)),
    "power_cost_distribution": (rows.CostPercentile, ("percentile",)),
    "network_history": (rows.NetworkMonth, ("month",)),
    "difficulty_epochs": (rows.Epoch, ("epoch",)),
    "tail": (rows.TailParameter, ("parameter",)),
}
"""Every table of a baseline folder: the model of its rows and the columns that tell rows apart."""
WORDING = {
    "float": "expected a number",
    "int": "expected a whole number",
    "string": "expected text",
    "date": "expected a date such as 2025-11-18",
}
"""What is expected where pydantic rejects a kind of value, by the first word of its error type."""


@dataclass(frozen=True)
class BaselineTables:
    """All baseline tables, rows in file order."""

    folder: Path
    sources: Sequence[rows.Source]
    miners: Sequence[rows.ListedMiner]
    sites: Sequence[rows.ListedSite]
    ai_contracts: Sequence[rows.Contract]
    asic_models: Sequence[rows.Machine]
    regions: Sequence[rows.Region]
    hyperscalers: Sequence[rows.Buyer]
    demand_path: Sequence[rows.DemandYear]
    outside_supply: Sequence[rows.OutsideSupply]
    costs: Sequence[rows.Cost]
    power_cost_distribution: Sequence[rows.CostPercentile]
    network_history: Sequence[rows.NetworkMonth]
    difficulty_epochs: Sequence[rows.Epoch]
    tail: Sequence[rows.TailParameter]

    @cached_property
    def _costs(self) -> dict[str, rows.Cost]:
        return {row.name: row for row in self.costs}

    @cached_property
    def _tail(self) -> dict[str, float]:
        return {row.parameter: row.value for row in self.tail}

    def cost(self, name: str) -> rows.Cost:
        """Return a row of costs.csv by name, to be fed to the model.

        Raises:
            BaselineError: If there is none, or if it may only be compared (role validate).
        """
        row = self.target(name)
        if row.role == "validate":
            raise BaselineError(
                f"costs.csv line {row.line}: '{name}' has the role validate: it may be compared and never fed"
            )
        return row

    def target(self, name: str) -> rows.Cost:
        """Return a row of costs.csv by name, to compare results with; any role will do."""
        if name not in self._costs:
            raise BaselineError(f"costs.csv: no row named '{name}'{nearest(name, self._costs)}")
        return self._costs[name]

    def tail_value(self, name: str) -> float:
        """Return a parameter of the private tail by name."""
        if name not in self._tail:
            raise BaselineError(f"tail.csv: no parameter named '{name}'{nearest(name, self._tail)}")
        return self._tail[name]

    def tail_shares(self, prefix: str) -> dict[str, float]:
        """Return the parameters of the tail whose names begin with the prefix, by the rest of the name."""
        return {name.removeprefix(prefix): v for name, v in self._tail.items() if name.startswith(prefix)}


def load_tables(folder: Path | str | None = None) -> BaselineTables:
    """Return the checked tables of a folder, by default the shipped ones (read once per process).

    Raises:
        BaselineError: If a file is missing or unreadable, or a row breaks a rule.
    """
    return _shipped() if folder is None else _load(Path(folder))


@lru_cache(maxsize=1)
def _shipped() -> BaselineTables:
    return _load(SHIPPED)


def _load(folder: Path) -> BaselineTables:
    if not folder.is_dir():
        raise BaselineError(f"{folder}: no such folder of baseline tables")
    tables = BaselineTables(folder, **{name: _read(folder / f"{name}.csv", *KEYS[name]) for name in KEYS})
    check_tables(tables)
    return tables


def _read(path: Path, model: type[rows.Row], key: tuple[str, ...]) -> tuple[Any, ...]:
    header, records = _records(path)
    names = {field.alias or name for name, field in model.model_fields.items()} - {"line"}
    _check_header(path.name, header, names)
    found: dict[tuple[Any, ...], int] = {}
    result = []
    for line, cells in records:
        if len(cells) != len(header):
            raise BaselineError(f"{path.name} line {line}: expected {len(header)} cells, found {len(cells)}")
        values = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
        row = _validated(path.name, line, model, values)
        identity = tuple(getattr(row, name) for name in key)
        if identity in found:
            raise BaselineError(
                f"{path.name} line {line}, column {key[-1]}: '{identity[-1]}' is already on line "
                f"{found[identity]}; expected each {' and '.join(key)} once"
            )
        found[identity] = line
        result.append(row)
    if not result:
        raise BaselineError(f"{path.name}: no rows; expected at least one below the header")
    return tuple(result)


def _records(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header and the numbered records of a CSV file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BaselineError(f"{path.name}: missing from {path.parent}") from None
    except OSError as error:
        raise BaselineError(f"{path.name}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BaselineError(f"{path.name} line {line}: not UTF-8; save the table as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        records = [(reader.line_num, cells) for cells in reader if cells]
    except csv.Error as error:
        raise BaselineError(f"{path.name} line {reader.line_num}: not CSV ({error})") from None
    if not records:
        raise BaselineError(f"{path.name}: empty; expected a header row")
    return [name.strip() for name in records[0][1]], records[1:]


def _check_header(file: str, header: list[str], names: set[str]) -> None:
    twice = [name for name in header if header.count(name) > 1]
    if twice:
        raise BaselineError(f"{file} line 1: column {twice[0]} appears twice")
    for name in header:
        if name not in names:
            raise BaselineError(f"{file} line 1: unknown column {name}{nearest(name, names - set(header))}")
    missing = sorted(names - set(header))
    if missing:
        raise BaselineError(f"{file} line 1: missing column {', '.join(missing)}")


def _validated(file: str, line: int, model: type[rows.Row], values: dict[str, Any]) -> rows.Row:
    try:
        return model.model_validate({**values, "line": line})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = str(first["loc"][0])
        raise BaselineError(f"{file} line {line}, column {column}: {_reason(first)}") from None


def _reason(error: Any) -> str:  # noqa: ANN401
    """Word a pydantic error as what was expected and what was found."""
    found = error["input"]
    expected = str(error["msg"]).removeprefix("Value error, ").replace("Input should be", "expected", 1)
    expected = WORDING.get(error["type"].partition("_")[0]) or expected
    expected = expected.replace("expected greater", "expected a number greater")
    expected = expected.replace("expected less", "expected a number less")
    if found is None:
        return f"{expected}, found an empty cell"
    options = error.get("ctx", {}).get("expected", "") if error["type"] == "literal_error" else ""
    return f"{expected}, found '{found}'{nearest(str(found), options.split(chr(39))[1::2])}"
