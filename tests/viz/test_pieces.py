import json
import time
from pathlib import Path

import ipyvuetify as vue
import numpy as np
import pandas as pd
import pytest
import solara

from experiments.plans import make_plan
from experiments.study_files import load_study
from model import palette
from model.errors import GridrushError
from model.industry import Industry
from model.panels import ACCOUNTS
from model.parameter_table import parameters
from model.provenance import RESULTS_VERSION
from model.run import Run
from model.scenario_files import load_scenario, scenario_names
from model.series import USD_KW_MONTH
from viz import firm
from viz.assets import plotly_module
from viz.charts import ensemble
from viz.desk import Desk
from viz.drawing import Looks
from viz.folders import holding, stored
from viz.jumps import KINDS, jumps
from viz.links import Link, read_link
from viz.parts.settings import FEATURED, RANKED, Settings, slider_stops
from viz.player import LivePlayer, Player
from viz.record import LiveRecord, Moment, Pair, StoredRecord
from viz.story import story
from viz.study import bands, open_study, run_near

ROOT = Path(__file__).resolve().parents[2]

# Links


@pytest.mark.parametrize(
    "link",
    [
        Link(),
        Link(scenario="no_ai", seed=7, month="2027-04", tab="map", dark=True),
        Link(view="compare", other="btc_bear"),
        Link(view="replay", folder="/some where/run & co", month="2030-01"),
        Link(view="replay", folder="/a study", run=12, month="2029-02"),
        Link(settings={"ai.demand_gw": 80.0, "power.queue_mode": "fcfs", "bitcoin.halving": False}),
    ],
)
def test_a_link_brings_back_what_it_was_made_of(link):
    assert read_link(link.query()) == link


def test_nonsense_in_an_address_is_left_out():
    assert read_link("?seed=x&view=nowhere&colour=red&theme=light") == Link()


def test_an_address_outranks_the_command_line():
    assert read_link("?scenario=no_ai", scenario="btc_bull", folder="here") == Link(
        scenario="no_ai", folder="here"
    )


# The player


def test_a_live_run_is_the_run_of_the_command_line(live):
    industry = Industry("reference", rng=0)
    industry.run_for(live.months)
    pd.testing.assert_frame_equal(live.series, industry.series)


def test_a_step_shows_the_next_month_and_goes_back_without_computing_anew():
    player = LivePlayer()
    assert player.reset()
    assert [player.at, player.record.months] == [0, 1]
    assert player.step()
    assert player.step()
    player.go(0)
    assert [player.at, player.record.months] == [0, 3]
    player.step()
    assert [player.at, player.record.months] == [1, 3]


def test_playing_goes_on_until_it_is_paused():
    player = LivePlayer()
    player.reset()
    player.speed.value = "as fast as it draws"
    player.toggle()
    _until(lambda: player.at >= 5)
    player.toggle()
    stood = player.at
    time.sleep(0.1)
    assert player.at == stood
    assert not player.playing.value


def test_playing_waits_for_the_browser():
    player = LivePlayer()
    player.reset()
    player.speed.value = "as fast as it draws"
    player.note_drawn("slow chart", 0)
    player.toggle()
    time.sleep(0.3)
    player.pause()
    assert player.at <= 1


def test_the_end_is_the_end():
    player = LivePlayer()
    player.settings.value = {"horizon.months": 5}
    player.reset()
    player.run_to_end()
    _until(lambda: not player.busy.value)
    assert player.at == 4
    assert not player.step()


def test_a_reset_keeps_the_seed_and_gives_the_same_run():
    player = LivePlayer(seed=5)
    player.reset()
    for _ in range(3):
        player.step()
    before = player.record.series
    player.reset()
    assert player.at == 0
    for _ in range(3):
        player.step()
    pd.testing.assert_frame_equal(player.record.series, before)


