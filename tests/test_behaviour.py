"""What the whole world does when something about it is changed: limits, symmetries and directions.

Relations that hold for every path are asked of every month of a few runs; those that hold in expectation are
asked of means over seeds, with common random numbers.
"""

import csv
import random
import re
import shutil
from functools import cache

import numpy as np
import pandas as pd
import pytest

from agents.tables import USES, Outcome, Product
from gridrush import Industry, Scenario, hashprice, load_scenario, run
from model import baseline_machines
from model.baseline_tables import SHIPPED
from model.ledger import ACCOUNTS, Ledger
from model.parameter_table import parameters
from model.streams import slot_of

SEEDS = (0, 1, 2, 3)
PHYSICAL = (*USES, "network_hashrate_eh_s", "difficulty", "gap_gw", "queue_gw", "signed_mw", "exits_total")
ALMOST = 1e-9
"""Relative slack of relations that hold but for the last digits."""


def lived(scenario="reference", seed=1, months=30, **values):
    industry = Industry(scenario, rng=seed, **values)
    industry.run_for(months)
    return industry


@cache
def _series(seed, months, changed):
    quick = {"horizon.months": months, "horizon.audit": False}
    return run(load_scenario("reference", **dict(changed), **quick), seed, keep="series").series


def mean(column, months=36, of="last", **values):
    """Return a column's mean over seeds, in the last month or summed over all."""
    runs = [_series(seed, months, tuple(sorted(values.items())))[column] for seed in SEEDS]
    return float(np.mean([run.sum() if of == "sum" else run.iloc[-1] for run in runs]))


def assert_same(one, other, columns=None, slack=0.0):
    columns = list(columns or one.series.columns)
    pd.testing.assert_frame_equal(
        one.series[columns], other.series[columns], check_exact=not slack, rtol=slack, atol=slack
    )


def decisions(industry):
    """Return the blocks that were reviewed and had a choice."""
    events = industry.events[industry.events.kind == "decision"]
    return events[events.outcome != Outcome.NOT_ELIGIBLE.name.lower()]


class TestWhoDoesNotConvert:
    """Nothing is signed where somebody is missing: the will, the market, the demand, the place."""

    @pytest.mark.parametrize(
        "values",
        [
            {"choice.strategy": "mine_only"},
            {"leases.market_enabled": False},
            {"ai.demand_gw": 0.0},
            {"ai.deals_per_month": 0},
            {"choice.review": 0.0},
            {"choice.eligibility_scale": 0.0, "choice.upgrade_rate": 0.0, "ai.minimum_block_mw": 250.0},
            {"leases.construction_capacity_gw": 0.0},
            {"ai.margin_scale": 0.0},
        ],
        ids=lambda values: " ".join(values),
    )
    @pytest.mark.parametrize("seed", [0, 1])
    def test_nothing_new_is_signed(self, values, seed):
        industry = lived(seed=seed, **values)
        if "choice.eligibility_scale" in values:
            # Sites with contracts at the start are fit whatever the draw.
            let = industry.state.leases.site[industry.state.leases.at_start]
            assert set(industry.state.leases.site) == set(let)
            return
        assert (industry.series.signed_mw == 0.0).all()
        assert industry.state.leases.at_start.all()
        assert not (industry.events.outcome == "signed").any()

    @pytest.mark.parametrize("seed", [0, 3])
    @pytest.mark.parametrize("other", [{"leases.market_enabled": False}, {"choice.strategy": "mine_only"}])
    def test_a_world_without_ai_demand_is_a_world_that_only_mines(self, other, seed):
        """To the last bit: whoever might have signed draws, mines, fails and merges as if it never could."""
        idle, mining = lived("no_ai", seed), lived("no_ai", seed, **other)
        assert_same(idle, mining, [name for name in idle.series if name != "eligible_mw"])
        pd.testing.assert_frame_equal(
            idle.firms.drop(columns="strategy"), mining.firms.drop(columns="strategy")
        )
        pd.testing.assert_frame_equal(idle.sites, mining.sites, check_exact=True)
        assert (idle.series[["ai_mw", "demand_gw", "gap_gw", "delivered_grid_gw"]] == 0.0).all(axis=None)


