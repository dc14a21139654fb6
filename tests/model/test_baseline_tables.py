"""The door: what a table must be like, and what it says when it is not."""

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from model.baseline_tables import KEYS, SHIPPED, BaselineError, load_tables
from model.errors import GridrushError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SHIPPED, tmp_path / "data"))


def change(folder: Path, file: str, old: str, new: str) -> Path:
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return folder


def complaint(folder: Path) -> str:
    with pytest.raises(BaselineError) as caught:
        load_tables(folder)
    assert isinstance(caught.value, GridrushError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_shipped_tables_are_sound_and_read_once():
    tables = load_tables()
    assert load_tables() is tables
    assert len(tables.miners) == 13
    assert len(tables.sites) == 91
    assert len(tables.difficulty_epochs) == 238


def test_a_copy_of_the_shipped_tables_reads_the_same(folder: Path):
    assert load_tables(folder).sites == load_tables().sites


def test_rows_cannot_be_changed():
    with pytest.raises(ValidationError):
        load_tables().miners[0].cash_musd = 0.0


def test_scalars_are_found_by_name():
    tables = load_tables()
    assert tables.cost("fleet_uptime").value == 0.88
    assert tables.tail_value("us_hashrate") == 389
    assert tables.tail_shares("country_share_")["united_states"] == 0.378


def test_a_misspelt_scalar_names_the_nearest():
    with pytest.raises(BaselineError, match="did you mean 'fleet_uptime'"):
        load_tables().cost("flet_uptime")
    with pytest.raises(BaselineError, match="did you mean 'us_hashrate'"):
        load_tables().tail_value("us_hashrat")


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        (
            "miners.csv",
            "IREN,IREN,2025-11-18,50",
            "IREN,IREN,2025-11-18,x",
            ["miners.csv line 2", "hashrate_eh_s", "'x'"],
        ),
        ("miners.csv", "50,15,35", "50,-15,35", ["efficiency_j_per_th", "greater than 0", "'-15'"]),
        ("miners.csv", "50,15,35", "50,nan,35", ["efficiency_j_per_th", "finite"]),
        ("miners.csv", "50,15,35", "50,,35", ["efficiency_j_per_th", "empty cell"]),
        ("miners.csv", "IREN,IREN,2025-11-18", "IREN,IREN,18/11/2025", ["as_of", "18/11/2025"]),
        ("miners.csv", "iren_q1fy26,B", "iren_q1fy25,B", ["source", "did you mean 'iren_q1fy26'"]),
        ("miners.csv", "iren_q1fy26,B", "iren_q1fy26,D", ["confidence", "'A', 'B' or 'C'"]),
        ("miners.csv", "1800,0,2390", "1800,1900,2390", ["restricted_cash_musd", "at most"]),
        (
            "sites.csv",
            "ERCOT,US,1,operating,450",
            "ERCOTT,US,1,operating,450",
            ["sites.csv line 4", "did you mean 'ERCOT'"],
        ),
        ("sites.csv", "IREN,Sweetwater 1", "IRENE,Sweetwater 1", ["ticker", "did you mean 'IREN'"]),
        ("sites.csv", "1,operating,450", "1,operatin,450", ["status", "did you mean 'operating'"]),
        ("sites.csv", "1400,2026-04", "1400,2026-13", ["pipeline_date", "a month such as 2025-11"]),
        ("sites.csv", "1400,2026-04", "1400,", ["pipeline_date", "has a pipeline"]),
        ("sites.csv", "0.575,iren", "0.475,iren", ["miners.csv line 2", "sum to 1", "0.9"]),
        ("sites.csv", "Sweetwater 2", "Sweetwater 1", ["'Sweetwater 1' is already on line 6"]),
        (
            "sites.csv",
            "ERCOT,US,1,construction,0,1400",
            "ERCOT,US,1,construction,9,1400",
            ["energised_mw", "construction"],
        ),
        ("sites.csv", "CANADA,CA,1,operating,50", "CANADA,US,1,operating,50", ["country", "CANADA"]),
        (
            "sites.csv",
            "owned,grid,32,true,true,announced,0.575",
            "owned,grid,32,yes,true,announced,0.575",
            ["fibre", "true or false", "'yes'"],
        ),
        ("ai_contracts.csv", "200,12,3500", "200,12,4500", ["revenue_musd_per_it_mw_year", "1.875"]),
        ("ai_contracts.csv", "NYISO,72.5,60", "NYISO,52.5,60", ["gross_mw", "at least critical_it_mw"]),
        (
            "hyperscalers.csv",
            "0.17,investment_grade,3.2",
            "0.27,investment_grade,3.2",
            ["hyperscalers.csv", "sum to 1.1"],
        ),
        (
            "tail.csv",
            "country_share_united_states,0.378",
            "country_share_united_states,0.4",
            ["country_share_", "sum to 1.022"],
        ),
        (
            "tail.csv",
            "tail_us_region_share_ERCOT",
            "tail_us_region_share_ERCOTT",
            ["parameter", "did you mean 'ERCOT'"],
        ),
        ("demand_path.csv", "2026,14,24", "2026,14,25", ["cumulative_gw", "24"]),
        ("network_history.csv", "2017-02,", "2016-02,", ["month", "expected 2017-02 after 2017-01"]),
        ("difficulty_epochs.csv", "223,449568", "223,449569", ["start_height", "449568"]),
        (
            "difficulty_epochs.csv",
            "223,449568,2017-01-22",
            "223,449568,2017-01-02",
            ["start_date", "row above"],
        ),
        ("power_cost_distribution.csv", "5,25.1", "5,15.1", ["usd_per_mwh", "row above"]),
        ("costs.csv", "fleet_uptime,0.88", "fleet_uptime,0.98", ["value", "0.86 to 0.92"]),
        ("outside_supply.csv", "gas_turbine,15,20", "gas_turbine,25,20", ["high_gw_2028", "25"]),
    ],
)
def test_a_wrong_cell_is_named_with_what_was_expected(
    folder: Path, file: str, old: str, new: str, parts: list[str]
):
    message = complaint(change(folder, file, old, new))
    for part in parts:
        assert part in message