def test_a_change_in_the_middle_of_a_run_waits_for_the_reset():
    player = LivePlayer()
    player.reset()
    player.step()
    running = player.record
    player.set("ai.demand_gw", 90.0)
    assert player.pending
    assert player.record is running
    player.reset()
    assert not player.pending
    assert player.record.scenario.ai.demand_gw == 90.0


def test_a_change_before_the_first_step_holds_at_once_and_can_be_taken_back():
    player = LivePlayer()
    player.reset()
    player.set("ai.demand_gw", 90.0)
    assert player.record.scenario.ai.demand_gw == 90.0
    player.set("ai.demand_gw", 65.0)
    assert player.settings.value == {}


def test_a_scenario_that_cannot_be_is_a_message_and_the_old_run_stays():
    player = LivePlayer()
    player.reset()
    running = player.record
    player.settings.value = {"leases.theta": 7.0}
    assert not player.reset()
    assert "leases.theta" in player.error.value
    assert player.record is running


def test_what_fails_in_the_background_is_a_message():
    player = Player()

    def fail():
        raise GridrushError("no such folder")

    player.run_in_thread(fail, "reading")
    _until(lambda: not player.busy.value)
    assert player.error.value == "no such folder"


def test_a_desk_opens_what_its_link_asks_for_and_gives_the_link_back():
    link = Link(
        scenario="no_ai", seed=2, month="2026-03", tab="bitcoin", settings={"bitcoin.volatility": 0.2}
    )
    desk = Desk(link)
    assert desk.live.at == 4
    assert desk.link() == link
    desk.close()


def test_a_link_to_a_run_of_a_study_runs_it_once_more(study_folder):
    desk = Desk(Link(view="replay", folder=str(study_folder), run=3, month="2026-08"))
    _until(lambda: desk.replay.record is not None)
    series = open_study(study_folder).series("gap_gw")[3]
    np.testing.assert_allclose(desk.replay.record.series["gap_gw"], series, rtol=1e-9)
    assert desk.link() == Link(view="replay", folder=str(study_folder), run=3, month="2026-08")
    desk.replay.open_run_of(str(study_folder), 99)
    _until(lambda: "no run 99" in desk.replay.error.value)
    desk.close()


def test_a_desk_with_a_scenario_that_does_not_exist_says_so_and_shows_the_reference():
    desk = Desk(Link(scenario="refrence"))
    assert "refrence" in desk.live.error.value
    assert desk.live.record.scenario.name == "reference"


def test_two_desks_have_nothing_in_common():
    one, other = Desk(Link()), Desk(Link())
    one.live.step()
    assert one.live.at == 1
    assert other.live.at == 0


