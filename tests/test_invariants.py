"""Whatever happens in the world, this holds in every month; it is counted afresh, not by the audit."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.tables import USES, Kind, LeaseStatus, Outcome, Product, Status, Tenure
from gridrush import Industry
from model.ledger import ACCOUNTS, ASSETS, EQUITY, LIABILITIES

SECONDS_PER_MONTH = 730.5 * 3600.0
EPOCH = 2016
STOCKS = ("restricted_cash", "bitcoin", "machines", "property", *LIABILITIES, "btc", "overhead")
"""What a firm cannot have less than none of. Cash may be short for the part of a month until defaults."""


class Observer:
    """Steps an industry month by month, and compares each month with the one before."""

    def __init__(self, industry):
        self.industry, self.state = industry, industry.state
        self.holdings = [name.removeprefix("_each_") for name in dir(self) if name.startswith("_each_")]
        assert len(self.holdings) == 13

    def watch(self, months):
        """Run some months; return how often an invariant was looked at and held."""
        held = 0
        for _ in range(months):
            before = self._remember()
            self.industry.run_for(1)
            for name in self.holdings:
                getattr(self, f"_each_{name}")(before)
                held += 1
        return held

    def _remember(self):
        state = self.state
        network, firms = state.network, state.firms
        return {
            "subsidy": network.subsidy,
            "height": network.height,
            "progress": network.progress,
            "difficulty": network.difficulty,
            "epoch_seconds": network.epoch_seconds,
            "queue": state.regions.queue_mw.copy(),
            "corporate_debt": float(firms.corporate_debt.sum()),
            "project_debt": float(firms.project_debt.sum()),
            "money": _all_money(state),
            "status": firms.status.copy(),
            "leases": len(state.leases),
        }

    def _each_megawatts_by_use_sum_to_the_site(self, _):
        sites = self.state.sites
        uses = np.vstack([getattr(sites, use) for use in USES])
        np.testing.assert_allclose(uses.sum(axis=0), sites.secured_mw, rtol=1e-9, atol=1e-6)
        assert uses.min() >= 0.0
        np.testing.assert_allclose(
            sites.energised_mw + sites.pipeline_start_mw, sites.secured_mw, rtol=1e-9, atol=1e-6
        )

    def _each_no_megawatt_is_let_twice(self, _):
        leases, sites = self.state.leases, self.state.sites
        live = leases.status <= LeaseStatus.DELIVERING
        let = np.bincount(leases.site[live], leases.gross_mw[live], minlength=len(sites))
        used = sites.building_mw + sites.subleased_mw + sites.converted_mw
        np.testing.assert_allclose(let, used, rtol=1e-9, atol=1e-5)
        assert (let <= sites.secured_mw + 1e-5).all()
        assert (leases.landlord[live] == sites.owner[leases.site[live]]).all()
        running = live & (leases.status == LeaseStatus.DELIVERING)
        now = np.bincount(leases.site[running], leases.gross_mw[running], minlength=len(sites))
        assert (now <= sites.energised_mw + 1e-5).all()

    def _each_tenants_are_only_where_the_us_grid_is_and_the_landlord_holds_the_place(self, before):
        leases, sites = self.state.leases, self.state.sites
        new = leases.site[before["leases"] :]
        assert sites.us[new].all()
        assert (sites.tenure[new] != Tenure.HOSTED).all()

    def _each_machines_fit_into_the_megawatts_that_are_not_let(self, _):
        state = self.state
        load = state.sites.hash @ state.generations * state.scenario.power.pue_mining
        room = state.sites.mining_mw + state.sites.idle_mw
        # At a mine that is not energised yet they are in store.
        room = np.where(state.sites.energised_mw > 0.0, room, room + state.sites.pipeline_mw)
        assert (load <= room * (1.0 + 1e-9) + 1e-6).all()

    def _each_bitcoin_mined_is_blocks_times_subsidy_and_fees_and_somebodys(self, before):
        figures, state = self.state.figures, self.state
        mined, blocks = figures["btc_mined"], figures["blocks"]
        shared = state.scratch["mined_btc"].sum() + figures["rest_of_world_btc"]
        assert shared == pytest.approx(mined, rel=1e-9) or figures["network_hashrate_eh_s"] == 0.0
        if state.network.subsidy == before["subsidy"]:
            assert mined - figures["fees_btc"] == pytest.approx(blocks * before["subsidy"], rel=1e-9)
        else:
            assert blocks * state.network.subsidy < mined - figures["fees_btc"] < blocks * before["subsidy"]

    def _each_difficulty_follows_from_hash_and_time(self, before):
        """Mine the month once more, epoch by epoch, by the protocol's own arithmetic."""
        network, hashes = self.state.network, self.state.figures["network_hashrate_eh_s"] * 1e18
        position = before["height"] % EPOCH + before["progress"]
        found, left, elapsed, difficulty = (
            0.0,
            SECONDS_PER_MONTH,
            before["epoch_seconds"],
            before["difficulty"],
        )
        while hashes > 0.0:
            seconds_per_block = difficulty * 2.0**32 / hashes
            rest = (EPOCH - position) * seconds_per_block
            if rest > left:
                found += left / seconds_per_block
                break
            found, left, elapsed, position = found + EPOCH - position, left - rest, elapsed + rest, 0.0
            difficulty *= EPOCH * 600.0 / np.clip(elapsed, EPOCH * 150.0, EPOCH * 2400.0)
            elapsed = 0.0
        assert self.state.figures["blocks"] == pytest.approx(found, rel=1e-9, abs=1e-9)
        assert network.difficulty == pytest.approx(difficulty, rel=1e-9)

    def _each_books_balance_and_no_money_comes_or_goes(self, before):
        firms = self.state.firms
        left = sum(getattr(firms, name) for name in ASSETS)
        right = sum(getattr(firms, name) for name in (*LIABILITIES, *EQUITY))
        gross = sum(np.abs(getattr(firms, name)) for name in ACCOUNTS)
        assert (np.abs(left - right) <= 1e-9 * gross).all()
        scale = gross.sum() + sum(abs(cash) for cash in self.state.ledger.sector_cash.values())
        assert abs(_all_money(self.state) - before["money"]) <= 1e-9 * scale

    def _each_debt_opens_draws_repays_is_cut_and_closes(self, before):
        firms, leases = self.state.firms, self.state.leases
        for name in ("corporate_debt", "project_debt"):
            roll, owed = self.state.ledger.debt[name], getattr(firms, name)
            scale = 1e-9 * (1.0 + owed.sum() + before[name])
            assert abs(roll.opens - before[name]) <= scale
            assert abs(roll.opens + roll.draws - roll.repays - roll.haircuts - owed.sum()) <= scale
            assert min(roll.draws, roll.repays, roll.haircuts) >= -scale
        for account, owed in (("project_debt", leases.project_debt), ("prepayment", leases.prepaid)):
            booked = getattr(firms, account)
            due = np.bincount(leases.landlord, owed, minlength=len(firms))
            np.testing.assert_allclose(due, booked, rtol=1e-9, atol=1e-9 * (1.0 + booked.sum()))

    def _each_treasury_is_carried_at_the_price_of_the_month(self, _):
        firms = self.state.firms
        worth = firms.btc * self.state.btc_price * 1e-6
        np.testing.assert_allclose(firms.bitcoin, worth, rtol=1e-9, atol=1e-9 * (1.0 + worth.sum()))

    def _each_queue_opens_grows_shrinks_and_closes(self, before):
        regions, requests = self.state.regions, self.state.requests
        waiting = np.bincount(requests.region, requests.mw, minlength=len(regions))
        np.testing.assert_allclose(waiting, regions.queue_mw, rtol=1e-9, atol=1e-6)
        moved = regions.arrived_mw - regions.withdrawn_mw - regions.connected_now_mw
        np.testing.assert_allclose(before["queue"] + moved, waiting, rtol=1e-9, atol=1e-5)
        assert min(waiting.min(), regions.arrived_mw.min(), regions.connected_now_mw.min()) >= 0.0
        assert (regions.withdrawn_mw >= -1e-9).all()
        connected, delivered = regions.connected_mw.sum(), self.state.hyperscalers.grid_mw.sum()
        assert connected == pytest.approx(delivered, rel=1e-9, abs=1e-6)

    def _each_rent_lies_in_the_core_between_reserve_and_bid(self, before):
        state, leases = self.state, self.state.leases
        offers, deals = state.scratch["offers"], state.scratch["deals"]
        for deal in deals:
            slack = 1e-9 * max(1.0, deal["bid"])
            assert offers.reserve[deal["row"]] - slack <= deal["lower"] <= deal["rent"] + slack
            assert deal["rent"] <= deal["upper"] + slack
            assert deal["upper"] <= deal["bid"] + slack
            assert offers.outcome[deal["row"]] == Outcome.SIGNED
        new = slice(before["leases"], None)
        np.testing.assert_array_equal(leases.rent[new], [deal["rent"] for deal in deals])
        assert (leases.product[new] > Product.MINE).all()

    def _each_dead_firm_owns_nothing_and_stays_dead(self, before):
        firms, sites, leases = self.state.firms, self.state.sites, self.state.leases
        dead = firms.status >= Status.ACQUIRED
        assert not dead[sites.owner[sites.owner >= 0]].any()
        assert not dead[leases.landlord[leases.status <= LeaseStatus.DELIVERING]].any()
        for account in (*ACCOUNTS, "btc", "overhead", "enterprise_value", "equity_value"):
            assert (getattr(firms, account)[dead] == 0.0).all(), account
        assert (firms.exit_month[dead] <= self.state.month).all()
        was_dead = np.flatnonzero(before["status"] >= Status.ACQUIRED)
        np.testing.assert_array_equal(firms.status[was_dead], before["status"][was_dead])

    def _each_stock_is_finite_and_not_negative(self, _):
        state = self.state
        for table in (state.firms, state.sites, state.leases, state.hyperscalers, state.requests):
            for name, column in table.columns.items():
                values = getattr(table, name)
                assert np.isfinite(values).all(), name
                if column.unit in ("MW", "MW of IT", "EH/s"):
                    assert values.min(initial=0.0) >= 0.0, name
        for name in STOCKS:
            values = getattr(state.firms, name)
            assert values.min() >= -1e-9 * (1.0 + values.max()), name
        assert min(state.machine_price.min(), state.btc_price, state.hashprice) >= 0.0
        miners = state.firms.kind <= Kind.PRIVATE
        if state.scenario.finance.enabled:
            # Who could not pay is reorganised or wound up before the month is out.
            assert (state.firms.cash[miners] >= -1e-6).all()


