"""The industry is a Mesa model like any other: agents, batches, the viewer and EMA workbench take it."""

import multiprocessing
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from mesa.batchrunner import batch_run

from agents.grid_operator import GridOperator
from agents.hyperscaler import Hyperscaler
from agents.miner import Miner
from agents.tables import Kind
from gridrush import Industry, load_scenario

OUTCOMES = ("gap_gw", "hashprice_usd_ph_day", "firms_alive", "hhi_hash")


@pytest.fixture(scope="module")
def industry():
    made = Industry(rng=2)
    made.run_for(14)
    return made


@pytest.fixture
def start_method():
    """Undo what `batch_run` does to the whole process."""
    before = multiprocessing.get_start_method(allow_none=True)
    yield
    multiprocessing.set_start_method(before, force=True)


def test_every_row_has_an_agent_and_every_agent_a_row(industry):
    state = industry.state
    for kind, names in (
        (Miner, state.firm_names),
        (Hyperscaler, state.hyperscaler_names),
        (GridOperator, state.region_names),
    ):
        assert [agent.name for agent in industry.agents_by_type[kind]] == names
    assert len(industry.agents) == len(state.firms) + len(state.hyperscalers) + len(state.regions)


def test_who_enters_becomes_an_agent():
    industry = Industry(rng=2, **{"consolidation.entry_rate": 20.0, "bitcoin.price_start": 150000.0})
    before = len(industry.agents)
    industry.run_for(6)
    entrants = industry.agents.select(lambda agent: agent.name.startswith("entrant"))
    assert len(entrants) == len(industry.agents) - before > 0


def test_agents_are_views_of_the_columns(industry):
    miners, firms = industry.agents_by_type[Miner], industry.state.firms
    np.testing.assert_array_equal(miners.get("cash"), firms.cash)
    riot = miners.select(lambda miner: miner.name == "RIOT").to_list()[0]
    was = riot.cash
    riot.cash = was + 1.0
    assert firms.cash[riot.row] == was + 1.0
    firms.cash[riot.row] = was
    assert riot.cash == was
    assert riot.megawatts("mining_mw") == pytest.approx(
        industry.state.sites.mining_mw[industry.state.sites.owner == riot.row].sum()
    )
    assert riot.snapshot()["cash"] == was


def test_agent_sets_select_aggregate_and_group(industry):
    miners = industry.agents_by_type[Miner]
    assert miners.agg("cash", sum) == pytest.approx(industry.state.firms.cash.sum())
    listed = miners.select(lambda miner: miner.kind == Kind.LISTED)
    assert 0 < len(listed) < len(miners)
    groups = miners.groupby("kind_name").groups
    assert set(groups) == {"listed", "private", "ai_customer", "generator"}
    assert miners.sort("hashrate", ascending=False).to_list()[0].hashrate == max(miners.get("hashrate"))
    assert {type(alive) for alive in miners.map("megawatts", "mining_mw")} == {float}


def test_the_model_stops_at_its_horizon():
    industry = Industry(**{"horizon.months": 5})
    while industry.running:
        industry.step()
    assert industry.steps == industry.time == industry.state.month == len(industry.series) == 5


def test_a_run_may_go_on_past_its_horizon():
    industry = Industry(**{"horizon.months": 5})
    industry.run_for(9)
    longer = Industry(**{"horizon.months": 9})
    longer.run_for(9)
    assert not industry.running
    pd.testing.assert_frame_equal(industry.series, longer.series, check_exact=True)


class Alarm:
    """Something a user schedules: it notes the month in which it goes off."""

    def __init__(self, industry):
        self.industry, self.month = industry, None

    def ring(self):
        self.month = self.industry.state.month


def test_events_can_be_scheduled():
    industry = Industry()
    alarm = Alarm(industry)
    industry.schedule_event(alarm.ring, at=3.5)
    industry.run_for(6)
    assert alarm.month == 3


def test_mesa_is_told_to_collect_nothing_and_has_the_series(industry):
    collected = industry.datacollector.get_model_vars_dataframe()
    pd.testing.assert_frame_equal(collected, industry.series.reset_index(drop=True), check_exact=True)
    blank = Industry().datacollector.get_model_vars_dataframe()
    assert len(blank) == 0
    assert {"gap_gw", "hhi_value", "lease_rent_usd_kw_month"} <= set(blank.columns)


def test_mesa_finds_no_scenario_to_replace(industry):
    assert getattr(industry, "scenario", None) is None
    with pytest.raises(AttributeError, match=r"industry\.state\.scenario"):
        _ = industry.scenario
    assert industry.state.scenario == load_scenario("reference")


def test_batch_run(start_method):
    rows = batch_run(
        Industry,
        {"scenario": ["reference", "no_ai"], "bitcoin.price_start": 60000.0},
        rng=[3, 4],
        max_steps=6,
        data_collection_period=-1,
        display_progress=False,
    )
    assert [(row["scenario"], row["rng"], row["Step"]) for row in rows] == [
        ("reference", 3, 6),
        ("no_ai", 3, 6),
        ("reference", 4, 6),
        ("no_ai", 4, 6),
    ]
    alone = Industry("no_ai", rng=4, **{"bitcoin.price_start": 60000.0})
    alone.run_for(6)
    for name in OUTCOMES:
        assert rows[3][name] == alone.series[name].iloc[-1]


