"""Parameters that contradict each other are refused; odd but possible worlds are not."""

import pytest

from model.errors import ScenarioError
from model.scenario import Scenario
from model.scenario_checks import NOT_ABOVE

CONTRADICTIONS = [
    ({"bitcoin.bear_drift": 0.8}, "bitcoin.bear_drift = 0.8 must be below bitcoin.bull_drift = 0.8"),
    ({"bitcoin.price_process": "path"}, "bitcoin.price_process = 'path' needs bitcoin.price_path"),
    ({"bitcoin.price_path": "x.csv"}, "bitcoin.price_path is only read when bitcoin.price_process is 'path'"),
    ({"leases.it_to_gross": 0.9}, "an AI hall would draw more than its gross megawatts"),
    (
        {"leases.cloud_term": 2},
        "leases.prepaid_cloud = 0.2 is credited back from year 3, but leases.cloud_term = 2",
    ),
    (
        {"leases.colocation_term": 1, "leases.prepaid_colocation": 0.1},
        "leases.prepaid_colocation = 0.1 is credited back from year 3, but leases.colocation_term = 1",
    ),
    ({"choice.mix": {"npv": 0.5, "logit": 0.6}}, "choice.mix: the shares must add up to 1, not to 1.1"),
    ({"choice.mix": {"npv": -0.5, "logit": 1.0}}, "choice.mix.npv: expected a share from 0 to 1, got -0.5"),
    (
        {"choice.network": "watts_strogatz", "choice.network_degree": 5},
        "choice.network = 'watts_strogatz' needs an even choice.network_degree, not 5",
    ),
    ({"horizon.start": "2025-13"}, "horizon.start: expected a month such as 2025-11, got '2025-13'"),
    ({"horizon.start": "11/2025"}, "horizon.start: expected a month such as 2025-11, got '11/2025'"),
    ({"horizon.start": "2021-05"}, "another start needs population.data_folder"),
    ({"finance.loan_to_cost_high_yield": 0.9}, "must not exceed finance.loan_to_cost_investment_grade = 0.8"),
    ({"ai.minimum_block_mw": 500}, "ai.minimum_block_mw = 500 must not exceed leases.block_mw"),
]

LIMIT_CASES = [
    {"ai.demand_gw": 0, "leases.market_enabled": False},
    {"ai.default_investment_grade": 0, "ai.default_high_yield": 0},
    {"ai.bust_month": 26, "horizon.months": 6},
    {"bitcoin.volatility": 0, "bitcoin.price_process": "gbm"},
    {"choice.intensity": 1e9, "choice.review": 1, "choice.option_weight": 0},
    {"choice.mix": {"npv": 1.0}},
    {"choice.mix": {"a": 0.1, "b": 0.2, "c": 0.7}},
    {"leases.cloud_term": 2, "leases.prepaid_cloud": 0},
    {"population.private_firms": 0},
    {"power.connection_scale": 1e6, "power.withdrawal": 0},
    {"horizon.start": "2021-05", "population.data_folder": "tables of 2021"},
]


def name(values: dict) -> str:
    return str(values)


@pytest.mark.parametrize(
    ("values", "line"), CONTRADICTIONS, ids=[name(values) for values, _ in CONTRADICTIONS]
)
def test_contradictions_are_named_in_a_line(values, line):
    with pytest.raises(ScenarioError) as error:
        Scenario().with_values(**values)
    assert line in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("values", LIMIT_CASES, ids=name)
def test_limit_cases_are_scenarios(values):
    assert Scenario().with_values(**values).differences(Scenario())


@pytest.mark.parametrize(("first", "second", "why"), NOT_ABOVE)
def test_the_first_of_a_pair_may_equal_the_second_and_not_exceed_it(first, second, why):
    limit = Scenario().values()[second]
    assert Scenario().with_values(**{first: limit}).values()[first] == limit
    with pytest.raises(ScenarioError, match=why):
        Scenario().with_values(**{first: limit * 1.001})


def test_several_contradictions_are_told_at_once():
    with pytest.raises(ScenarioError) as error:
        Scenario().with_values(**{"bitcoin.bear_drift": 2, "leases.shell_capex": 50})
    assert len(str(error.value).splitlines()) == 2
