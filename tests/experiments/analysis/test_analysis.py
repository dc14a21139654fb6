"""Analysis: known effects are found, intervals cover, and every figure has its three files and its origin."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from experiments.analysis import discovery, intervals, sensitivity, survival
from experiments.analysis.analyse import analyse
from experiments.analysis.material import material_of
from experiments.store_files import StoreError
from experiments.study import Interest

TWO = {
    "ai.demand_gw": {"low": 40.0, "high": 90.0},
    "leases.theta": {"low": 0.0, "high": 1.0},
    "power.queue_mode": {"options": ["batch", "fcfs"]},
}
ONE_ARM = {"arms": {"reference": {}, "same": {}}}


def test_intervals_of_a_mean_cover_it_as_often_as_they_say():
    draw = np.random.default_rng(0)
    found = [intervals.interval(draw.normal(3.0, 2.0, 12), 0.9) for _ in range(2000)]
    covered = np.mean([row["low"] <= 3.0 <= row["high"] for row in found])
    assert covered == pytest.approx(0.9, abs=0.02)


def test_the_draws_needed_are_those_at_which_the_interval_is_narrow_enough():
    n = int(intervals.needed(mean=10.0, sd=4.0, precision=0.05, confidence=0.95))
    assert intervals.half_width(4.0, n, 0.95) == pytest.approx(0.5, rel=0.01)


def test_pairs_take_the_noise_of_the_seed_away(done):
    material = material_of(done(replications=8))
    row = intervals.paired_differences(material).set_index("outcome").loc["gap"]
    # The bear market's drift of -0.17 lowers the made-up gap by 17, with the same noise in both arms.
    assert (row["mean"], row["sd"]) == (pytest.approx(-17.0), pytest.approx(0.0, abs=1e-9))
    assert row["variance_saved"] == pytest.approx(1.0)
    assert row["pairs"] == 8


def test_effects_of_levers_are_averaged_over_the_others(done):
    levers = {
        "market": {"plain": {}, "bear": {"scenario": "btc_bear"}},
        "demand": {"middle": {}, "high": {"ai.demand_gw": 75.0}},
    }
    store = done(arms={"x": {}, "y": {}}, levers=levers, design={"kind": "factorial"}, replications=3)
    effects = intervals.lever_effects(material_of(store)).set_index(["lever", "option", "outcome"])["mean"]
    assert effects["market", "bear", "gap"] == pytest.approx(-17.0)
    assert effects["demand", "high", "gap"] == pytest.approx(10.0)


def test_replications_are_the_draws_under_common_random_numbers_and_samples_otherwise(done):
    design = {"kind": "lhs", "samples": 5}
    common = material_of(done("common", uncertainties=TWO, design=design, replications=4))
    own = material_of(
        done("own", uncertainties=TWO, design=design, replications=4, common_random_numbers=False)
    )
    assert (common.unit, own.unit) == ("replication", "sample")
    assert intervals.outcome_intervals(common)["n"].tolist() == [4] * 4
    assert intervals.outcome_intervals(own)["n"].tolist() == [5] * 4


def test_sobol_indices_divide_the_variance_as_it_was_made(done):
    material = material_of(done(uncertainties=TWO, design={"kind": "sobol", "samples": 256}))
    found = sensitivity.indices(material).set_index(["outcome", "uncertainty"]).loc["gap"]
    # Variances of uniform ranges of 50 and of 10: 25 to 1.
    assert found.loc["ai.demand_gw", "S1"] == pytest.approx(25 / 26, abs=0.06)
    assert found.loc["leases.theta", "ST"] == pytest.approx(1 / 26, abs=0.03)
    assert found.loc["power.queue_mode", "ST"] == pytest.approx(0.0, abs=0.01)


def test_morris_effects_are_the_slopes(done):
    material = material_of(done(uncertainties=TWO, design={"kind": "morris", "samples": 6}))
    found = sensitivity.indices(material).set_index(["outcome", "uncertainty"]).loc["gap"]
    assert found["mu"].tolist() == pytest.approx([50.0, -10.0, 0.0])
    assert found["sigma"].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-9)


def test_a_screening_ranks_by_effects_over_the_largest_on_each_outcome():
    effects = {
        "outcome": ["gap"] * 3 + ["rent"] * 3,
        "uncertainty": ["demand", "theta", "queue"] * 2,
        "mu_star": [50.0, 10.0, 0.0, 0.1, 0.2, 0.1],
    }
    found = sensitivity.ranked(pd.DataFrame(effects)).set_index("uncertainty")
    assert found["rank"].to_dict() == {"demand": 1, "theta": 2, "queue": 3}
    assert found["gap"].to_list() == pytest.approx([1.0, 0.2, 0.0])
    assert found["rent"].to_list() == pytest.approx([0.5, 1.0, 0.5])
    assert found["score"].to_list() == pytest.approx([0.75, 0.6, 0.25])


def test_the_report_of_a_screening_ends_with_what_matters_most(done):
    folder = done(uncertainties=TWO, design={"kind": "morris", "samples": 6}).folder
    analyse(folder)
    ranking = pd.read_csv(folder / "analysis" / "ranking.csv")
    assert ranking["rank"].to_list() == [1, 2, 3]
    assert ranking.loc[ranking["gap"] == 1.0, "uncertainty"].to_list() == ["ai.demand_gw"]


def test_a_screening_of_too_few_trajectories_says_that_it_has_no_index(done):
    folder = done(uncertainties=TWO, design={"kind": "morris", "samples": 3}).folder
    report = analyse(folder).read_text(encoding="utf-8")
    assert "Without an index of Morris" in report
    assert "3 of 3 trajectories are whole, and at least 4 are needed" in report
    assert not (folder / "analysis" / "ranking.csv").exists()


def test_a_screening_has_no_scores_and_no_boxes_and_says_why(done):
    store = done(
        uncertainties=TWO, design={"kind": "morris", "samples": 20},
        analysis={"interests": [{"outcome": "gap", "above": 70}]},
    )  # fmt: skip
    assert len(store.runs()) >= discovery.FEWEST_RUNS
    report = analyse(store.folder).read_text(encoding="utf-8")
    assert "no independent draws" in report
    assert "trajectories are whole" not in report
    made = {path.stem for path in (store.folder / "analysis").iterdir()}
    assert "morris" in made
    assert not made & {"feature_scores", "prim_1", "cart_1"}


def test_trajectories_and_blocks_are_the_draws_where_their_points_hang_together(done):
    for kind, unit, points in (("morris", "trajectory", 4), ("sobol", "block", 5)):
        design = {"kind": kind, "samples": 8}
        material = material_of(done(kind, uncertainties=TWO, design=design, replications=1, **ONE_ARM))
        assert material.unit == unit
        assert material.runs.groupby([unit, "combination"]).size().eq(points).all()
        assert intervals.outcome_intervals(material)["n"].eq(8).all()


def test_runs_that_failed_leave_whole_trajectories_out(done, monkeypatch: pytest.MonkeyPatch):
    material = material_of(done(uncertainties=TWO, design={"kind": "morris", "samples": 6}))
    holes = material.runs.copy()
    holes.loc[holes["sample"] == 5, "gap"] = np.nan
    monkeypatch.setattr(type(material), "of", lambda self, name: holes[holes["combination"] == name])
    found = sensitivity.indices(material).set_index(["outcome", "uncertainty"]).loc["gap"]
    assert found["mu"].tolist() == pytest.approx([50.0, -10.0, 0.0])


def test_pawn_tornado_and_scores_rank_what_matters_first(done):
    material = material_of(
        done(
            uncertainties=TWO, design={"kind": "lhs", "samples": 200}, **ONE_ARM, common_random_numbers=False
        )
    )
    pawn = sensitivity.pawn(material).query("outcome == 'gap'").set_index("uncertainty")["median"]
    assert pawn.idxmax() == "ai.demand_gw"
    assert pawn["power.queue_mode"] < 2 * pawn["(noise)"]
    swing = sensitivity.tornado(material).query("outcome == 'gap'").set_index("uncertainty")
    assert swing.loc["ai.demand_gw", "swing"] == pytest.approx(40.0, rel=0.1)
    assert swing.loc["power.queue_mode", "swing_low"] < 0 < swing.loc["power.queue_mode", "swing_high"]
    scores = discovery.feature_scores(material).query("outcome == 'gap'").set_index("input")["score"]
    assert scores.idxmax() == "ai.demand_gw"
    assert scores.sum() == pytest.approx(1.0)


def test_prim_and_cart_find_the_box_and_nothing_else(done):
    material = material_of(done(uncertainties=TWO, design={"kind": "lhs", "samples": 300}, **ONE_ARM))
    interest = Interest(outcome="gap", above=70.0)
    trajectory, limits = discovery.prim(material, interest)
    assert trajectory["chosen"].sum() == 1
    assert set(limits["input"]) <= {"ai.demand_gw", "leases.theta"}
    low = limits.set_index("input").loc["ai.demand_gw", "low"]
    assert 68.0 < low < 80.0
    leaves = discovery.cart(material, interest)
    assert leaves["leaf"].iloc[0].startswith("ai.demand_gw > ")
    assert leaves["density"].iloc[0] > 0.9


def test_survival_follows_what_made_firms_leave(done):
    material = material_of(done(set={"horizon.months": 60}, fates=True, replications=30))
    firms = survival.first_firms(material, "reference")
    ratios = survival.cox(firms, 0.95)
    cost = ratios[ratios["covariate"].str.startswith("all-in cost")]
    # Lives shorten by half for 10 USD/MWh in the made-up runs: exp(10 / 20).
    assert cost["hazard_ratio"].iloc[0] == pytest.approx(np.exp(0.5), rel=0.15)
    assert (cost["low"] > 1).all()
    curves = survival.curves(firms, "size", 0.95)
    assert curves["group"].unique().tolist() == ["below 20 MW", "20 to 100 MW", "100 MW and more"]
    last = curves[curves["month"] == 59].set_index("group")["survival"]
    assert last["below 20 MW"] < last["100 MW and more"]
    assert (curves["low"] <= curves["survival"] + 0.02).all()
    share = 1 - firms["gone"].mean()
    everybody = survival.curves(firms.assign(all="all"), "all", 0.95)
    assert everybody["survival"].iloc[-1] == pytest.approx(share)


def test_an_analysis_is_figures_tables_origin_and_a_report(done):
    store = done(
        uncertainties=TWO, keep="series", fates=True, replications=3, set={"horizon.months": 12},
        design={"kind": "lhs", "samples": 40}, analysis={"interests": [{"outcome": "gap", "above": 70}]},
    )  # fmt: skip
    report = analyse(store.folder)
    made = {path.stem for path in report.parent.glob("*.png")}
    assert {"means", "differences", "fans", "survival", "tornado", "pawn", "prim_1", "convergence"} <= made
    for name in made:
        assert pd.read_csv(report.parent / f"{name}.csv").size > 0
        assert (report.parent / f"{name}.pdf").read_bytes()[:5] == b"%PDF-"
        with Image.open(report.parent / f"{name}.png") as image:
            source = json.loads(image.info["Source"])
        assert source["digest"] == store.plan.digest
    text = report.read_text()
    assert text.count("<img") == len(made)
    assert "never a forecast of a named company" in text
    assert "http" not in text.replace("http://www.w3.org", "")
    origin = json.loads((report.parent / "provenance.json").read_text())
    assert set(origin["sha256"]) == {path.name for path in report.parent.iterdir()} - {"provenance.json"}
    assert not list(store.folder.glob(".analysis*"))


def test_arms_alone_are_analysed_without_looking_for_what_matters_among_one_input(done):
    store = done(uncertainties={}, replications=30, fates=True)
    assert len(store.runs()) >= 50
    report = analyse(store.folder).read_text(encoding="utf-8")
    assert "Paired differences" in report
    assert "Feature scores" not in report


def test_nothing_to_analyse_is_one_clear_line(tmp_path: Path, plan):
    from experiments.store import make_store

    store = make_store(tmp_path / "store", plan())
    with pytest.raises(StoreError, match="no run has succeeded yet"):
        analyse(store.folder)


def test_the_runner_does_not_load_the_analysis():
    code = (
        "import sys, experiments.execution, experiments.cli_study\n"
        "print({'lifelines', 'ema_workbench', 'matplotlib'} & set(sys.modules))"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
