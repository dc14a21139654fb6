"""The audit is awake: whatever is falsified by hand, it names."""

import pickle
import re

import numpy as np
import pytest

from agents.tables import LeaseStatus, Status
from gridrush import Industry
from model.audit import AuditError, audit
from model.ledger import LedgerError


@pytest.fixture(scope="module")
def frozen():
    """Return an industry in a month with deals, live leases, debts, queues and firms that have gone."""
    industry = Industry("btc_bear", rng=5)
    while not _eventful(industry.state):
        industry.run_for(1)
    return pickle.dumps(industry)


def _eventful(state):
    dead = state.firms.status >= Status.ACQUIRED
    return bool(state.scratch.get("deals")) and dead.sum() > 3 and (state.leases.prepaid > 0.0).any()


@pytest.fixture
def state(frozen):
    """Return the state of that industry, to be falsified."""
    return pickle.loads(frozen).state


def caught(state, error=AuditError):
    """Return what the audit says; that it says nothing fails."""
    with pytest.raises(error) as found:
        audit(state)
    return str(found.value)


def owned(state):
    """Return the row of an owned site with mining megawatts."""
    return int(np.flatnonzero((state.sites.owner >= 0) & (state.sites.mining_mw > 10.0))[0])


def gone(state):
    """Return the row of a firm that has gone."""
    return int(np.flatnonzero(state.firms.status >= Status.ACQUIRED)[0])


def live(state):
    """Return the row of a lease in force."""
    return int(np.flatnonzero(state.leases.status <= LeaseStatus.DELIVERING)[0])


def test_nothing_is_wrong_with_an_industry_left_alone(state):
    before = pickle.dumps(state.firms.cash)
    audit(state)
    assert pickle.dumps(state.firms.cash) == before


def test_a_failure_says_month_place_and_size(state):
    site = owned(state)
    state.sites.mining_mw[site] += 5.0
    with pytest.raises(
        AuditError, match=rf"^month {state.month}: .*{re.escape(state.site_names[site])}.*5\.0"
    ):
        audit(state)


@pytest.mark.parametrize("amount", [1.0, -1.0, np.nan])
def test_megawatts_by_use_sum_to_the_sites(state, amount):
    state.sites.idle_mw[owned(state)] += amount
    assert "megawatts by use do not add up" in caught(state)


def test_megawatts_are_not_negative(state):
    site = owned(state)
    state.sites.mining_mw[site] += 1e6
    state.sites.pipeline_mw[site] -= 1e6
    assert "negative megawatts" in caught(state)


def test_no_megawatt_is_let_twice(state):
    row = live(state)
    state.leases.add(1, {name: getattr(state.leases, name)[row] for name in state.leases.columns})
    assert "leases and " in caught(state)


@pytest.mark.parametrize("use", ["building_mw", "subleased_mw", "converted_mw"])
def test_what_is_let_is_what_leases_say(state, use):
    site = owned(state)
    getattr(state.sites, use)[site] += 2.0
    state.sites.mining_mw[site] -= 2.0
    assert f"leases and {use} differ" in caught(state)


def test_a_lease_is_with_the_owner_of_its_site(state):
    row = live(state)
    state.leases.landlord[row] = (state.leases.landlord[row] + 1) % 9
    assert "a lease has another landlord than its site's owner" in caught(state)


def test_a_lease_at_a_released_site_is_found(state):
    row = int(np.flatnonzero(state.leases.status <= LeaseStatus.DELIVERING)[0])
    state.leases.landlord[row] = state.sites.owner[state.leases.site[row]] = -1
    assert "a lease has another landlord than its site's owner" in caught(state)


def test_loans_and_prepayments_of_leases_are_those_of_their_landlords(state):
    for column, account in (("project_debt", "project_debt"), ("prepaid", "prepayment")):
        kept = getattr(state.leases, column)[live(state)]
        getattr(state.leases, column)[live(state)] += 1.0
        assert f"leases and {account} differ" in caught(state)
        getattr(state.leases, column)[live(state)] = kept
    audit(state)


@pytest.mark.parametrize("wrong", [1.01, np.nan])
def test_every_bitcoin_mined_is_somebodys(state, wrong):
    state.figures["rest_of_world_btc"] *= wrong
    assert "bitcoin mined and shared out differ" in caught(state)


