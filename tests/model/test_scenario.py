"""A scenario is checked, frozen, comparable, and known by its numbers alone."""

import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import GridrushError, ScenarioError
from model.parameter_table import GROUPS, parameters
from model.scenario import Scenario
from model.scenario_files import load_scenario, scenario_names


def test_the_default_scenario_is_the_reference():
    assert Scenario() == load_scenario("reference")
    assert Scenario().description == load_scenario("reference").description


def test_groups_of_the_table_are_the_fields_of_a_scenario():
    fields = {name: info.annotation for name, info in Scenario.model_fields.items()}
    assert fields == {"name": str, "description": str, **GROUPS}


def test_values_replaced_make_another_scenario():
    before = Scenario()
    after = before.with_values(**{"ai.demand_gw": 80, "choice.strategy": "npv"})
    assert (after.ai.demand_gw, after.choice.strategy) == (80.0, "npv")
    assert before == Scenario()
    assert after.differences(before) == {"ai.demand_gw": (80.0, 65.0), "choice.strategy": ("npv", "logit")}


def test_nothing_replaced_is_the_same_scenario():
    assert Scenario().with_values() == Scenario()
    assert Scenario().differences(Scenario()) == {}


def test_a_scenario_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        Scenario().ai.demand_gw = 80


def test_a_scenario_is_a_key_and_survives_pickling():
    scenario = load_scenario("policy_tilt")
    twin = pickle.loads(pickle.dumps(scenario))
    assert {scenario: 1}[twin] == 1
    assert twin.parameter_hash() == scenario.parameter_hash()


def test_numbers_of_numpy_are_numbers():
    scenario = Scenario().with_values(**{"ai.demand_gw": np.float64(80), "horizon.months": np.int64(12)})
    assert scenario == Scenario().with_values(**{"ai.demand_gw": 80, "horizon.months": 12})
    assert type(scenario.ai.demand_gw) is float
    assert type(scenario.horizon.months) is int


def test_the_hash_is_of_the_numbers_and_not_of_the_name():
    assert Scenario(name="mine").parameter_hash() == Scenario().parameter_hash()
    assert Scenario(ai={"demand_gw": 64.9}).parameter_hash() != Scenario().parameter_hash()
    assert len({load_scenario(name).parameter_hash() for name in scenario_names()}) == len(scenario_names())


def test_the_hash_is_the_same_in_another_process():
    code = "from model.scenario import Scenario; print(Scenario().parameter_hash())"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == Scenario().parameter_hash()


def test_the_hash_counts_what_a_price_path_says_and_not_where_it_lies(tmp_path):
    hashes = []
    for name, price in (("a.csv", 50000), ("b.csv", 50000), ("c.csv", 60000)):
        (tmp_path / name).write_text(f"month,btc_price_usd\n2025-11,{price}\n")
        values = {"bitcoin.price_process": "path", "bitcoin.price_path": tmp_path / name, "horizon.months": 1}
        hashes.append(load_scenario("reference", **values).parameter_hash())
    assert hashes[0] == hashes[1] != hashes[2]


def test_the_order_of_a_mix_does_not_matter():
    one = Scenario(choice={"mix": {"npv": 0.25, "logit": 0.75}})
    other = Scenario(choice={"mix": {"logit": 0.75, "npv": 0.25}})
    assert one.parameter_hash() == other.parameter_hash()
    assert list(one.choice.mix) == list(other.choice.mix)


