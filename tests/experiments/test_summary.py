"""The summary says what the tables say, in words and in JSON, and the figure shows it."""

import io
import json
import math

import matplotlib.image
import numpy as np
import pytest
from rich.console import Console

from experiments.fates import fates, opening_holdings
from experiments.figures import SIZE, halvings, save_summary, summary_figure
from experiments.report import number, print_identities, print_report
from experiments.summary import NINE, firm_fate, heart, plain, summarise
from model import palette
from model.identities import Identity
from model.run import Run, run


@pytest.fixture(scope="module")
def facts(made_up_run: Run) -> dict:
    return summarise(made_up_run)


def printed(facts: dict, width: int = 140) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_report(console, facts, ["Written to somewhere"])
    return console.file.getvalue()


def test_the_gap_is_told_for_the_start_the_end_of_2028_and_the_end(made_up_run: Run, facts: dict):
    assert [row["month"] for row in facts["gap"]] == ["2025-11", "2028-12", "2032-12"]
    for row in facts["gap"]:
        assert row["gap_gw"] == pytest.approx(made_up_run.series.gap_gw[row["month"]].iloc[0])
        delivered = sum(row[f"delivered_{source}_gw"] for source in palette.SOURCES)
        assert row["demand_gw"] - delivered == pytest.approx(row["gap_gw"])


def test_megawatts_by_use_add_up_to_what_is_secured(facts: dict):
    for pool in ("us", "all"):
        for when in ("start", "end"):
            uses = sum(facts["megawatts"][pool][f"{use}_mw"][when] for use in palette.USES)
            assert uses == pytest.approx(facts["megawatts"][pool]["secured_mw"][when])


def test_the_nine_firms_come_in_their_order(made_up_run: Run, facts: dict):
    assert [firm["firm"] for firm in facts["firms"]] == list(NINE)
    assert heart(made_up_run) == list(NINE)


def test_without_the_nine_the_largest_listed_firms_stand_in(made_up_run: Run):
    renamed = made_up_run.firms.assign(firm="own " + made_up_run.firms.firm)
    stand_in = Run(**{**vars(made_up_run), "firms": renamed})
    assert heart(stand_in)[:2] == ["own HIVE", "own BTDR"]


def test_a_first_lease_says_when_what_and_why(made_up_run: Run):
    lease = firm_fate(made_up_run, "HIVE")["first_lease"]
    assert (lease["month"], lease["product"], lease["gross_mw"], lease["tenant"]) == (
        "2026-05",
        "shell",
        300,
        "Small",
    )
    assert lease["rent_usd_kw_month"] == pytest.approx(150)
    assert lease["worth"] == {"lease_musd_mw": 1.5, "mining_musd_mw": 1.0, "hurdle_musd_mw": 0.5}
    earlier = firm_fate(made_up_run, "IREN")
    assert (earlier["first_lease"]["month"], earlier["first_lease"]["before_the_run"]) == ("2025-08", True)
    assert earlier["leases_signed"] == 1


def test_an_end_says_when_how_and_by_whom(made_up_run: Run):
    assert firm_fate(made_up_run, "tail 2")["exit"] == {
        "month": "2026-11",
        "reason": "acquired",
        "by": "MARA",
    }
    assert firm_fate(made_up_run, "tail 3")["exit"] == {
        "month": "2028-05",
        "reason": "liquidated",
        "by": None,
    }
    assert firm_fate(made_up_run, "CIFR")["exit"] is None


def test_who_never_signed_is_told_why_not(made_up_run: Run):
    assert firm_fate(made_up_run, "MARA")["why_not"] == {"outcome": "no_tenant", "share": 1.0, "reviews": 2}


def test_exits_add_up(facts: dict):
    out = facts["shakeout"]
    assert out["exits"] == out["mergers"] + out["liquidations"] + out["closures"] == 2
    assert out["firms_at_end"] == out["firms_at_start"] - out["exits"] + out["entries"] == 10
    assert (out["fewest_firms"], out["fewest_firms_month"]) == (10, "2028-05")


def test_the_facts_are_json_without_anything_that_is_not_a_number(facts: dict):
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert plain({"a": np.float64(math.nan), "b": [np.int64(3)], "c": math.inf}) == {
        "a": None,
        "b": [3],
        "c": None,
    }


def test_the_report_tells_what_a_person_wants_to_know(facts: dict):
    text = printed(facts)
    for words in (
        "gap",
        "2028-12",
        "36.5",
        "IREN",
        "MARA",
        "no tenant",
        "HHI",
        "2 exits",
        "1 merger,",
        "hashprice",
    ):
        assert words in text
    assert "never a forecast of a named company" in text
    assert "Written to somewhere" in text


def test_the_report_keeps_every_number_on_a_narrow_terminal(facts: dict):
    assert "…" not in printed(facts, width=80)


def test_a_firm_that_is_gone_has_no_value_per_megawatt(made_up_run: Run):
    assert plain(firm_fate(made_up_run, "tail 3")["ev_per_mw"]) is None
    assert number(None) == "-"
    assert number(-0.0001, 1) == "0.0"
    assert number(-1234.5, 1) == "-1,234.5"


def test_identities_that_fail_are_shouted():
    held = Identity("gap", 44.0, 44.0, 0.1, "GW")
    failed = Identity("hash", 9.0, 5.0, 0.1, "EH/s")
    told = Identity("load", 7.0, math.nan, math.nan, "MW")
    console = Console(file=io.StringIO(), width=120)
    print_identities(console, [held, failed, told])
    assert "1 of 3 identities do NOT hold." in console.file.getvalue()


def test_the_figure_is_large_and_has_four_panels_with_units(made_up_run: Run, tmp_path):
    figure = summary_figure(made_up_run)
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert len(panels) == 4
    assert [axes.get_ylabel() for axes in panels] == ["GW", "GW", "miners", "USD/PH/day"]
    image = matplotlib.image.imread(save_summary(made_up_run, tmp_path / "summary.png"))
    assert image.shape[:2] == (SIZE[1] * 100, SIZE[0] * 100)


def test_the_figure_of_a_single_month_can_be_drawn(made_up_run: Run, tmp_path):
    short = Run(**{**vars(made_up_run), "series": made_up_run.series.iloc[:1]})
    assert save_summary(short, tmp_path / "summary.png").stat().st_size > 0


def test_the_halving_is_where_the_subsidy_falls(made_up_run: Run):
    assert [f"{month:%Y-%m}" for month in halvings(made_up_run.series)] == ["2028-04"]


def test_every_use_source_and_basis_has_a_colour_of_its_own_and_a_label():
    for colours in (palette.USES, palette.SOURCES, palette.BASES):
        assert len(set(colours.values())) == len(colours)
        assert colours.keys() <= palette.LABELS.keys()
    assert not set(palette.USES.values()) & set(palette.SOURCES.values())


def test_a_firm_stays_for_the_months_it_is_in_the_panel():
    """The month in which it leaves, at its end, is the last of them, as the last month is for who stays."""
    shown = run("reference", 75)
    panel, first = shown.firms, shown.firms["month"].min()
    opening = opening_holdings(panel[panel["month"] == first], shown.sites[shown.sites["month"] == first])
    last = panel[panel["month"] == panel["month"].max()]
    table = fates(opening, last, shown.leases, first).set_index("firm")
    there = panel[panel["exit_month"].isna() | (panel["exit_month"] == panel["month"])]
    months = there.groupby("firm")["month"].nunique()[table.index]
    assert table["gone"].any()
    assert table["duration"].tolist() == months.tolist()
