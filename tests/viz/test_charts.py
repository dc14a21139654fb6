import json
import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from experiments.summary import NINE
from model import palette
from model.run import run
from model.scenario_files import load_scenario
from model.series import USD_KW_MONTH
from viz.charts import leases, network, places, power, shakeout, value
from viz.charts.difference import difference, headlines
from viz.charts.labels import name_box
from viz.charts.one_firm import megawatts
from viz.charts.one_firm import value as value_of_firm
from viz.charts.places import DOTS
from viz.drawing import Looks
from viz.record import LiveRecord, Moment, StoredRecord
from viz.tabs import TABS

LIGHT, DARK = Looks(), Looks(dark=True)
CHARTS = [chart for tab in TABS for chart in tab.charts]


def named(figure, name):
    return next(trace for trace in figure["data"] if trace["name"] == name)


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
@pytest.mark.parametrize("looks", [LIGHT, DARK], ids=["light", "dark"])
def test_every_chart_is_plain_data_from_the_first_month_on(chart, looks, live, moment, stored):
    for each in (Moment(live, 0), moment, Moment(stored, 20)):
        figure = chart.build(each, looks)
        assert json.loads(json.dumps(figure, allow_nan=False)) == figure
        assert figure["data"], "nothing is drawn"
        assert figure["layout"]["title"]["text"].startswith("<b>")


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_a_line_of_one_month_can_be_seen(chart, live):
    traces = chart.build(Moment(live, 0), LIGHT)["data"]
    assert not [trace["name"] for trace in traces if trace.get("mode") == "lines" and len(trace["x"]) == 1]


@pytest.mark.parametrize("chart", [c for c in CHARTS if c.name != "relations"], ids=lambda chart: chart.name)
def test_the_measured_axis_says_its_unit(chart, moment):
    figure = chart.build(moment, LIGHT)
    bars = all(trace.get("orientation") == "h" for trace in figure["data"] if trace["type"] == "bar")
    across = bars and any(trace["type"] == "bar" for trace in figure["data"])
    axis = "xaxis" if across else "yaxis"
    assert figure["layout"][axis]["title"]["text"], f"{chart.name} has no unit on its {axis}"


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.name)
def test_no_chart_knows_the_future(chart, live, moment):
    early = Moment(live, 12)
    months = [
        pd.Timestamp(x)
        for trace in chart.build(early, LIGHT)["data"]
        for x in trace.get("x") or []
        if isinstance(x, str) and x[:4].isdecimal()
    ]
    assert all(month <= early.month for month in months)


def test_the_pool_shows_what_the_series_says(moment):
    figure = power.pool(moment, LIGHT)
    series = moment.series
    assert named(figure, "demand due")["y"] == series["demand_gw"].to_list()
    for source in palette.SOURCES:
        assert named(figure, palette.LABELS[source])["y"] == series[f"delivered_{source}_gw"].to_list()


def test_the_shaded_space_lies_between_delivered_and_due(moment):
    shape = named(power.pool(moment, LIGHT), "gap")
    half = len(shape["y"]) // 2
    top, low = np.array(shape["y"][:half]), np.array(shape["y"][half:][::-1])
    np.testing.assert_allclose(top - low, np.maximum(moment.series["gap_gw"], 0.0), atol=1e-9)


def test_a_use_keeps_its_colour_in_both_themes_and_on_every_chart(moment):
    for looks in (LIGHT, DARK):
        for chart in CHARTS:
            for trace in chart.build(moment, looks)["data"]:
                for use, colour in palette.USES.items():
                    if trace["name"] in (palette.LABELS[use], f"mostly {palette.LABELS[use]}"):
                        assert colour in (
                            trace.get("fillcolor"),
                            *_marker_colours(trace),
                            trace.get("line", {}).get("color"),
                        )


def _marker_colours(trace):
    colour = trace.get("marker", {}).get("color")
    return colour if isinstance(colour, list) else [colour]


def test_firms_stand_where_they_stood_and_on_top_of_nobody(live):
    early, late = (network.placed(Moment(live, at)) for at in (3, live.months - 1))
    where = {number: (node["x"], node["y"]) for number, node in early.nodes(data=True)}
    for number, node in late.nodes(data=True):
        assert where.get(number, (node["x"], node["y"])) == (node["x"], node["y"])
    spots = list(places.places_of(live).firms.values())
    x, y, radius = (np.array([getattr(spot, name) for spot in spots]) for name in ("x", "y", "radius"))
    apart = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
    assert apart[np.triu_indices(len(spots), 1)].min() >= -1e-9


def test_no_name_on_the_map_lies_on_another(live):
    for month in range(0, live.months, 3):
        names = named(network.relations_map(Moment(live, month), LIGHT), "names")
        boxes = [
            name_box(DOTS * x, DOTS * y, text.removeprefix("<b>").removesuffix("</b>"))
            for x, y, text in zip(names["x"], names["y"], names["text"], strict=True)
        ]
        assert set(live.tenants) <= {text[3:-4] for text in names["text"] if text.startswith("<b>")}
        assert not any(one.covers(other) for one, other in combinations(boxes, 2))