def test_a_misspelt_column_names_the_nearest(folder: Path):
    change(folder, "miners.csv", "cash_musd", "cash_mused")
    assert complaint(folder) == "miners.csv line 1: unknown column cash_mused; did you mean 'cash_musd'?"


def test_a_missing_column_is_named(folder: Path):
    change(folder, "demand_path.csv", "year,new_us_demand_gw", "year")
    assert complaint(folder) == "demand_path.csv line 1: missing column new_us_demand_gw"


def test_a_doubled_column_is_named(folder: Path):
    change(folder, "demand_path.csv", "year,new_us_demand_gw", "year,year")
    assert complaint(folder) == "demand_path.csv line 1: column year appears twice"


def test_a_short_row_is_counted(folder: Path):
    change(folder, "demand_path.csv", "2026,14,24,false", "2026,14,24")
    assert complaint(folder) == "demand_path.csv line 3: expected 6 cells, found 5"


def test_a_quoted_line_break_does_not_shift_line_numbers(folder: Path):
    change(folder, "tail.csv", "monthly mean", '"monthly\nmean"')
    change(folder, "tail.csv", "network_efficiency_mean,19.5", "network_efficiency_mean,x")
    assert "tail.csv line 4, column value" in complaint(folder)


def test_a_missing_table_is_named(folder: Path):
    (folder / "tail.csv").unlink()
    assert complaint(folder) == f"tail.csv: missing from {folder}"


def test_a_missing_folder_is_named(tmp_path: Path):
    assert complaint(tmp_path / "nowhere").endswith("no such folder of baseline tables")


def test_an_empty_table_is_said_to_be_empty(folder: Path):
    (folder / "tail.csv").write_text("")
    assert complaint(folder) == "tail.csv: empty; expected a header row"


def test_a_header_alone_is_not_enough(folder: Path):
    header = (folder / "tail.csv").read_text().partition("\n")[0]
    (folder / "tail.csv").write_text(header + "\n")
    assert "tail.csv: no rows" in complaint(folder)


def test_another_encoding_is_recognised(folder: Path):
    change(folder, "miners.csv", "no treasury", "no tr\u00e9sor")
    path = folder / "miners.csv"
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert complaint(folder) == "miners.csv line 2: not UTF-8; save the table as UTF-8"


def test_an_unclosed_quote_is_recognised(folder: Path):
    path = folder / "tail.csv"
    path.write_text(path.read_text() + '"')
    assert "tail.csv line 55: not CSV" in complaint(folder)


def test_a_byte_order_mark_and_windows_line_ends_are_welcome(folder: Path):
    path = folder / "miners.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_tables(folder).miners == load_tables().miners


def test_column_order_is_free(folder: Path):
    path = folder / "demand_path.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(",".join(reversed(row)) + "\n" for row in rows))
    assert load_tables(folder).demand_path == load_tables().demand_path


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    table=st.sampled_from(sorted(KEYS)),
    place=st.floats(0, 1, exclude_max=True),
    junk=st.sampled_from(
        ["", "x", "-1", "1e999", "nan", '"', ",", "2025-99", "\u00df", "true", "0", "99999999"]
    ),
)
def test_whatever_a_cell_holds_the_door_accepts_it_or_says_what_is_wrong(
    folder: Path, table: str, place: float, junk: str
):
    path = folder / f"{table}.csv"
    whole = (SHIPPED / path.name).read_bytes()
    cells = whole.decode().split(",")
    cells[int(place * len(cells))] = junk
    path.write_text(",".join(cells), encoding="utf-8")
    try:
        load_tables(folder)
    except BaselineError as error:
        assert "\n" not in str(error)  # noqa: PT017
    finally:
        path.write_bytes(whole)