def test_batch_run_collects_every_month_of_runs_in_other_processes(start_method):
    rows = batch_run(
        Industry,
        {"horizon.months": 4},
        rng=[3, 4],
        number_processes=2,
        data_collection_period=1,
        display_progress=False,
    )
    assert sorted((row["rng"], row["Step"]) for row in rows) == [(r, s) for r in (3, 4) for s in (1, 2, 3, 4)]
    alone = Industry(rng=4)
    alone.run_for(4)
    found = [row["btc_price_usd"] for row in rows if row["rng"] == 4]
    np.testing.assert_array_equal(found, alone.series.btc_price_usd)


EMA = """
import warnings

warnings.simplefilter("error")
warnings.filterwarnings("ignore", "ipyparallel not installed")

from ema_workbench import (
    CategoricalParameter, IntegerParameter, Model, MultiprocessingEvaluator, RealParameter, Sample,
    ScalarOutcome, SequentialEvaluator, TimeSeriesOutcome,
)

from gridrush import Industry

OUTCOMES = {outcomes!r}


def play(demand=65.0, halving=True, seed=0, theta=0.5):
    values = {{"ai.demand_gw": demand, "bitcoin.halving": halving, "leases.theta": theta}}
    industry = Industry("reference", rng=seed, **values)
    industry.run_for(6)
    series = industry.series
    found = {{name: series[name].iloc[-1] for name in OUTCOMES}}
    return found | {{"alive": series["firms_alive"].to_numpy()}}


if __name__ == "__main__":
    model = Model("gridrush", function=play)
    model.uncertainties = [RealParameter("demand", 20.0, 120.0), IntegerParameter("seed", 0, 9)]
    model.levers = [CategoricalParameter("halving", [True, False])]
    model.outcomes = [*(ScalarOutcome(name) for name in OUTCOMES), TimeSeriesOutcome("alive")]
    scenarios = [Sample(f"{{demand}}", demand=demand, seed=3) for demand in (30.0, 65.0, 110.0)]
    policies = [Sample(f"{{halving}}", halving=halving) for halving in (True, False)]
    results = []
    for evaluator in (SequentialEvaluator(model), MultiprocessingEvaluator(model, n_processes=2)):
        with evaluator:
            experiments, outcomes = evaluator.perform_experiments(scenarios, policies)
        order = experiments.sort_values(["scenario", "policy"]).index
        results.append({{name: values[order].tolist() for name, values in outcomes.items()}})
        assert len(experiments) == 6
    assert results[0] == results[1]
    assert len(set(results[0]["gap_gw"])) > 2
    print("agree")
"""


def test_ema_workbench_evaluates_it_here_and_in_other_processes(tmp_path):
    script = tmp_path / "study.py"
    script.write_text(EMA.format(outcomes=OUTCOMES))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=200)
    assert done.stdout.split() == ["agree"], done.stderr


class Page:
    """A SolaraViz page of an industry, rendered without a browser."""

    def __init__(self, industry, **parameters):
        import reacton
        import solara
        from mesa.visualization import SolaraViz, make_plot_component

        self.model = solara.reactive(industry)
        plots = [make_plot_component(["gap_gw", "delivered_grid_gw"]), make_plot_component("hhi_hash")]
        page = SolaraViz(self.model, components=plots, model_params=parameters, name="Gridrush")
        self.box, self.context = reacton.render(solara.AppLayout(children=[page]), handle_error=False)

    def press(self, label):
        import ipyvuetify

        buttons = self.context.find(ipyvuetify.Btn).widgets
        (button,) = [each for each in buttons if label in each.children]
        button.click()

    def pictures(self):
        import ipywidgets

        return self.context.find(ipywidgets.Image).widgets


@pytest.fixture
def page():
    pages = []

    def open_page(industry, **parameters):
        pages.append(Page(industry, **parameters))
        return pages[-1]

    yield open_page
    for each in pages:
        each.context.close()


def test_solara_viz_shows_steps_and_resets(page, capsys):
    slider = {"type": "SliderFloat", "value": 30.0, "min": 0.0, "max": 100.0, "step": 5.0, "label": "demand"}
    parameters = {"scenario": "btc_bear", "rng": 7, "ai.demand_gw": slider}
    first = Industry("btc_bear", rng=7, **{"ai.demand_gw": 30.0})
    shown = page(first, **parameters)
    assert len(shown.pictures()) == 2
    for _ in range(3):
        shown.press("Step")
    assert shown.model.value is first
    assert first.state.month == 3
    shown.press("Reset")
    anew = shown.model.value
    assert anew is not first
    assert (anew.state.month, anew.seed, anew.state.scenario.name) == (0, 7, "btc_bear")
    assert anew.state.scenario.ai.demand_gw == 30.0
    shown.press("Step")
    pd.testing.assert_frame_equal(anew.series, first.series[:1], check_exact=True)