def _all_money(state):
    """Return the cash of all firms and of everybody they deal with."""
    firms = state.firms
    return float((firms.cash + firms.restricted_cash).sum()) + sum(state.ledger.sector_cash.values())


WORLDS = {
    "bitcoin.price_process": st.sampled_from(["constant", "gbm", "regime", "bootstrap", "jump"]),
    "bitcoin.price_start": st.floats(5e3, 1e6),
    "bitcoin.volatility": st.floats(0.0, 1.5),
    "bitcoin.jump_month": st.integers(0, 12),
    "bitcoin.jump_factor": st.floats(0.05, 5.0),
    "bitcoin.fee_share": st.floats(0.0, 0.5),
    "bitcoin.fee_memory": st.booleans(),
    "bitcoin.order_lead_months": st.integers(0, 12),
    "bitcoin.expectation": st.sampled_from(["naive", "adaptive", "trend"]),
    "bitcoin.machine_price_mode": st.sampled_from(["market", "fixed"]),
    "row.enabled": st.booleans(),
    "power.queue_mode": st.sampled_from(["batch", "fcfs", "entry_fee", "auction"]),
    "power.batch_months": st.integers(1, 12),
    "power.connection_scale": st.floats(0.0, 100.0),
    "power.energy_scale": st.floats(0.2, 4.0),
    "power.energy_month_volatility": st.floats(0.0, 0.5),
    "power.ai_priority": st.floats(0.0, 1.0),
    "power.onsite_enabled": st.booleans(),
    "ai.demand_gw": st.floats(0.0, 300.0),
    "ai.bust_month": st.none() | st.integers(0, 12),
    "ai.bust_share": st.floats(0.0, 1.0),
    "ai.default_high_yield": st.floats(0.002, 2.0),
    "ai.minimum_block_mw": st.floats(1.0, 60.0),
    "ai.deals_per_month": st.integers(0, 1),
    "leases.theta": st.floats(0.0, 1.0),
    "leases.market_enabled": st.booleans(),
    "leases.block_mw": st.floats(60.0, 800.0),
    "leases.slip_probability": st.floats(0.0, 0.32),
    "leases.prepaid_colocation": st.floats(0.0, 0.3),
    "leases.backstop_share": st.floats(0.0, 1.0),
    "leases.shell_lead": st.integers(0, 12),
    "leases.construction_capacity_gw": st.floats(0.0, 30.0),
    "finance.enabled": st.booleans(),
    "finance.debt_enabled": st.booleans(),
    "finance.sector_debt_cap_busd": st.floats(0.0, 100.0),
    "finance.private_cash_months": st.floats(0.0, 12.0),
    "finance.production_kept": st.floats(0.0, 1.0),
    "finance.payout": st.floats(0.0, 6.0),
    "finance.chapter11_haircut": st.floats(0.0, 1.0),
    "choice.strategy": st.sampled_from(["npv", "real_option", "logit", "imitator", "mine_only"]),
    "choice.review": st.floats(0.02, 1.0),
    "choice.intensity": st.floats(0.0, 100.0),
    "choice.imitation": st.sampled_from([0.0, 2.0]),
    "choice.network": st.sampled_from(["region", "lender", "complete", "watts_strogatz", "barabasi_albert"]),
    "choice.option_weight": st.floats(0.0, 2.0),
    "choice.eligibility_scale": st.floats(0.0, 1.5),
    "consolidation.mergers_enabled": st.booleans(),
    "consolidation.bid_probability": st.floats(0.0, 0.3),
    "consolidation.entry_enabled": st.booleans(),
    "consolidation.entry_rate": st.floats(0.0, 10.0),
    "population.private_firms": st.integers(0, 200),
}
"""Ranges far beyond what anybody believes in."""

