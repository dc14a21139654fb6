"""What is said to be behind a verdict is counted from the runs, on worlds where the count is known."""

import math
import string
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from experiments.claims.evidence import Evidence
from experiments.claims.mechanisms import MECHANISMS, Scene, mechanism, words
from experiments.claims.rules import rules
from experiments.claims.statistics import HELD
from model.parameters.demand import Leases
from model.scenario import Scenario

DRAWS = 10
ARMS = (
    *("reference", "no_ai", "no_halving", "neither", "mine_only", "queue_reform", "onsite_power"),
    *("no_outside_supply", "one_half_waits", "other_half_waits"),
)
CLAIMS = {claim.key: claim for claim in rules().claims}


def finding(key, rows, value=0.0):
    """Return no more of a finding than sentences read."""
    test = SimpleNamespace(
        test=CLAIMS[key].tests[0], rows=pd.DataFrame(rows), estimate=SimpleNamespace(value=value)
    )
    return SimpleNamespace(claim=CLAIMS[key], tests=(test,))


def a_run(arm, **changed):
    outcomes = {"demand_2028": 65.0, "grid_2028": 20.0, "outside_2028": 30.0, "gap_2028": 15.0, "rent": 180.0}
    return pd.DataFrame({"arm": arm, "draw": range(DRAWS)} | outcomes | {"rent_signed": 90.0} | changed)


def some_firms(arm, gone=(), reason="liquidated"):
    """Return four miners a draw, small and large, on the grid and not; some of them gone after a year."""
    frames = []
    for draw in range(DRAWS):
        number = np.arange(4)
        left = np.isin(number, gone)
        frame = pd.DataFrame({"arm": arm, "draw": draw, "run": f"{arm} {draw}", "firm": number})
        frame = frame.assign(energised_mw=[1.0, 1.0, 100.0, 100.0], grid_share=[1.0, 0.0, 1.0, 0.0])
        frame = frame.assign(gone=left, exit_month=np.where(left, 12, -1), duration=np.where(left, 12, 86))
        frame = frame.assign(reason=np.where(left, reason, ""), all_in_cost=[50.0, 60.0, 50.0, 60.0])
        frame = frame.assign(fit_mw=[0.0, 0.0, 10.0, 10.0], contracted_share=0.0, leases_signed=2)
        frame = frame.assign(
            first_lease_month=[-1, -1, 6, 30], follows=["logit", "logit", "logit", "hesitant"]
        )
        for use in HELD:
            frame[f"{use}_2028"] = frame["energised_mw"] / len(HELD)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def scene(runs=None, firms=None, then=None):
    runs = runs if runs is not None else pd.concat([a_run(arm) for arm in ARMS])
    firms = firms if firms is not None else pd.concat([some_firms(arm, gone=(1,)) for arm in ARMS])
    series = {f"{name}_hashrate_eh_s": 100.0 for name in ("modelled", "rest_of_world", "network")}
    series |= {"value_leases_share": 0.5, "hashprice_usd_ph_day": 40.0}
    then = then if then is not None else pd.DataFrame({"arm": ARMS} | series)
    site = {"arm": "reference", "secured_mw": 50.0, "stage": "operating", "months_to_power": 0}
    sites = pd.DataFrame([site | {"draw": draw, "let_mw_2028": 10.0 * (draw < 4)} for draw in range(DRAWS)])
    evidence = Evidence(runs, firms, sites, pd.DataFrame(index=range(DRAWS)), 86)
    return Scene(evidence, evidence, then, Scenario().leases)


ROWS = {
    "C1": {"reference": [0.5], "onsite_power": [0.2]},
    "C2": {"with megawatts": [0.4], "with hash": [0.1]},
    "C4": {"attributes": [0.2], "willingness": [0.05]},
    "C9": {"clusters": [1.0, 1.0, 2.0]},
}


@pytest.mark.parametrize("key", CLAIMS)
def test_every_claim_says_what_is_behind_it_in_numbers_of_its_runs(key):
    said = mechanism(finding(key, ROWS.get(key, {"any": [1.0]})), scene())
    assert said.endswith(".")
    assert "{" not in said
    assert "no number" not in said
    assert any(letter.isdigit() for letter in said)


def test_sentences_hold_no_result_of_their_own():
    assert set(words()) == set(MECHANISMS) == set(CLAIMS)
    for sentence in words().values():
        fixed = "".join(text for text, *_ in string.Formatter().parse(sentence))
        assert not {part.strip(".,;") for part in fixed.split() if part[0].isdigit()} - {
            "2028",
            "5th",
            "95th",
        }


@pytest.mark.parametrize(("grid", "turns"), [(20.0, True), (50.0, False)])
def test_a_gap_closed_from_outside_opens_without_it_unless_the_grid_closes_it(grid, turns):
    arms = pd.concat([a_run(arm, grid_2028=grid) for arm in ARMS])
    said = mechanism(finding("C1", ROWS["C1"], value=0.2), scene(runs=arms))
    assert ("turns on it" in said) is turns
    assert "In that arm (onsite power)" in said


def test_income_that_stops_with_the_lease_is_worth_less_than_income_for_ever():
    said = mechanism(finding("C5", {"any": [1.0]}), scene())
    terms: Leases = Scenario().leases
    stopped = 1.0 - math.exp(-0.08 * terms.shell_term)
    for share in (1.0, stopped):
        low, high = (
            terms.it_to_gross * (income * share / 0.08 - terms.colocation_capex) for income in (1.4, 1.7)
        )
        assert f"{low:.2f} and {high:.2f}" in said


def test_who_leaves_is_told_by_how_they_leave():
    gone = {"reference": "acquired", "no_ai": "liquidated", "no_halving": "acquired", "neither": "liquidated"}
    firms = pd.concat([some_firms(arm, gone=(0,), reason=reason) for arm, reason in gone.items()])
    said = mechanism(finding("C8", {"any": [1.0]}), scene(firms=firms))
    assert "the shares liquidated, closed and bought by -25.0, 0.00 and 25.0 points" in said


def test_small_miners_are_told_apart_by_power():
    said = mechanism(finding("C3", {"any": [1.0]}), scene())
    assert "only buy from the grid stay 86.0 months and other small ones 12.0" in said
    assert "50.0 and 60.0 USD/MWh" in said
    assert "0.00% and 100% of them are liquidated, and 0.00% and 0.00% close" in said


def test_early_and_late_are_told_apart_by_what_they_follow():
    said = mechanism(finding("C6", {"any": [1.0]}), scene())
    assert "their first in month 6 at" in said
    assert "the first in month 30" in said