def test_a_firm_is_coloured_by_what_most_of_its_megawatts_do():
    columns = {f"{use}_mw": [0.0, 0.0] for use in palette.USES}
    firms = pd.DataFrame(
        columns | {"firm": ["host", "hope"], "subleased_mw": [60.0, 0.0], "mining_mw": [40.0, 0.0]}
    )
    assert network.main_use(firms) == {"host": "subleased", "hope": "pipeline"}


def test_the_area_of_a_disc_grows_with_its_megawatts():
    assert places.diameter(0.0) < places.diameter(100.0) < places.diameter(1000.0)


def test_survivors_of_all_exposures_add_up_to_the_firms_of_the_start_that_are_left(moment):
    figure = shakeout.by_contract(moment, LIGHT)
    miners = moment.firms.loc[moment.firms["kind"].isin(["listed", "private"])]
    first = miners.loc[miners["entry_month"] <= moment.series.index[0]]
    left = sum(
        trace["y"][-1] / 100 * int(trace["name"].rpartition("(")[2].rstrip(")")) for trace in figure["data"]
    )
    assert left == pytest.approx(len(first) - (first["exit_month"] <= moment.month).sum())


def test_every_exit_of_the_series_is_an_event_on_the_chart(moment):
    figure = shakeout.ends(moment, LIGHT)
    assert len(named(figure, "taken over")["x"]) == moment.series["mergers"].sum()
    assert len(named(figure, "liquidated")["x"]) == moment.series["liquidations"].sum()


def test_the_nine_are_those_of_the_summary_and_every_listed_firm_has_its_name(moment):
    assert value.NINE == NINE
    texts = {text for trace in value.firms(moment, LIGHT)["data"] for text in trace.get("text", [])}
    firms = moment.firms.loc[moment.firms["listed"]]
    there = firms.loc[(firms[["ev_per_eh", "ev_per_mw", "enterprise_value"]] > 0).all(axis=1), "firm"]
    assert texts == set(there)


def test_names_of_firms_that_lie_together_take_different_sides():
    columns = {"ev_per_eh": [100.0, 101.0], "ev_per_mw": [5.0, 5.0], "enterprise_value": [9e3, 8e3]}
    firms = pd.DataFrame({"firm": ["IREN", "CIFR"]} | columns)
    assert len(set(value.label_sides(firms).values())) == 2


def test_a_deal_is_drawn_inside_its_core_as_what_is_expected_is_a_mean_over_the_term(moment):
    """The market clears in first-year rent, which events hold; the escalator takes it to the mean."""
    figure, terms = leases.rents(moment, LIGHT), moment.leases["term"] / 12.0
    # Rents are raised on each anniversary, so that a term of whole years is a geometric sum.
    raised = 1.0 + moment.leases["escalator"]
    factor = (raised**terms - 1.0) / (moment.leases["escalator"] * terms)
    for product in ("colocation", "powered shell"):
        deals = named(figure, f"{product} signed")
        use = {"colocation": "colocation", "powered shell": "shell"}[product]
        events = moment.events.loc[(moment.events["outcome"] == "signed") & (moment.events["use"] == use)]
        signed = moment.leases.loc[(moment.leases["product"] == use) & ~moment.leases["at_start"]]
        scale = USD_KW_MONTH * factor[signed.index].to_numpy()
        np.testing.assert_allclose(sorted(signed["rent"]), sorted(events["price"]), rtol=1e-9)
        np.testing.assert_allclose(deals["y"], signed["rent"] * scale, rtol=1e-6)
        core = np.add(deals["error_y"]["array"], deals["error_y"]["arrayminus"])
        np.testing.assert_allclose(core, (signed["upper"] - signed["lower"]) * scale, rtol=1e-6)
        assert (np.array(deals["error_y"]["arrayminus"]) >= 0.0).all()


def test_a_difference_is_the_second_less_the_first(live):
    other = LiveRecord(load_scenario("no_ai"), 0)
    while other.months < 13:
        other.step()
    first, second = Moment(live, 12), Moment(other, 12)
    less = difference(power.gap(first, LIGHT), power.gap(second, LIGHT), LIGHT)
    assert less
    expected = second.series["gap_gw"].to_numpy() - first.series["gap_gw"].to_numpy()
    np.testing.assert_allclose(named(less, "gap")["y"], expected)
    assert (
        difference(network.relations_map(first, LIGHT), network.relations_map(second, LIGHT), LIGHT) is None
    )
    assert any(row[3] != "+0.0" for row in headlines(first, second))


def test_a_run_without_itself_differs_in_nothing(moment):
    figure = power.pool(moment, LIGHT)
    less = difference(figure, figure, LIGHT)
    assert less
    assert all(y == 0 for trace in less["data"] for y in trace["y"])


@pytest.mark.parametrize("build", [value_of_firm, megawatts])
def test_a_firm_is_drawn_from_its_first_month_to_its_last(build, moment):
    figure = build(moment, LIGHT, "CIFR")
    assert all(len(trace["x"]) == moment.at + 1 for trace in figure["data"])


def test_a_run_of_one_month_without_ai_is_drawn_too():
    record = StoredRecord(run(load_scenario("no_ai", **{"horizon.months": 1}), 0))
    for chart in CHARTS:
        figure = chart.build(Moment(record, 0), LIGHT)
        assert all(
            y is None or isinstance(y, str) or math.isfinite(y)
            for t in figure["data"]
            for y in t.get("y", [])
        )