class TestStrategies:
    """How a miner decides shows in what the industry becomes."""

    @pytest.mark.parametrize("seed", [0, 1])
    def test_no_two_strategies_make_the_same_world(self, seed):
        names = ("npv", "real_option", "logit", "imitator", "mine_only")
        paths = [
            tuple(lived(seed=seed, **{"choice.strategy": name, "choice.review": 0.2}).series.ai_mw)
            for name in names
        ]
        assert len(set(paths)) == len(names)

    def test_who_counts_the_option_to_wait_converts_less(self):
        npv, option = (mean("ai_mw", 30, **{"choice.strategy": name}) for name in ("npv", "real_option"))
        assert option < 0.99 * npv

    @pytest.mark.parametrize(("weight", "strategy"), [(0.0, "npv"), (1.0, "real_option")])
    def test_a_logit_without_noise_is_its_rule(self, weight, strategy):
        logit = {"choice.intensity": 1e9, "choice.option_weight": weight, "choice.strategy": "logit"}
        assert_same(lived(**logit), lived(**{"choice.strategy": strategy}))

    def test_npv_takes_the_greatest_value_on_offer(self):
        reviewed = decisions(lived(seed=0, months=36, **{"choice.strategy": "npv"}))
        value = reviewed[["value_mine", "value_shell", "value_colocation", "value_cloud"]].to_numpy()
        use = reviewed.use.map({name.lower(): int(kind) for name, kind in Product.__members__.items()})
        moved = (use > 0).to_numpy()
        chosen = value[np.arange(len(value)), use]
        assert moved.sum() > 20
        assert (chosen[moved] >= value[moved].max(axis=1) - ALMOST * np.abs(chosen[moved])).all()
        stays = reviewed.outcome[~moved].isin(["prefers_mining", "no_tenant"])
        assert stays.all()

    def test_a_hurdle_is_asked_of_every_move(self):
        reviewed = decisions(lived(seed=0, months=36, **{"choice.strategy": "real_option"}))
        moved = reviewed[reviewed.use != "mine"]
        best = moved[["value_shell", "value_colocation", "value_cloud"]].max(axis=1)
        assert len(moved) > 20
        assert (moved.hurdle[moved.value_mine > 0.0] > 0.0).all()
        assert (best >= moved.value_mine + moved.hurdle - ALMOST * best.abs()).all()

    def test_a_mix_of_one_is_that_one(self):
        assert_same(lived(**{"choice.mix": {"npv": 1.0}}), lived(**{"choice.strategy": "npv"}))

    def test_without_imitation_nobody_watches_anybody(self):
        networks = ("region", "complete", "barabasi_albert")
        worlds = [lived(months=20, **{"choice.network": network}) for network in networks]
        assert_same(worlds[0], worlds[1])
        assert_same(worlds[0], worlds[2])

    def test_with_imitation_it_matters_whom_one_watches(self):
        values = {"choice.imitation": 1.0, "choice.strategy": "logit"}
        worlds = [lived(**values, **{"choice.network": network}) for network in ("region", "watts_strogatz")]
        assert (worlds[0].series.signed_mw != worlds[1].series.signed_mw).any()


def edited(folder, table, change):
    """Copy the baseline tables with `change(table name, rows)` applied to one (or to every) table."""
    shutil.copytree(SHIPPED, folder)
    for path in folder.glob("*.csv"):
        if table in (path.stem, "every"):
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
            columns = list(rows[0])
            rows = change(path.stem, rows)
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, columns)
                writer.writeheader()
                writer.writerows(rows)
    return str(folder)


WORDS = {"name", "unit", "source", "confidence", "note"}


def in_other_units(folder, factor):
    """Return every table and parameter in other units: `factor(unit or column name)` of the old ones."""

    def change(table, rows):
        for row in rows if table != "sources" else ():
            for name in row.keys() - WORDS:
                of_scalar = table in ("costs", "tail") and name in ("value", "low", "high")
                times = factor(row["unit"] if of_scalar else name)
                if times != 1.0 and row[name]:
                    row[name] = repr(float(row[name]) * times)
        return rows

    values = Scenario().values()
    times = {key: factor(each.unit) for key, each in parameters().items()}
    scaled = {key: values[key] * times[key] for key in values if times[key] != 1.0}
    return scaled | {"population.data_folder": edited(folder, "every", change)}


def money(unit):
    """Return the power of money in a unit."""
    return int(bool(re.search("usd", unit, re.IGNORECASE)))


