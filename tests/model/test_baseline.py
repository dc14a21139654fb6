"""The industry on the first day, as the tables have it."""

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest

from agents.tables import NEVER, USES, Contract, Kind, Stage, Status, Tenure
from model.baseline import build_baseline
from model.baseline_sites import convertible
from model.baseline_tables import SHIPPED, load_tables
from model.scenario import Scenario
from model.streams import Streams, slots_of


@pytest.fixture(scope="module")
def baseline():
    return build_baseline(Scenario(), Streams(1))


def built(seed: int = 1, **values):
    dotted = {key.replace("__", "."): value for key, value in values.items()}
    return build_baseline(Scenario().with_values(**dotted), Streams(seed))


def site(baseline, name: str) -> int:
    return baseline.site_names.index(name)


def test_firms_come_in_a_fixed_order(baseline):
    kind = baseline.firms.kind
    assert baseline.firm_names[:3] == ["IREN", "CIFR", "RIOT"]
    assert np.all(np.diff(kind) >= 0)
    assert np.bincount(kind).tolist() == [13, Scenario().population.private_firms, 10, 1]
    assert baseline.firm_names[-11:-1] == baseline.hyperscaler_names
    assert np.all(baseline.firms.status == Status.ACTIVE)


def test_names_and_slots_are_unique(baseline):
    for table, names in ((baseline.firms, baseline.firm_names), (baseline.sites, baseline.site_names)):
        assert len(set(names)) == len(names) == len(table)
        assert len(set(table.slot.tolist())) == len(table)


def test_megawatts_by_use_are_the_sites(baseline):
    sites = baseline.sites
    uses = np.array([getattr(sites, use) for use in USES])
    assert uses.min() >= 0
    assert uses.sum(axis=0) == pytest.approx(sites.secured_mw)
    assert sites.secured_mw == pytest.approx(sites.energised_mw + sites.pipeline_start_mw)


def test_every_machine_has_its_megawatt(baseline):
    sites = baseline.sites
    need = sites.hash @ baseline.generations * Scenario().power.pue_mining
    assert need == pytest.approx(sites.mining_mw)


def test_balance_sheets_are_the_published_ones(baseline):
    firms, rows = baseline.firms, load_tables().miners
    for firm, row in enumerate(rows):
        held = firms.cash[firm] + firms.restricted_cash[firm] - firms.prepayment[firm]
        assert held == pytest.approx(row.cash_musd)
        assert firms.corporate_debt[firm] == row.debt_musd
        assert firms.btc[firm] == row.btc_held
        assert firms.bitcoin[firm] == pytest.approx(row.btc_held * 0.093)
        assert firms.overhead[firm] == row.overhead_musd_per_month
    assets = firms.cash + firms.restricted_cash + firms.bitcoin + firms.machines + firms.property
    assert assets == pytest.approx(firms.corporate_debt + firms.prepayment + firms.capital)


def test_debt_falls_due_at_different_times_around_its_life(baseline):
    firms = baseline.firms
    owes = firms.corporate_debt > 0
    assert np.all(firms.maturity[~owes] == NEVER)
    assert 36 <= firms.maturity[owes].min() < 45
    assert 75 < firms.maturity[owes].max() <= 84


def test_outside_buyers_have_money_but_no_sites(baseline):
    firms = baseline.firms
    outside = firms.kind >= Kind.AI_CUSTOMER
    assert not np.isin(baseline.sites.owner, np.flatnonzero(outside)).any()
    microsoft = baseline.firm_names.index("Microsoft")
    assert firms.cash[microsoft] == pytest.approx(0.02 * 145000)
    assert firms.cash[-1] == Scenario().finance.buyout_fund_musd
    assert firms.cash[baseline.firm_names.index("xAI")] == 0


def test_power_contracts_keep_their_kind(baseline):
    contract = baseline.sites.contract
    assert contract[site(baseline, "RIOT Rockdale")] == Contract.FIXED_RESALE
    assert contract[site(baseline, "RIOT Corsicana")] == Contract.GRID
    assert contract[site(baseline, "WULF Lake Mariner mining")] == Contract.FIXED
    assert contract[site(baseline, "MARA Hansford County wind")] == Contract.OWN
    hosted = baseline.sites.tenure == Tenure.HOSTED
    assert np.all(contract[hosted] == Contract.FIXED)
    assert not baseline.sites.operating_cost[hosted].any()


def test_power_plants_without_a_load_are_no_sites_for_mining(baseline):
    plants = site(baseline, "HUT Ontario gas plants")
    assert baseline.sites.secured_mw[plants] == 0


def test_expansions_due_within_a_build_are_under_construction(baseline):
    stage = baseline.sites.stage
    assert stage[site(baseline, "RIOT Corsicana")] == Stage.CONSTRUCTION
    assert stage[site(baseline, "BITF Scrubgrass")] == Stage.APPROVED
    assert stage[site(baseline, "MARA MPLX West Texas campuses")] == Stage.OPTION
    assert baseline.sites.energisation[site(baseline, "IREN Sweetwater 1")] == 5