def _until(condition, seconds=10.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


# Stories, jumps and cards


def test_every_month_has_its_story(live):
    for at in range(live.months):
        text = story(Moment(live, at))
        assert text
        assert "nan" not in text


def test_a_story_tells_the_largest_deal_with_its_rent(live):
    deals = live.leases.loc[~live.leases["at_start"]]
    largest = deals.sort_values("gross_mw", ascending=False, kind="stable").iloc[0]
    at = int((live.series.index == largest["signed"]).argmax())
    text = story(Moment(live, at))
    assert f"{largest['gross_mw']:,.0f} MW" in text
    assert "$/kW-month" in text


def test_a_halving_is_a_story(live):
    subsidy = live.series["subsidy_btc"].to_numpy()
    at = int(np.flatnonzero(np.diff(subsidy) < 0)[0]) + 1
    assert "halved" in story(Moment(live, at))


@pytest.mark.parametrize("kind", KINDS)
def test_jumps_lead_to_the_month_they_name(live, kind):
    for jump in jumps(live, kind):
        assert live.series.index[jump.at] == jump.month


def test_books_balance_on_the_card(moment):
    rows = {row[0].text: row[1].text for row in firm.books(moment, "CIFR").rows}
    assert rows["all assets"] == rows["all debts and equity"]


def test_every_account_has_a_name():
    assert set(firm.WORDS) == set(ACCOUNTS)


def test_sites_on_the_card_add_up_to_the_firm(moment):
    row = moment.firms.loc[moment.firms["firm"] == "MARA"].iloc[0]
    table = firm.sites(moment, "MARA")
    at = table.heads.index(f"{palette.LABELS['mining']}, MW")
    total = sum(float(cells[at].text.replace(",", "")) for cells in table.rows)
    assert total == pytest.approx(row["mining_mw"], abs=len(table.rows))


def test_machines_by_generation_add_up_to_the_hash_of_the_firm(moment):
    table = firm.machines(moment, "RIOT")
    row = moment.firms.loc[moment.firms["firm"] == "RIOT"].iloc[0]
    assert table.heads[0] == "generation"
    assert sum(float(cells[1].text) for cells in table.rows) == pytest.approx(row["hash_eh_s"], abs=0.05)


def test_a_decision_says_what_came_of_it(moment):
    deals = moment.events.loc[(moment.events["kind"] == "decision") & (moment.events["outcome"] == "signed")]
    name = deals["firm"].iloc[0]
    texts = [row[-1].text for row in firm.decisions(moment, name).rows]
    assert any("$/kW-month" in text for text in texts)
    assert "reviews of blocks" in firm.why(moment, name)


def test_the_card_tells_the_same_rent_of_a_deal_as_its_lease(live):
    last = Moment(live, live.months - 1)
    signed = last.events.loc[(last.events["outcome"] == "signed").to_numpy()]
    firms = sorted(set(signed["firm"]))
    assert len(firms) > 5
    for name in firms:
        rents = [row[6].text for row in firm.leases(last, name).rows]
        decided = firm.reviews(last, name)
        decided = decided.loc[(decided["outcome"] == "signed").to_numpy()]
        for price in decided["price"]:
            assert f"{price * USD_KW_MONTH:,.0f}" in rents


def test_every_outcome_has_words(live):
    outcomes = set(live.events.loc[live.events["kind"] == "decision", "outcome"])
    assert outcomes <= {"signed", *firm.STOPPED}


def test_a_table_escapes_what_it_shows():
    assert "<b>" not in firm.Table(("<b>",), ((firm.Cell("<b>"),),)).html()


# Records, folders, studies


def test_a_stored_run_shows_the_regions_it_was_computed_with(stored, live):
    assert set(stored.regions.columns) == set(live.regions.columns)
    total = stored.regions.loc[stored.regions["us"]].groupby("month")["queue_mw"].sum() / 1e3
    np.testing.assert_allclose(total.to_numpy(), stored.series["queue_gw"].to_numpy())


def test_regions_of_another_model_are_refused(stored_run):
    _, result = stored_run
    changed = Run(**{**result.__dict__, "series": result.series.assign(queue_gw=1.0)})
    with pytest.raises(GridrushError, match="regions cannot be shown"):
        StoredRecord(changed).regions  # noqa: B018


def test_a_pair_ends_with_the_shorter_run(stored):
    short = LiveRecord(load_scenario("reference", **{"horizon.months": 3}), 3)
    while short.step():
        pass
    pair = Pair(stored, StoredRecord(short.as_run()))
    assert pair.months == 3
    assert [each.month for each in pair.moments(2)] == [pair.first.series.index[2]] * 2


def test_a_folder_says_what_it_holds(stored_run, study_folder, tmp_path):
    assert holding(stored_run[0]) == "run"
    assert holding(study_folder) == "study"
    assert holding(tmp_path) == ""
    assert str(stored_run[0]) in stored("run", stored_run[0])


def test_a_study_gives_every_run_its_scenario(study_folder):
    study = open_study(study_folder)
    assert len(study.runs) == 12
    for row in study.runs.to_dict("records"):
        scenario, seed = study.scenario_of(row["run"])
        assert scenario.ai.demand_gw == row["ai.demand_gw"]
        assert scenario.leases.theta == {"low": 0.2, "high": 0.8}[row["bargaining"]]
        assert seed == row["seed"]


def test_a_replayed_run_is_the_run_of_the_study(study_folder):
    study = open_study(study_folder)
    scenario, seed = study.scenario_of(3)
    record = LiveRecord(scenario, seed)
    while record.step():
        pass
    np.testing.assert_allclose(record.series["gap_gw"], study.series("gap_gw")[3], rtol=1e-9)


def test_a_fan_holds_half_of_the_runs_in_its_inner_band(study_folder):
    series = open_study(study_folder).series("gap_gw")
    band = bands(series)
    inside = (series.ge(band[0.25], axis=0) & series.le(band[0.75], axis=0)).mean(axis=1)
    assert (inside >= 0.5).all()
    month = f"{series.index[-1]:%Y-%m-%d}"
    assert run_near(series, month, float(series.iloc[-1].max())) == series.iloc[-1].idxmax()


def test_fans_and_scatters_are_plain_data(study_folder):
    study = open_study(study_folder)
    groups = {"all runs": study.series("gap_gw")}
    fan = ensemble.fan(groups, Looks(), "gap", "GW", picked=2)
    assert [trace["name"] for trace in fan["data"]][-1] == "run 2"
    dots = ensemble.scatter(study.runs, "ai.demand_gw", "gap", Looks(), ("demand", "gap"), "bargaining")
    assert sum(len(trace["x"]) for trace in dots["data"]) == 12
    words = ensemble.scatter(study.runs, "bargaining", "gap", Looks(), ("rule", "gap"))
    assert set(words["data"][0]["x"]) == {"low", "high"}


def test_a_folder_without_a_study_is_refused_in_a_line(tmp_path, stored_run):
    for folder in (tmp_path, stored_run[0]):
        with pytest.raises(GridrushError, match="holds no study"):
            open_study(folder)


# What the page is made of


def test_every_featured_parameter_exists_within_its_bounds():
    for each in FEATURED:
        row = parameters()[each.name]
        assert row.low is None or row.low <= each.low
        assert row.high is None or each.high <= row.high


def test_the_parameters_at_hand_are_the_dozen_that_the_screening_ranks_first():
    stored = ROOT / "experiments" / "studies" / "screening_ranking.csv"
    ranking = pd.read_csv(stored).sort_values("rank")
    assert [each.name for each in RANKED] == ranking["uncertainty"].head(12).tolist()
    about = json.loads(stored.with_suffix(".json").read_text(encoding="utf-8"))
    assert about["results_version"] == RESULTS_VERSION, "run the study, then scripts/screening_ranking.py"
    assert about["runs"] == make_plan(load_study("screening")).runs


SLIDERS = [each for each in FEATURED if isinstance(parameters()[each.name].default, float)]


@pytest.mark.parametrize("scenario", scenario_names())
def test_a_slider_that_is_not_touched_stands_at_the_scenarios_own_value(scenario):
    values = load_scenario(scenario).values()
    for each in SLIDERS:
        value = values[each.name]
        stops = slider_stops(each, value, parameters()[each.name].default)
        assert stops[stops.index(value)] == value
        assert stops == sorted(set(stops))
        assert {each.low, each.high} <= set(stops)


def test_a_slider_counts_stops_and_so_rounds_nothing():
    """The browser's slider rounds what it is given to whole steps, and tells when that changed it."""
    player = LivePlayer()
    _, context = solara.render(Settings(player), handle_error=False)
    sliders = context.find(vue.Slider).widgets
    assert len(sliders) == len(SLIDERS)
    for slider in sliders:
        assert slider.step == 1
        assert slider.v_model == int(slider.v_model)
        slider.v_model = slider.v_model + 1
        slider.v_model = slider.v_model - 1
    assert player.settings.value == {}
    context.close()


def test_plotly_comes_as_one_module_from_this_machine():
    source = plotly_module()
    assert source.startswith(b"const module")
    assert source.rstrip().endswith(b"export default module.exports;")
