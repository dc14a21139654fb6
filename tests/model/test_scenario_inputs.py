"""The files a scenario names are read before the run, and say what is wrong with them."""

from pathlib import Path

import pytest

from model.errors import ScenarioFileError
from model.scenario import Scenario
from model.scenario_files import load_scenario
from model.scenario_inputs import months_of, price_path

DATA = Path(__file__).parents[2] / "model" / "data"


def following(path: Path, months: int = 3) -> dict:
    return {"bitcoin.price_process": "path", "bitcoin.price_path": str(path), "horizon.months": months}


def test_a_price_path_is_read_for_the_months_of_the_run(tmp_path):
    path = tmp_path / "prices.csv"
    rows = ["2025-10,1", "2025-11,90000.5", "2026-01,70000", "2025-12,80000", "2026-02,5"]
    path.write_text("month,btc_price_usd,note\n" + "\n".join(f"{row},x" for row in rows))
    assert price_path(load_scenario("reference", **following(path))) == [90000.5, 80000, 70000]


def test_months_go_over_the_year():
    scenario = Scenario(horizon={"months": 4})
    assert months_of(scenario) == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert months_of(Scenario())[-1] == "2032-12"


PATHS = {
    "lost": (None, "there is no such file"),
    "empty": ("", "expected the columns month,btc_price_usd"),
    "other columns": ("date,price\n2025-11,5\n", "expected the columns month,btc_price_usd"),
    "too short": (
        "month,btc_price_usd\n2025-11,5\n",
        "no price for 2025-12; the run needs 2025-11 to 2026-01",
    ),
    "twice": ("month,btc_price_usd\n2025-11,5\n2025-11,6\n", "line 3: 2025-11 is there twice"),
    "words": ("month,btc_price_usd\n2025-11,much\n", "line 2: expected a price above 0, got 'much'"),
    "zero": ("month,btc_price_usd\n2025-11,0\n", "line 2: expected a price above 0, got '0'"),
    "not a number": ("month,btc_price_usd\n2025-11,nan\n", "line 2: expected a price above 0, got 'nan'"),
    "cut off": ("month,btc_price_usd\n2025-11\n", "line 2: expected a price above 0, got None"),
}


@pytest.mark.parametrize(("text", "line"), PATHS.values(), ids=PATHS)
def test_a_broken_price_path_is_one_clear_line(tmp_path, text, line):
    path = tmp_path / "prices.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ScenarioFileError) as error:
        load_scenario("reference", **following(path))
    assert str(error.value).startswith(f"bitcoin.price_path: {path}")
    assert line in str(error.value)


@pytest.mark.parametrize("start", ["2017-02", "2021-05", "2025-11"])
def test_other_tables_allow_another_start(start):
    values = {"population.data_folder": str(DATA), "horizon.start": start}
    assert load_scenario("reference", **values).horizon.start == start


def test_a_start_outside_the_difficulty_table_is_refused():
    with pytest.raises(
        ScenarioFileError, match=r"covers 2017-01-10 to 2025-11-26, but horizon.start is 2017-01"
    ):
        load_scenario("reference", **{"population.data_folder": str(DATA), "horizon.start": "2017-01"})


def test_a_folder_of_tables_must_be_one(tmp_path):
    file = tmp_path / "file.csv"
    file.write_text("x\n")
    for folder, line in (
        (tmp_path / "lost", "there is no such folder"),
        (file, "is not a folder"),
        (tmp_path, "holds no difficulty_epochs.csv"),
    ):
        with pytest.raises(ScenarioFileError, match=line):
            load_scenario("reference", **{"population.data_folder": str(folder)})