def test_what_was_due_before_the_start_comes_in_the_first_month(tmp_path: Path):
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    path = folder / "sites.csv"
    path.write_text(path.read_text().replace("1400,2026-04", "1400,2024-04"))
    old = built(population__data_folder=str(folder))
    assert old.sites.energisation[site(old, "IREN Sweetwater 1")] == 0


def test_regions_inside_the_pool_have_a_grid(baseline):
    regions = baseline.regions
    assert regions.us.sum() == 9
    assert np.all(regions.peak_mw[regions.us] > 0)
    assert regions.capacity_price[baseline.region_names.index("ERCOT")] == 0
    assert np.array_equal(baseline.sites.us, regions.us[baseline.sites.region])


def test_buyers_hold_what_they_rent(baseline):
    buyers, leases = baseline.hyperscalers, baseline.leases
    assert (buyers.leased_mw + buyers.committed_mw).sum() == pytest.approx(leases.gross_mw.sum())
    assert buyers.neocloud.sum() == 4
    assert (
        buyers.discount_rate[~buyers.investment_grade].min()
        > buyers.discount_rate[buyers.investment_grade].max()
    )


def sites_of(
    size: float, fibre: bool = True, land: bool = True, tenure: Tenure = Tenure.OWNED, count: int = 4000
):
    ones = np.ones(count)
    return {
        "slot": slots_of("site", [str(each) for each in range(count)]),
        "energised_mw": ones * size,
        "pipeline_start_mw": ones * 0.0,
        "site_count": ones,
        "fibre": ones > (0 if fibre else 1),
        "land": ones > (0 if land else 1),
        "tenure": np.full(count, int(tenure)),
    }


def share_fit(announced: bool = False, contracted: bool = False, scale: float = 1.0, **what) -> float:
    columns = sites_of(**what)
    flags = [np.full(len(columns["slot"]), each) for each in (announced, contracted)]
    scenario = Scenario().with_values(**{"choice.eligibility_scale": scale})
    return convertible(scenario, Streams(3), columns, *flags).mean()


def test_fitness_for_ai_depends_on_size_fibre_and_land():
    assert share_fit(size=150) == pytest.approx(0.6, abs=0.03)
    assert share_fit(size=50) == pytest.approx(0.22, abs=0.03)
    assert share_fit(size=5) == pytest.approx(0.03, abs=0.015)
    assert share_fit(size=150, fibre=False) == share_fit(size=50)
    assert share_fit(size=150, fibre=False, land=False) == share_fit(size=50)
    assert share_fit(size=150, land=False, announced=True) == share_fit(size=150)
    assert share_fit(size=5, contracted=True) == 1
    assert share_fit(size=150, tenure=Tenure.HOSTED) == 0
    assert share_fit(size=150, scale=0.0) == 0
    assert share_fit(size=150, scale=2.0) == 1


def test_more_eligible_sites_contain_those_that_were():
    few, many = (built(choice__eligibility_scale=scale).sites.convertible for scale in (0.5, 1.0))
    assert np.all(many[few])
    assert many.sum() > few.sum()


def test_the_same_seed_builds_the_same_industry(baseline):
    again = build_baseline(Scenario(), Streams(1))
    for name in ("firms", "sites", "leases", "hyperscalers", "regions"):
        one, two = getattr(baseline, name), getattr(again, name)
        assert all(np.array_equal(getattr(one, c), getattr(two, c)) for c in one.columns), name


def test_seeds_change_the_private_tail_only_by_chance(baseline):
    other = build_baseline(Scenario(), Streams(2))
    assert not np.array_equal(baseline.sites.power_cost[91:120], other.sites.power_cost[91:120])
    assert np.array_equal(baseline.sites.power_cost[:91], other.sites.power_cost[:91])


def test_the_price_of_bitcoin_changes_books_but_no_site(baseline):
    rich = built(bitcoin__price_start=186000.0)
    same = set(baseline.sites.columns) - {"uptime"}
    assert all(np.array_equal(getattr(rich.sites, c), getattr(baseline.sites, c)) for c in same)
    assert rich.firms.bitcoin == pytest.approx(2 * baseline.firms.bitcoin)
    assert rich.hashprice == pytest.approx(2 * baseline.hashprice)


def test_the_order_of_rows_in_the_tables_does_not_matter(baseline, tmp_path: Path):
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "data"))
    for name in ("sites", "miners", "ai_contracts"):
        header, *rows = (folder / f"{name}.csv").read_text().splitlines()
        (folder / f"{name}.csv").write_text("\n".join([header, *reversed(rows)]) + "\n")
    other = built(population__data_folder=str(folder))
    order = [other.site_names.index(name) for name in baseline.site_names]
    for column in ("power_cost", "energised_mw", "mining_mw", "building_mw", "convertible", "contract"):
        assert getattr(other.sites, column)[order] == pytest.approx(getattr(baseline.sites, column)), column
    hosts = [None if row < 0 else baseline.site_names[row] for row in baseline.sites.host_site]
    assert hosts == [None if row < 0 else other.site_names[row] for row in other.sites.host_site[order]]


def test_a_baseline_survives_pickling(baseline):
    copy = pickle.loads(pickle.dumps(baseline))
    assert np.array_equal(copy.sites.hash, baseline.sites.hash)