def hashes(unit):
    """Return the power of hash in a unit or in the name of a column."""
    unit = unit.lower().replace("usd/th per j/th", "").replace("_per_", "/")
    if "difficulty" in unit or re.search(r"[et]h[_/]s", unit):
        return 1
    return -1 if re.search(r"/[tp]h", unit) else 0


class TestUnits:
    """Nature does not know in what we count: no rule has a threshold of its own in dollars or hashes."""

    @pytest.mark.parametrize("k", [2.0, 0.5])
    @pytest.mark.parametrize(
        "values", [{}, {"power.queue_mode": "entry_fee", "leases.prepaid_colocation": 0.1}]
    )
    def test_money_times_k_leaves_every_megawatt_where_it_is(self, k, values, tmp_path):
        scaled = in_other_units(tmp_path / "tables", lambda unit: k ** money(unit)) | values
        if "power.queue_mode" in values:
            scaled["power.entry_fee"] = Scenario().power.entry_fee * k
        one, other = lived(**values), lived(**scaled)
        assert_same(one, other, PHYSICAL, ALMOST)
        for name in ("enterprise_value_musd", "corporate_debt_musd", "lease_rent_usd_kw_month", "cash_musd"):
            np.testing.assert_allclose(other.series[name], k * one.series[name], rtol=ALMOST)
        np.testing.assert_allclose(other.sites.mining_mw, one.sites.mining_mw, rtol=1e-6, atol=1e-6)

    def test_hash_times_k_at_k_times_the_efficiency_leaves_every_megawatt_where_it_is(
        self, tmp_path, monkeypatch
    ):
        k, one = 2.0, lived()
        classes = tuple(efficiency / k for efficiency in baseline_machines.GENERATIONS)
        monkeypatch.setattr(baseline_machines, "GENERATIONS", classes)
        other = lived(**in_other_units(tmp_path / "tables", lambda unit: k ** hashes(unit)))
        same = (*USES, "gap_gw", "signed_mw", "exits_total", "blocks", "enterprise_value_musd", "hhi_hash")
        assert_same(one, other, same, ALMOST)
        for name, times in (
            ("network_hashrate_eh_s", k),
            ("difficulty", k),
            ("hashprice_usd_ph_day", 1.0 / k),
        ):
            np.testing.assert_allclose(other.series[name], times * one.series[name], rtol=ALMOST)


class TestNames:
    """Who is called first, and how many names a firm has, changes nothing."""

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_the_order_of_the_tables_changes_no_aggregate_and_nobodys_fate(self, seed, tmp_path):
        def shuffle(table, rows):
            named = ("miners", "sites", "hyperscalers", "regions", "ai_contracts", "outside_supply")
            if table in named:
                random.Random(7).shuffle(rows)
            return rows

        folder = edited(tmp_path / "tables", "every", shuffle)
        one, other = lived(seed=seed), lived(seed=seed, **{"population.data_folder": folder})
        assert one.state.firm_names != other.state.firm_names
        assert_same(one, other, slack=ALMOST)
        last = one.firms.month.max()
        fates = [
            table[table.month == last].set_index("firm").sort_index() for table in (one.firms, other.firms)
        ]
        pd.testing.assert_frame_equal(*fates, rtol=1e-6, atol=1e-6)

    @pytest.mark.parametrize("name", ["CLSK", "RIOT"])
    def test_splitting_a_firm_changes_concentration_and_nothing_else(self, name):
        """With money no object and nobody for sale: what a site does depends on the site."""
        values = {"finance.enabled": False, "consolidation.mergers_enabled": False}
        whole, halves = Industry(rng=1, **values), Industry(rng=1, **values)
        one, other = _split(halves, name)
        shares = _energised(halves.state) / _energised(halves.state).sum()
        whole.run_for(30)
        halves.run_for(30)
        assert_same(whole, halves, [*PHYSICAL, "hashprice_usd_ph_day", "lease_rent_usd_kw_month"], ALMOST)
        fell = whole.series.hhi_mw.iloc[0] - halves.series.hhi_mw.iloc[0]
        assert fell == pytest.approx(2.0 * shares[one] * shares[other], rel=0.05)
        assert (halves.series.firms_alive == whole.series.firms_alive + 1).all()

    def test_splitting_a_firm_in_equal_parts_lowers_hhi_by_half_its_squared_share(self):
        industry = Industry(rng=1)
        sizes = _energised(industry.state)
        share = sizes / sizes.sum()
        parts = np.append(share, share[0] / 2.0)
        parts[0] /= 2.0
        assert (share**2).sum() - (parts**2).sum() == pytest.approx(share[0] ** 2 / 2.0, rel=1e-9)


