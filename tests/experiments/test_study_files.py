"""Study files: what is right is read, what is wrong is one clear line with the nearest right word."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from experiments.plans import make_plan, plan_of
from experiments.study_files import StudyError, load_study, parse_study, study_names, to_toml

ROOT = Path(__file__).resolve().parents[2]
SEVEN = ["claims", "discovery", "policy", "scenarios", "screening", "smoke", "sobol"]


def test_seven_studies_ship():
    assert study_names() == SEVEN


@pytest.mark.parametrize("name", SEVEN)
def test_every_shipped_study_holds_against_its_scenario(name: str):
    plan = plan_of(name)
    assert plan.study.description
    assert plan.runs == plan.points * plan.study.replications
    assert plan.runs >= 40


@pytest.mark.parametrize("name", SEVEN)
def test_a_study_written_and_read_is_the_same_study(name: str):
    plan = plan_of(name)
    again = parse_study(tomllib.loads(to_toml(plan.study)))
    assert again == plan.study
    assert make_plan(again).digest == plan.digest


def test_names_and_what_to_analyse_change_no_digest(plan):
    changed = plan(name="other", description="words", analysis={"confidence": 0.9})
    assert changed.digest == plan().digest
    assert plan(replications=2).digest != plan().digest
    assert plan(set={"horizon.months": 3}).digest != plan().digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replication": 3}, "unknown key 'replication'; did you mean 'replications'?"),
        ({"replications": 0}, "replications: expected greater than or equal to 1, got 0"),
        ({"design": {"kind": "lsh"}}, "design.kind: expected one of factorial, lhs, sobol, morris, paired"),
        ({"design": {"kind": "lsh"}}, "did you mean 'lhs'?"),
        ({"design": {}}, "design.kind: missing"),
        ({"design": {"kind": "lhs", "sample": 3}}, "did you mean 'samples'?"),
        ({"design": {"kind": "lhs"}}, "design.kind = 'lhs' needs uncertainties"),
        (
            {"outcomes": {"gap": {"serie": "gap_gw"}}},
            "unknown key 'outcomes.gap.serie'; did you mean 'series'?",
        ),
        ({"outcomes": {"gap": {"series": "gap"}}}, "no column of the series is called 'gap'; did you mean"),
        ({"outcomes": {"gap": {"function": "share_gon"}}}, "did you mean 'share_gone'?"),
        ({"outcomes": {"gap": {"function": "share_gone"}}}, "need fates = true"),
        ({"outcomes": {"gap": {}}}, "outcomes.gap: expected either series or function"),
        (
            {"outcomes": {"gap": {"series": "gap_gw", "reduce": "at", "month": "2040-01"}}},
            "2040-01 is not a month of the run, which goes from 2025-11 to 2025-12",
        ),
        ({"outcomes": {"seed": {"series": "gap_gw"}}}, "'seed' names two columns"),
        ({"uncertainties": {"ai.demand": {"low": 1, "high": 2}}}, "did you mean 'ai.demand_gw'?"),
        ({"uncertainties": {"ai.demand_gw": {"low": 3, "high": 2}}}, "low = 3 must be below high = 2"),
        (
            {"uncertainties": {"ai.demand_gw": {"low": -3, "high": 2}}},
            "expected a number from 0 to 1000 (GW)",
        ),
        ({"uncertainties": {"power.queue_mode": {"low": 0, "high": 1}}}, "give options"),
        ({"uncertainties": {"power.queue_mode": {"options": ["batch", "fifo"]}}}, "expected one of batch"),
        ({"arms": {"one": {}}}, "levers.arm: expected at least two options"),
        ({"arms": {"one": {}, "two": {"scenario": "btc_bare"}}}, "did you mean 'btc_bear'?"),
        ({"arms": {"one": {}, "two": {"ai.demand": 3}}}, "did you mean 'ai.demand_gw'?"),
        ({"design": {"kind": "paired", "baseline": ["bare"]}}, "no option 'bare'; did you mean 'bear'?"),
        ({"design": {"kind": "sobol", "samples": 3}}, "a sobol design needs a power of two, got 3"),
        ({"analysis": {"interests": [{"outcome": "gab", "above": 1}]}}, "did you mean 'gap'?"),
        ({"scenario": "refrence"}, "did you mean 'reference'?"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(study_document, changes: dict, words: str):
    with pytest.raises(StudyError) as raised:
        make_plan(parse_study(study_document(**changes)))
    assert words in str(raised.value)
    assert all(len(line) < 300 for line in str(raised.value).splitlines())


def test_a_lever_cannot_be_uncertain(study_document):
    uncertain = {"ai.demand_gw": {"low": 40, "high": 90}}
    arms = {"one": {}, "two": {"ai.demand_gw": 50}}
    with pytest.raises(StudyError, match="is an uncertainty too"):
        make_plan(parse_study(study_document(uncertainties=uncertain, arms=arms)))


def test_a_file_that_is_not_there_says_which_studies_there_are(tmp_path: Path):
    with pytest.raises(StudyError, match="did you mean 'smoke'"):
        load_study("smok")
    with pytest.raises(StudyError, match="there is no such file"):
        load_study(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("a = = 1")
    with pytest.raises(StudyError, match="not valid TOML"):
        load_study(tmp_path / "bad.toml")


def test_sobol_varies_the_dozen_that_the_screening_ranks_first_over_the_same_ranges():
    ranking = pd.read_csv(ROOT / "experiments" / "studies" / "screening_ranking.csv").sort_values("rank")
    wide, narrow = (load_study(name).uncertainties for name in ("screening", "sobol"))
    assert set(narrow) == set(ranking["uncertainty"].head(12))
    assert all(narrow[name] == wide[name] for name in narrow)