scenarios = st.lists(st.sampled_from(sorted(WORLDS)), max_size=12, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: WORLDS[key] for key in keys})
)


@pytest.mark.parametrize("scenario", ["reference", "btc_bear", "ai_bust"])
def test_invariants_hold_in_every_month_of_a_run(scenario):
    observer = Observer(Industry(scenario, rng=5))
    assert observer.watch(86) == 86 * len(observer.holdings) > 0


@settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(values=scenarios, seed=st.integers(0, 2**40))
def test_invariants_hold_in_whatever_world(values, seed):
    observer = Observer(Industry("reference", rng=seed, **values))
    assert observer.watch(13) == 13 * len(observer.holdings) > 0


@pytest.mark.slow
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=scenarios, seed=st.integers(0, 2**40))
def test_invariants_hold_for_years_in_whatever_world(values, seed):
    observer = Observer(Industry("reference", rng=seed, **values))
    assert observer.watch(40) == 40 * len(observer.holdings) > 0


def test_a_run_meets_what_the_invariants_are_about():
    """Leases, defaults, mergers, entries, a halving: nothing above holds for want of events."""
    happened = set()
    for scenario in ("btc_bear", "btc_bull"):
        industry = Industry(scenario, rng=5)
        industry.run_for(86)
        happened |= set(industry.events.kind)
    assert {"decision", "delivered", "energised", "merger", "entry", "liquidation", "chapter11"} <= happened
    assert industry.series.subsidy_btc.nunique() > 1
    assert industry.state.regions.connected_mw.sum() > 1000.0