def _energised(state):
    return np.bincount(state.sites.owner, state.sites.energised_mw, minlength=len(state.firms))


def _split(industry, name):
    """Give every second site of a firm, and half of its books, to a twin; return the rows of both."""
    state, firms = industry.state, industry.state.firms
    row = state.firm_names.index(name)
    part = np.flatnonzero(state.sites.owner == row)[1::2]
    assert len(part)
    values = {column: getattr(firms, column)[row] for column in firms.columns}
    (twin,) = firms.add(1, values | {"slot": slot_of("firm", f"{name} II")})
    state.firm_names.append(f"{name} II")
    for column in (*ACCOUNTS, "btc", "overhead", "enterprise_value", "equity_value"):
        getattr(firms, column)[[row, twin]] = getattr(firms, column)[row] / 2.0
    state.sites.owner[part] = twin
    state.leases.landlord[np.isin(state.leases.site, part)] = twin
    for column, owed in (("project_debt", state.leases.project_debt), ("prepayment", state.leases.prepaid)):
        due = np.bincount(state.leases.landlord, owed, minlength=len(firms))[[row, twin]]
        firms.capital[[row, twin]] += getattr(firms, column)[[row, twin]] - due
        getattr(firms, column)[[row, twin]] = due
    state.ledger = Ledger(firms)
    return row, int(twin)


class TestTheLeaseMarket:
    """Bargaining divides what the match creates; time to power is what there is to divide."""

    @pytest.mark.parametrize("seed", [1, 2])
    def test_theta_moves_money_and_no_megawatt(self, seed):
        """Where choice has no noise, money no limit, and nobody takes the last deal for the going rent."""
        values = {"choice.intensity": 1e9, "finance.enabled": False, "leases.rent_memory": 0.0}
        buyers, middle, sellers = (lived(seed=seed, **values, **{"leases.theta": t}) for t in (0.0, 0.5, 1.0))
        physical = [name for name in PHYSICAL if name != "exits_total"]
        assert_same(buyers, middle, physical)
        assert_same(buyers, sellers, physical)
        rents = [world.state.leases.rent[~world.state.leases.at_start] for world in (buyers, middle, sellers)]
        assert len(rents[0]) > 10
        np.testing.assert_allclose(rents[1], (rents[0] + rents[2]) / 2.0, rtol=1e-9)
        assert rents[2].sum() > 1.01 * rents[0].sum()
        assert (rents[2] >= rents[0] - 1e-12).all()

    def test_rents_rise_with_the_bargaining_power_of_landlords(self):
        for rent in ("lease_rent_usd_kw_month", "shell_rent_usd_kw_month", "cloud_rent_usd_kw_month"):
            low, high = (mean(rent, 30, **{"leases.theta": theta}) for theta in (0.0, 1.0))
            assert high > low

    def test_unlimited_headroom_kills_the_premium_for_time_to_power(self):
        """What a year of AI earns moves rents only as long as power elsewhere is late."""
        free = {"power.connection_scale": 1e5, "power.lead_scale": 0.0, "power.batch_months": 1}
        bids = {}
        for label, grid in (("scarce", {}), ("free", free)):
            for scale in (1.0, 2.0):
                bids[label, scale] = np.mean(
                    [
                        _best_bid(lived(seed=seed, months=12, **grid, **{"ai.margin_scale": scale}))
                        for seed in (0, 1)
                    ]
                )
        assert bids["scarce", 2.0] > 1.15 * bids["scarce", 1.0]
        assert bids["free", 2.0] == pytest.approx(bids["free", 1.0], rel=0.05)
        assert bids["free", 1.0] < 0.9 * bids["scarce", 1.0]

    @pytest.mark.parametrize("lead", [1.0, 0.0])
    def test_unlimited_headroom_closes_the_gap(self, lead):
        free = {"power.connection_scale": 1e5, "power.lead_scale": lead, "power.batch_months": 1}
        gaps = [run(load_scenario("reference", **free), seed, keep="series").series.gap_gw for seed in (0, 1)]
        assert max(gap.iloc[-1] for gap in gaps) < 0.5
        assert min(lived(seed=seed, months=86).series.gap_gw.iloc[-1] for seed in (0, 1)) > 2.0

    def test_a_closed_queue_connects_nobody_who_was_not_there(self):
        series = lived(months=48, **{"power.connection_scale": 0.0}).series
        assert (series.queue_connected_gw == 0.0).all()
        # What was under construction at the start still comes, until the end of 2026.
        assert series.delivered_grid_gw.iloc[14:].nunique() == 1

    def test_without_supply_behind_the_meter_rents_and_the_gap_are_higher(self):
        without = {"power.onsite_enabled": False}
        assert mean("delivered_onsite_gw", **without) == 0.0
        assert mean("lease_rent_usd_kw_month", **without) > 1.05 * mean("lease_rent_usd_kw_month")
        assert mean("gap_gw", **without) > 10.0 + mean("gap_gw")

    def test_a_tenant_that_defaults_leaves_an_empty_hall(self):
        industry = lived(months=40, **{"ai.default_high_yield": 2.0, "ai.default_investment_grade": 2.0})
        broken = industry.leases[industry.leases.status == "tenant_default"]
        assert len(broken) > 10
        assert (industry.series.contracted_mw < 6000.0).all()
        assert industry.state.sites.fitted_it_mw.sum() > 100.0