NONSENSE = [
    ({"ai.demnd_gw": 80}, "unknown key 'ai.demnd_gw'; did you mean 'ai.demand_gw'?"),
    ({"demand_gw": 80}, "unknown key 'demand_gw'; did you mean 'ai.demand_gw'?"),
    ({"ai.price_start": 1}, "unknown key 'ai.price_start'; did you mean 'bitcoin.price_start'?"),
    ({"bitcon.halving": False}, "unknown key 'bitcon.halving'; did you mean 'bitcoin.halving'?"),
    ({"ai.demand_gw.x": 1}, "unknown key 'ai.demand_gw.x'; did you mean 'ai.demand_gw'?"),
    ({"qqqqqq": 1}, "unknown key 'qqqqqq'; see `gridrush parameters`"),
    ({"ai": 5}, "ai: expected a table of parameters, got 5"),
    ({"ai.demand_gw": "80"}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got the text '80'"),
    ({"ai.demand_gw": True}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got true"),
    ({"ai.demand_gw": -1}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got -1"),
    ({"ai.demand_gw": 1001.5}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got 1001.5"),
    ({"ai.demand_gw": float("nan")}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got nan"),
    ({"ai.demand_gw": float("inf")}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got inf"),
    ({"ai.demand_gw": None}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got nothing"),
    ({"ai.demand_gw": [80]}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got a list"),
    ({"ai.demand_gw": {}}, "ai.demand_gw: expected a number from 0 to 1000 (GW), got a table"),
    ({"ai.bust_month": 26.0}, 'expected a whole number from 0 to 1200 (month), or "none", got 26.0'),
    ({"horizon.months": 0}, "horizon.months: expected a whole number from 1 to 1200 (months), got 0"),
    ({"horizon.months": -3}, "horizon.months: expected a whole number from 1 to 1200 (months), got -3"),
    ({"bitcoin.halving": "no"}, "bitcoin.halving: expected true or false, got the text 'no'"),
    ({"bitcoin.halving": 1}, "bitcoin.halving: expected true or false, got 1"),
    ({"bitcoin.price_process": "gmb"}, "got 'gmb'; did you mean 'gbm'?"),
    ({"choice.strategy": 3}, "choice.strategy: expected text, got 3"),
    ({"choice.mix": [0.5]}, "choice.mix: expected a table of shares, got a list"),
    ({"choice.mix": {"npv": True}}, "choice.mix.npv: expected a share from 0 to 1, got true"),
    ({"name": 3}, "name: expected text, got 3"),
    ({"description": "one\ntwo"}, "description: expected a single line"),
    ({"extends": "no_ai"}, "extends belongs into a scenario file, before the first table"),
]


@pytest.mark.parametrize(("values", "line"), NONSENSE, ids=[str(values) for values, _ in NONSENSE])
def test_nonsense_is_one_clear_line(values, line):
    with pytest.raises(ScenarioError) as error:
        Scenario().with_values(**values)
    assert line in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_nested_tables_are_checked_like_dotted_names():
    with pytest.raises(ScenarioError) as error:
        Scenario(ai={"demnd_gw": 3}, bitcon={}, horizon={"months": 0}, power=3)
    assert set(str(error.value).splitlines()) == {
        "unknown key 'ai.demnd_gw'; did you mean 'ai.demand_gw'?",
        "unknown key 'bitcon'; did you mean 'bitcoin'?",
        "horizon.months: expected a whole number from 1 to 1200 (months), got 0",
        "power: expected a table of parameters, got 3",
    }


def test_an_error_survives_the_way_back_from_a_worker():
    with pytest.raises(ScenarioError) as error:
        Scenario(horizon={"months": 0})
    twin = pickle.loads(pickle.dumps(error.value))
    assert isinstance(twin, GridrushError)
    assert str(twin) == str(error.value)


@given(
    st.dictionaries(
        st.one_of(st.sampled_from([*parameters(), *GROUPS, "name", "extends"]), st.text(max_size=20)),
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(),
            st.floats(),
            st.text(max_size=9),
            st.lists(st.none(), max_size=1),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_whatever_is_asked_for_is_a_sound_scenario_or_a_clear_error(values):
    try:
        scenario = Scenario().with_values(**values)
    except ScenarioError as error:
        message = str(error)
    else:
        message = "sound"
        assert scenario == Scenario(**scenario.model_dump())
    assert message.strip()


def test_help_needs_no_tables():
    code = "import model.scenario_files, sys; print(sorted({'numpy', 'pandas', 'mesa'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_a_scenario_is_made_in_a_millisecond():
    Scenario()
    before = time.perf_counter()
    for _ in range(100):
        Scenario().with_values(**{"ai.demand_gw": 80})
    assert time.perf_counter() - before < 0.5