def test_bitcoin_mined_is_blocks_times_subsidy_and_fees(state):
    state.figures["blocks"] *= 1.01
    assert "bitcoin mined is not blocks times subsidy and fees" in caught(state)


@pytest.mark.parametrize(
    "change",
    [
        lambda deal: {"rent": deal["upper"] + 0.01},
        lambda deal: {"rent": deal["lower"] - 0.01},
        lambda deal: {"rent": deal["bid"] + 0.01, "upper": deal["bid"] + 0.01},
        lambda deal: {"rent": np.nan},
    ],
    ids=["above the core", "below the core", "above the bid", "undefined"],
)
def test_rents_lie_in_the_core_and_below_the_bid(state, change):
    deal = state.scratch["deals"][0]
    deal |= change(deal)
    assert "a rent lies outside the core" in caught(state)


def test_no_seller_gets_less_than_its_reserve(state):
    deal = state.scratch["deals"][0]
    state.scratch["offers"].reserve[deal["row"]] = deal["lower"] + 0.01
    assert "a rent lies below the seller's reserve" in caught(state)


def test_the_dead_hold_no_site(state):
    site = owned(state)
    state.leases.landlord[state.leases.site == site] = gone(state)
    state.sites.owner[site] = gone(state)
    assert f"a dead firm owns a site: {state.site_names[site]}" in caught(state)


@pytest.mark.parametrize("account", ["cash", "machines", "corporate_debt", "capital", "earnings", "btc"])
def test_the_dead_have_and_owe_nothing(state, account):
    getattr(state.firms, account)[gone(state)] = 1.0
    assert f"a dead firm still has: {account}" in caught(state)


@pytest.mark.parametrize("account", ["restricted_cash", "machines", "property", "corporate_debt"])
def test_what_cannot_be_negative_is_not(state, account):
    column = getattr(state.firms, account)
    column[0] = -1.0 - 1e-3 * column.max()
    assert f"negative or undefined {account}" in caught(state)


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("firms", "enterprise_value", np.nan),
        ("firms", "expected_hashprice", np.inf),
        ("sites", "power_cost", np.nan),
        ("leases", "rent_now", -np.inf),
        ("hyperscalers", "need_mw", np.nan),
    ],
)
def test_every_stock_is_a_number(state, table, column, value):
    getattr(getattr(state, table), column)[0] = value
    assert f"undefined: {column}" in caught(state)


def test_hash_is_not_negative(state):
    state.sites.hash[owned(state), 3] = -1.0
    assert "negative hash" in caught(state)


@pytest.mark.parametrize("amount", [1.0, np.nan])
def test_every_balance_sheet_balances(state, amount):
    state.firms.bitcoin[0] += amount
    with pytest.raises((LedgerError, AuditError), match=r"balance sheet of firm 0|undefined: bitcoin"):
        audit(state)


def test_money_does_not_come_from_nowhere(state):
    state.firms.cash[0] += 1.0
    state.firms.capital[0] += 1.0
    assert "cash of firms and sectors" in caught(state, LedgerError)


def test_debt_does_not_vanish_unposted(state):
    state.firms.corporate_debt[0] -= 1.0
    state.firms.capital[0] += 1.0
    assert "corporate_debt" in caught(state, LedgerError)


@pytest.mark.parametrize("amount", [1.0, np.nan])
def test_the_queue_balances(state, amount):
    state.requests.mw[int(state.requests.mw.argmax())] += amount
    assert "the queue does not balance" in caught(state, AssertionError)


def test_what_operators_connect_is_what_buyers_get(state):
    state.hyperscalers.grid_mw[0] += 1.0
    assert "grid connections of buyers and operators differ" in caught(state, AssertionError)


def test_queues_are_not_negative(state):
    state.regions.speculative_mw[0] = -1.0
    assert "a queue is negative" in caught(state, AssertionError)


def test_a_month_with_a_mistake_ends_the_run(frozen):
    industry = pickle.loads(frozen)
    industry.state.sites.secured_mw[owned(industry.state)] += 1.0
    with pytest.raises(AuditError):
        industry.run_for(1)


def test_without_the_audit_nobody_looks(frozen):
    industry = pickle.loads(frozen)
    state = industry.state
    state.scenario = state.scenario.with_values(**{"horizon.audit": False})
    site, before = owned(state), state.month
    state.sites.secured_mw[site] += 1.0
    industry.run_for(1)
    assert state.month == before + 1
    with pytest.raises(AuditError):
        audit(state)