def _best_bid(industry):
    """Return the mean over blocks of the highest bid for a colocation hall, musd/IT MW-year."""
    bid = industry.state.scratch["blocks"].bid[:, :, Product.COLOCATION - 1].max(axis=0)
    return bid[np.isfinite(bid)].mean()


class TestDirections:
    """Pushed, the world gives way in the direction it should, in the mean over seeds."""

    def test_more_ai_demand_more_conversion_and_higher_rents(self):
        demands = (30.0, 45.0, 65.0, 100.0)
        let = [mean("ai_mw", **{"ai.demand_gw": demand}) for demand in demands]
        rent = [mean("lease_rent_usd_kw_month", **{"ai.demand_gw": demand}) for demand in demands]
        assert let[0] < let[1] < let[2] < 1.02 * let[3]
        assert rent[0] < 1.01 * rent[1]
        assert rent[1] < rent[2] < rent[3]

    @pytest.mark.parametrize(
        ("key", "levels"), [("bitcoin.log_drift", (-0.3, 0.3)), ("bitcoin.price_start", (4e4, 3e5))]
    )
    def test_a_higher_price_of_bitcoin_less_conversion_and_fewer_exits(self, key, levels):
        poor, rich = ({key: level} for level in levels)
        assert mean("signed_mw", of="sum", **rich) < mean("signed_mw", of="sum", **poor)
        assert mean("liquidations_total", **rich) < 0.5 * mean("liquidations_total", **poor)
        assert mean("entries_total", **rich) > mean("entries_total", **poor)
        assert mean("network_hashrate_eh_s", **rich) > 2.0 * mean("network_hashrate_eh_s", **poor)

    def test_a_faster_queue_less_conversion(self):
        let = [
            mean("signed_mw", of="sum", **{"power.connection_scale": scale}) for scale in (1.0, 3.0, 100.0)
        ]
        assert let[1] < 0.97 * let[0]
        assert let[2] < 0.9 * let[1]

    def test_conversion_raises_hashprice_for_those_who_stay(self):
        nobody = {"leases.market_enabled": False}
        assert mean("hashprice_usd_ph_day") > mean("hashprice_usd_ph_day", **nobody)
        assert mean("mining_mw") < mean("mining_mw", **nobody)
        assert mean("gap_gw") < mean("gap_gw", **nobody)

    def test_dear_power_stops_machines_and_ends_firms(self):
        dear = {"power.energy_scale": 1.5}
        assert mean("mining_mw", **dear) < 0.7 * mean("mining_mw")
        assert mean("exits_total", **dear) > 1.5 * mean("exits_total")

    def test_a_halving_halves_what_a_hash_earns_until_hash_gives_way(self):
        with_it, without = lived(months=60).series, lived(months=60, **{"bitcoin.halving": False}).series
        month = int((with_it.subsidy_btc < 3.0).to_numpy().argmax())
        assert 27 <= month <= 32
        ratio = (with_it.hashprice_usd_ph_day / without.hashprice_usd_ph_day).to_numpy()
        assert ratio[: month - 1] == pytest.approx(1.0)
        assert 0.45 < ratio[month + 1] < 0.7
        assert ratio[-1] > ratio[month + 1]
        hash_ratio = with_it.network_hashrate_eh_s.iloc[-1] / without.network_hashrate_eh_s.iloc[-1]
        assert 0.4 < hash_ratio < 0.9


