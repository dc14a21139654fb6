import mesa
import numpy as np
import pytest

from agents.columns import Table
from agents.grid_operator import GridOperator
from agents.hyperscaler import Hyperscaler
from agents.miner import Miner
from agents.tables import FIRM, HYPERSCALER, REGION, Kind, Status, site_columns


@pytest.fixture
def model():
    return mesa.Model(rng=1)


@pytest.fixture
def firms():
    table = Table(FIRM)
    table.add(3, {"cash": [10.0, 20.0, 30.0], "kind": [Kind.LISTED, Kind.PRIVATE, Kind.AI_CUSTOMER]})
    return table


@pytest.fixture
def sites():
    table = Table(site_columns(2))
    table.add(4, {"owner": [0, 0, 1, -1], "mining_mw": [10.0, 20.0, 40.0, 80.0], "idle_mw": 1.0})
    table.hash = np.array([[1.0, 2.0], [3.0, 0.0], [5.0, 5.0], [100.0, 0.0]])
    return table


@pytest.fixture
def miners(model, firms, sites):
    return [Miner(model, firms, sites, row, name) for row, name in enumerate(("A", "B", "C"))]


def test_an_agent_reads_its_own_row(miners):
    assert [miner.cash for miner in miners] == [10.0, 20.0, 30.0]
    assert [miner.name for miner in miners] == ["A", "B", "C"]


def test_an_agent_writes_its_own_row_and_no_other(miners, firms):
    miners[1].cash = 99.0
    assert firms.cash.tolist() == [10.0, 99.0, 30.0]


def test_an_agent_sees_what_happens_to_the_table_even_as_it_grows(miners, firms):
    firms.add(500, {"cash": 1.0})
    firms.cash[2] = 7.0
    assert miners[2].cash == 7.0


def test_agents_read_plain_python_values(miners):
    assert type(miners[0].cash) is float
    assert type(miners[0].kind) is int
    assert type(miners[0].listed) is bool


def test_a_snapshot_is_the_whole_row(miners):
    snapshot = miners[1].snapshot()
    assert set(snapshot) == {column.name for column in FIRM}
    assert snapshot["cash"] == 20.0
    assert snapshot["kind"] == Kind.PRIVATE


def test_agent_sets_add_up_columns(model, miners):
    assert model.agents_by_type[Miner].agg("cash", sum) == 60.0
    assert len(model.agents) == len(miners)


@pytest.mark.parametrize("status", list(Status))
def test_a_miner_is_alive_until_it_is_acquired_liquidated_or_closed(miners, firms, status):
    firms.status[0] = status
    assert miners[0].alive == (status not in (Status.ACQUIRED, Status.LIQUIDATED, Status.CLOSED))
    assert miners[0].status_name == status.name.lower()
    assert miners[1].alive


def test_a_miner_says_what_sort_of_firm_it_is(miners):
    assert [miner.kind_name for miner in miners] == ["listed", "private", "ai_customer"]


def test_a_miners_megawatts_are_those_of_the_sites_it_holds(miners):
    assert [miner.megawatts("mining_mw") for miner in miners] == [30.0, 40.0, 0.0]
    assert miners[0].megawatts("idle_mw") == 2.0


def test_megawatts_follow_a_site_that_is_sold(miners, sites):
    sites.owner[1] = 2
    assert [miner.megawatts("mining_mw") for miner in miners] == [10.0, 40.0, 20.0]


def test_a_use_that_does_not_exist_is_an_error(miners):
    with pytest.raises(AttributeError, match="no column 'minning_mw'"):
        miners[0].megawatts("minning_mw")


def test_a_miners_hash_is_that_of_all_its_machines(miners):
    assert [miner.hashrate for miner in miners] == [6.0, 10.0, 0.0]


def test_what_a_buyer_has_is_the_sum_of_its_three_sources(model):
    table = Table(HYPERSCALER)
    table.add(2, {"grid_mw": [1.0, 8.0], "onsite_mw": [2.0, 0.0], "leased_mw": [4.0, 0.0]})
    buyers = [Hyperscaler(model, table, row, "buyer") for row in range(2)]
    assert [buyer.delivered_mw for buyer in buyers] == [7.0, 8.0]
    buyers[0].leased_mw = 0.0
    assert buyers[0].delivered_mw == 3.0


@pytest.mark.parametrize(("promised", "shortage"), [(90.0, 0.0), (100.0, 0.0), (130.0, 30.0)])
def test_a_region_is_short_by_what_it_has_promised_beyond_its_capacity(model, promised, shortage):
    table = Table(REGION)
    table.add(1, {"accredited_mw": 100.0, "promised_mw": promised})
    assert GridOperator(model, table, 0, "ERCOT").shortage_mw == shortage


@pytest.mark.parametrize(
    ("agent", "columns"), [(Miner, FIRM), (Hyperscaler, HYPERSCALER), (GridOperator, REGION)]
)
def test_every_declared_column_is_an_attribute_of_the_agent(agent, columns):
    assert all(hasattr(agent, column.name) for column in columns)
