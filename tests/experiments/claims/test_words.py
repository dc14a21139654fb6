"""Defences are put together from numbers: they say what came out, whichever way it fell."""

import numpy as np
import pandas as pd
import pytest

from experiments.claims.evidence import Evidence
from experiments.claims.report import latex, markdown_table, paper_table
from experiments.claims.rules import CONTRADICTED, OPEN, SUPPORTED, VERDICTS, rules
from experiments.claims.statistics import STATISTICS
from experiments.claims.verdicts import Finding, Found, deciding, estimate, finding_of, thirds
from experiments.claims.words import defence, figure, flipped

DRAWS = 60
CLAIM = next(claim for claim in rules().claims if claim.key == "C5")


def finding(value, turned=0.0):
    """Return what the claim on shells comes to when they are worth so much, more where theta is high."""
    draw = np.random.default_rng(0)
    inputs = pd.DataFrame({"leases.theta": np.linspace(0, 1, DRAWS), "choice.review": draw.random(DRAWS)})
    worth = value + draw.normal(0, 0.1, DRAWS) + turned * (inputs["leases.theta"] > 0.5)
    runs = pd.DataFrame({"arm": "reference", "draw": range(DRAWS), "shell_value": worth})

    spread = Evidence(runs, runs, runs, inputs, 86)
    return finding_of(CLAIM, spread, spread)


@pytest.mark.parametrize(("value", "verdict"), [(6.0, SUPPORTED), (3.0, CONTRADICTED), (5.19, OPEN)])
def test_a_defence_is_two_sentences_with_the_numbers_of_its_verdict(value, verdict):
    found = finding(value)
    assert found.verdict == verdict
    text = defence(found)
    assert f"{estimate(STATISTICS['shell_value'], found.tests[0].rows).value:.2f} USD/W" in text
    assert text.count(". ") == 1
    assert text.endswith(".")
    assert "{" not in text
    other = {SUPPORTED: "outside", CONTRADICTED: "inside", OPEN: "inside"}[verdict]
    assert other not in text.partition(". ")[0]


def test_a_verdict_that_does_not_turn_is_said_not_to():
    found = finding(3.0)
    assert flipped(found).empty
    assert "The verdict is the same" in defence(found)


def test_a_verdict_that_turns_says_where_and_to_what():
    found = finding(3.0, turned=3.0)
    assert found.parameters[0] == "leases.theta"
    turned = flipped(found).query("parameter == 'leases.theta'")
    assert turned["end"].tolist() == ["high"]
    assert turned["verdict"].tolist() == [SUPPORTED]
    assert "the verdict turns within the plausible" in defence(found)
    assert "`leases.theta` above 0.67" in defence(found)


def test_every_test_has_words_for_every_verdict_with_a_place_for_its_number():
    for claim in rules().claims:
        assert claim.experiment.endswith(".")
        assert not claim.caveat.endswith(".")
        for test in claim.tests:
            assert set(test.words) == set(VERDICTS)
            assert all("{value}" in words and not words.endswith(".") for words in test.words.values())


def test_words_hold_no_result():
    """Apart from figures of the claims themselves and of the experiments, numbers come in as {value}."""
    known = {"5.19", "7.81", "2028"}
    for claim in rules().claims:
        for test in claim.tests:
            for words in test.words.values():
                assert not {part.strip(",;") for part in words.split() if part[0].isdigit()} - known


def test_the_test_nearest_to_its_threshold_decides():
    close, far = finding(5.0).tests[0], finding(2.0).tests[0]
    assert deciding((far, close), CONTRADICTED) is close


@pytest.mark.parametrize(
    ("value", "text"), [(-0.001, "0.00"), (-3.456, "-3.46"), (1234.5, "1,234"), (float("nan"), "no number")]
)
def test_numbers_are_short_and_nothing_has_no_sign(value, text):
    assert figure(value) == text


def test_tables_for_a_paper_hold_a_row_a_test_and_no_raw_signs():
    table = paper_table([finding(3.0)])
    assert table["verdict"].tolist() == [CONTRADICTED]
    text = latex(table.assign(unit="%"))
    assert r" & \% & " in text
    assert "_" not in text.replace(r"\_", "")
    assert text.count(r"\\") == 2
    assert len(markdown_table(table).splitlines()) == 3


def test_a_finding_without_enough_draws_says_so():
    nothing = Evidence(*[pd.DataFrame({"arm": [], "draw": [], "shell_value": []})] * 3, pd.DataFrame(), 86)

    found = finding_of(CLAIM, nothing, nothing)
    assert found.verdict == OPEN
    assert "for want of draws" in defence(found)
    assert isinstance(found, Finding)
    assert isinstance(found.tests[0], Found)
    assert thirds(STATISTICS["shell_value"], found.tests[0].rows, pd.DataFrame()).empty


def test_few_draws_are_called_few_and_not_an_interval_on_both_sides():
    draws = pd.DataFrame({"arm": "reference", "draw": range(3), "shell_value": [3.0, 3.1, 2.9]})
    few = Evidence(draws, draws, draws, pd.DataFrame({"leases.theta": [0.0, 0.5, 1.0]}), 86)
    text = defence(finding_of(CLAIM, few, few))
    assert text.startswith("3 draws are too few to judge by")
    assert "crosses" not in text
    assert "for want of draws" in text