class TestMoney:
    """Firms fail for want of money, and for nothing else."""

    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_without_debt_and_with_margins_nobody_defaults(self, seed):
        values = {
            "finance.debt_enabled": False,
            "bitcoin.price_process": "constant",
            "bitcoin.price_start": 300000.0,
            "bitcoin.halving": False,
            "bitcoin.frontier_improvement": 0.0,
            "row.enabled": False,
        }
        industry = lived(seed=seed, months=48, **values)
        series = industry.series
        assert (series[["corporate_debt_musd", "project_debt_musd"]] == 0.0).all(axis=None)
        assert series.hashprice_usd_ph_day.min() > 45.0
        assert series.liquidations_total.iloc[-1] == series.chapter11_filings_total.iloc[-1] == 0.0
        assert series.entries_total.iloc[-1] > 20.0

    def test_where_money_does_not_matter_nobody_defaults(self):
        industry = lived("btc_bear", seed=5, months=60, **{"finance.enabled": False})
        assert not set(industry.events.kind) & {"chapter11", "distress"}
        assert industry.series.chapter11_filings_total.iloc[-1] == 0.0

    def test_where_it_does_somebody_does(self):
        industry = lived("btc_bear", seed=5, months=60)
        assert {"chapter11", "distress", "liquidation"} <= set(industry.events.kind)

    @pytest.mark.parametrize(
        ("values", "column"),
        [
            ({"consolidation.mergers_enabled": False}, "mergers_total"),
            ({"consolidation.bid_probability": 0.0}, "mergers_total"),
            ({"consolidation.entry_enabled": False}, "entries_total"),
            ({"consolidation.entry_rate": 0.0}, "entries_total"),
        ],
        ids=["no mergers", "nobody looks", "no entry", "nobody enters"],
    )
    def test_what_is_switched_off_does_not_happen(self, values, column):
        assert lived(**values).series[column].iloc[-1] == 0.0
        assert lived().series[column].iloc[-1] > 0.0


class TestTheArithmeticOfMining:
    """A constant price makes of the tick what the formulas say."""

    def test_hashprice_is_reward_over_work_in_every_month(self):
        industry = Industry(rng=0, **{"bitcoin.price_process": "constant"})
        network = industry.state.network
        fees = network.subsidy * 0.0065 / (1.0 - 0.0065)
        quoted = hashprice(93000.0, network.subsidy, fees, network.difficulty)
        assert industry.state.hashprice == pytest.approx(quoted, rel=1e-12) or industry.state.month == 0
        industry.run_for(48)
        series = industry.series
        assert (series.btc_price_usd == 93000.0).all()
        earned = series.btc_mined * 93000.0 / (series.network_hashrate_eh_s * 1e3 * 730.5 / 24.0)
        np.testing.assert_allclose(series.hashprice_usd_ph_day, earned, rtol=1e-12)
        # Difficulty lags hash, and nothing else stands between the two quotes.
        at_end = hashprice(93000.0, network.subsidy, fees, network.difficulty)
        assert series.hashprice_usd_ph_day.iloc[-1] == pytest.approx(at_end, rel=0.03)

    def test_hash_that_does_not_move_mines_144_blocks_a_day(self):
        frozen = {
            "row.enabled": False,
            "bitcoin.machine_failure": 0.0,
            "choice.review": 0.0,
            "consolidation.entry_enabled": False,
            "bitcoin.price_process": "constant",
            "bitcoin.price_start": 400000.0,
            "power.energy_month_volatility": 0.0,
        }
        series = lived(months=24, **frozen).series
        assert series.network_hashrate_eh_s.iloc[6:].std() < 0.01 * series.network_hashrate_eh_s.iloc[-1]
        assert series.blocks.iloc[6:].mean() == pytest.approx(144.0 * 730.5 / 24.0, rel=0.005)
