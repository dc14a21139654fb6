"""The files a scenario names: a price path, and a folder of tables in place of the shipped ones."""

from __future__ import annotations

import csv
import hashlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import ScenarioFileError

if TYPE_CHECKING:
    from model.scenario import Scenario

LARGEST_FILE = 1_000_000
DIFFICULTY_TABLE = "difficulty_epochs.csv"
PRICE_COLUMNS = ("month", "btc_price_usd")


def check_inputs(scenario: Scenario) -> None:
    """Read what the scenario names, so that a run never stops at a file halfway."""
    if scenario.bitcoin.price_process == "path":
        price_path(scenario)
    if scenario.population.data_folder is not None:
        try:
            _check_folder(Path(scenario.population.data_folder), scenario.horizon.start)
        except ScenarioFileError as error:
            raise ScenarioFileError(f"population.data_folder: {error}") from None


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


def read_text(path: Path) -> str:
    """Return the text of a file the user named."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ScenarioFileError(f"{path}: larger than {LARGEST_FILE // 1_000_000} MB, not a scenario")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioFileError(f"{path}: not UTF-8 text (byte {error.start} cannot be read)") from None
    except OSError as error:
        raise ScenarioFileError(f"{path}: cannot be read ({error.strerror or error})") from None


def _check_folder(folder: Path, start: str) -> None:
    if not folder.is_dir():
        raise ScenarioFileError(
            f"{folder}: {'is not a folder' if folder.exists() else 'there is no such folder'}"
        )
    epochs = folder / DIFFICULTY_TABLE
    if not epochs.is_file():
        raise ScenarioFileError(f"{folder}: holds no {DIFFICULTY_TABLE}; expected every table of model/data")
    rows = csv.DictReader(read_text(epochs).splitlines())
    days = sorted(row["start_date"] for row in rows if row.get("start_date"))
    if not days or not days[0] <= f"{start}-01" <= days[-1]:
        span = f"{days[0]} to {days[-1]}" if days else "nothing"
        raise ScenarioFileError(f"{epochs}: covers {span}, but horizon.start is {start}")


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
