"""The files a scenario names: a price path, and a folder of tables in place of the shipped ones."""

from __future__ import annotations

import csv
import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import ScenarioFileError
from model.scenario_files import read_text

if TYPE_CHECKING:
    from model.scenario import Scenario

PRICE_COLUMNS = ("month", "btc_price_usd")


def check_inputs(scenario: Scenario) -> None:
    """Read what the scenario names, so that a run never stops at a file halfway."""
    if scenario.bitcoin.price_process == "path":
        price_path(scenario)
    if (text := scenario.population.data_folder) is not None:
        folder = Path(text)
        if not folder.is_dir():
            what = "is not a folder" if folder.exists() else "there is no such folder"
            raise ScenarioFileError(f"population.data_folder: {folder}: {what}")
        if not any(folder.glob("*.csv")):
            raise ScenarioFileError(f"population.data_folder: {folder}: holds no CSV table")


def price_path(scenario: Scenario) -> list[float]:
    """Return the price in each month of the run, as given by the file of `bitcoin.price_path`."""
    path = Path(scenario.bitcoin.price_path or "")
    try:
        prices = _prices(path)
    except ScenarioFileError as error:
        raise ScenarioFileError(f"bitcoin.price_path: {error}") from None
    wanted = months_of(scenario)
    missing = [month for month in wanted if month not in prices]
    if missing:
        what = f"no price for {missing[0]}; the run needs {wanted[0]} to {wanted[-1]}"
        raise ScenarioFileError(f"bitcoin.price_path: {path}: {what}")
    return [prices[month] for month in wanted]


def months_of(scenario: Scenario) -> list[str]:
    """Return the months of the run, such as "2025-11"."""
    year, month = (int(part) for part in scenario.horizon.start.split("-"))
    first = 12 * year + month - 1
    months = range(first, first + scenario.horizon.months)
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]


def fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file, or of all CSV tables in a folder; of nothing when it is gone."""
    files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        if file.is_file():
            digest.update(f"{file.name}\n".encode() if path.is_dir() else b"")
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _prices(path: Path) -> dict[str, float]:
    if not path.is_file():
        raise ScenarioFileError(f"{path}: {'is not a file' if path.exists() else 'there is no such file'}")
    reader = csv.DictReader(read_text(path).splitlines())
    if not set(PRICE_COLUMNS) <= set(reader.fieldnames or ()):
        raise ScenarioFileError(f"{path}: expected the columns {','.join(PRICE_COLUMNS)}")
    prices: dict[str, float] = {}
    for row in reader:
        month, text = row["month"], row["btc_price_usd"]
        if month in prices:
            raise ScenarioFileError(f"{path}, line {reader.line_num}: {month} is there twice")
        prices[month] = _price(text, f"{path}, line {reader.line_num}")
    return prices


def _price(text: str | None, place: str) -> float:
    try:
        price = float(text or "")
    except ValueError:
        price = math.nan
    if not 0 < price < math.inf:
        raise ScenarioFileError(f"{place}: expected a price above 0, got {text!r}")
    return price
