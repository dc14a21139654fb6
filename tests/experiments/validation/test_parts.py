"""Reference values, ensembles, refinement and the report, on few runs."""

import numpy as np
import pandas as pd
import pytest

from experiments.validation.ablations import ARMS, outcomes
from experiments.validation.calibration import (
    IDENTIFIED,
    POSTERIOR,
    PRIOR,
    STATISTICS,
    observed,
    posterior_of,
    recovery,
    sample,
    statistics,
    stored,
)
from experiments.validation.checks import PASS
from experiments.validation.ensembles import Job, differences, mean_interval, paired, work
from experiments.validation.footprints import turns
from experiments.validation.references import references
from experiments.validation.refinement import time_refinement
from model.parameter_table import parameters


def test_every_reference_value_of_the_model_is_met():
    assert [check.name for check in references() if check.verdict != PASS] == []
    assert len(references()) > 25


def test_a_run_that_fails_is_a_row_and_stops_nobody():
    row = work(Job("arm", 0, "reference", {"bitcoin.no_such_thing": 1.0}, outcomes))
    assert "no_such_thing" in row["error"]


def test_arms_are_compared_under_the_same_seeds():
    runs = paired(
        {"one": {"horizon.months": 40}, "same": {"horizon.months": 40}}, (0, 1), outcomes, workers=1
    )
    table = differences(runs, ["gap_2028_gw", "exits"], "one")
    assert (table["difference"] == 0.0).all()
    assert (table["n"] == 2).all()


def test_an_interval_is_that_of_student():
    assert mean_interval([1.0, 2.0, 3.0, np.nan]) == pytest.approx((2.0, -0.484, 4.484), abs=1e-3)


def test_the_switch_for_the_feedback_of_conversions_leaves_hash_in_the_world():
    arm = "no hash feedback of conversions"
    arms = {name: ARMS[name] | {"horizon.months": 60} for name in ("reference", arm)}
    table = differences(paired(arms, (0,), outcomes, workers=1), ["hashprice_mean"], "reference")
    assert table.set_index("arm").loc[arm, "difference"] < 0.0


def test_turns_are_the_highest_and_lowest_within_a_year_either_way():
    wave = np.sin(np.arange(60) / 60 * 4 * np.pi)
    assert turns(wave, 1.0).tolist() == [7, 8, 37, 38] or set(turns(wave, 1.0)) <= {7, 8, 37, 38}
    assert set(turns(wave, -1.0)) <= {22, 23, 52, 53}


def test_world_mining_converges_as_the_step_gets_shorter():
    _, checks = time_refinement()
    assert [check.verdict for check in checks] == [PASS, PASS]


def made_up(count, noise):
    """Samples whose statistics follow the parameters, all but imitation, which leaves no trace."""
    values = sample(count)
    share = (values - [low for low, _ in PRIOR.values()]) / [high - low for low, high in PRIOR.values()]
    seen = share.to_numpy() * (np.array(list(PRIOR)) != "choice.imitation")
    mixed = np.random.Generator(np.random.Philox(0)).normal(size=(len(PRIOR), len(STATISTICS)))
    stats = seen @ mixed + noise * np.random.Generator(np.random.Philox(1)).normal(
        size=(count, len(STATISTICS))
    )
    return pd.concat([values, pd.DataFrame(stats, columns=list(STATISTICS))], axis=1).assign(error="")


def test_recovery_tells_what_leaves_a_trace_from_what_leaves_none():
    table = recovery(made_up(300, 0.02)).set_index("parameter")
    back = table["recovered_correlation"]
    assert (back.drop("choice.imitation") > 0.8).all()
    assert abs(back["choice.imitation"]) < 0.5


def test_a_posterior_keeps_to_the_prior_and_comes_near_what_made_the_data():
    runs = made_up(300, 0.02)
    truth = runs.iloc[0]
    found = posterior_of(runs.iloc[1:], {name: truth[name] for name in STATISTICS})
    for name, (low, high) in PRIOR.items():
        assert found[name].between(low, high).all()
    assert found["choice.review"].median() == pytest.approx(truth["choice.review"], abs=0.1)


def test_the_signed_leases_are_summed_up_as_the_leases_of_a_run_are():
    target = observed()
    assert target["deals"] == 11
    assert target["cloud_share"] == pytest.approx(200 / target["signed_it_mw"])
    # Core Scientific's tenant pays for the halls; the rent is that of the others.
    assert target["tenant_built_share"] == pytest.approx(590 / target["signed_it_mw"])
    assert 1.78 * 1000 / 12 < target["hall_rent_usd_kw_month"] < 2.26 * 1000 / 12
    nothing = pd.DataFrame({"lessor": [], "it_mw": [], "product": [], "tenant_built": []})
    assert statistics(nothing, 150.0)["deals"] == 0.0


def test_the_reference_case_takes_the_median_of_the_posterior_and_nobody_imitates():
    medians = stored(POSTERIOR)[list(PRIOR)].median()
    shipped = {name: parameters()[name].default for name in PRIOR}
    # Imitation leaves no trace in the leases and must earn its place (MODEL 5.5).
    assert shipped.pop("choice.imitation") == 0.0
    assert not stored(IDENTIFIED).set_index("parameter").loc["choice.imitation", "identified"]
    for name, value in shipped.items():
        assert value == float(f"{medians[name]:.2g}"), name
        assert parameters()[name].source.startswith("calibrated;")
