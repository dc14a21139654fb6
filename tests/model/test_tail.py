"""The private tail adds up to the country, however many firms it has."""

import numpy as np
import pytest

from agents.tables import Kind, Tenure
from model.baseline import build_baseline
from model.scenario import Scenario
from model.streams import Streams


def built(firms: int = 137, seed: int = 1, **values):
    dotted = {key.replace("__", "."): value for key, value in values.items()}
    return build_baseline(
        Scenario().with_values(**{"population.private_firms": firms, **dotted}), Streams(seed)
    )


@pytest.fixture(scope="module")
def baseline():
    return built()


def private(baseline) -> np.ndarray:
    return baseline.firms.kind[baseline.sites.owner] == Kind.PRIVATE


@pytest.mark.parametrize("firms", [1, 2, 7, 80, 137, 1000])
def test_the_country_adds_up_for_any_number_of_firms(firms: int):
    made = built(firms)
    us = made.sites.us
    assert 0.88 * made.sites.mining_mw[us].sum() == pytest.approx(7800)
    assert 0.88 * made.sites.hash[us].sum() == pytest.approx(389)
    assert 0.88 * made.sites.hash.sum() + made.rest_of_world_hash == pytest.approx(1076.8)
    assert (made.firms.kind == Kind.PRIVATE).sum() == firms


def test_without_private_firms_the_rest_of_the_world_mines_their_share():
    made = built(0)
    assert len(made.sites) == 91
    assert np.all(made.sites.host_site == -1)
    assert made.rest_of_world_hash == pytest.approx(1076.8 - 0.88 * 437.5)


@pytest.mark.parametrize("seed", range(3))
def test_large_private_sites_fill_what_listed_miners_leave_of_the_large_ones(seed: int):
    made = built(seed=seed)
    large = private(made) & (made.sites.energised_mw >= 100)
    assert made.sites.energised_mw[large].sum() == pytest.approx(6300 - 5181 - 180)
    assert made.sites.energised_mw[large].max() < 300


def test_another_firm_changes_the_others_only_through_the_totals():
    few, more = built(137), built(138)
    rows = slice(91, len(few.sites))
    for name in ("region", "contract", "fibre", "land", "slot"):
        assert np.array_equal(getattr(few.sites, name)[rows], getattr(more.sites, name)[rows]), name
    small = few.sites.energised_mw[rows] < 100
    ratio = more.sites.energised_mw[rows][small] / few.sites.energised_mw[rows][small]
    assert ratio == pytest.approx(np.full(small.sum(), ratio[0]))
    moved = few.sites.host_site[rows] != more.sites.host_site[rows]
    assert np.all(moved <= (few.sites.tenure[rows] == Tenure.HOSTED))
    assert moved.sum() <= 2


def test_sizes_are_lognormal_below_the_large_ones(baseline):
    mw = np.log(np.sort(baseline.sites.energised_mw[private(baseline)]))[:-6]
    quartiles = np.quantile(mw, [0.25, 0.5, 0.75])
    assert (quartiles[2] - quartiles[0]) / 1.349 == pytest.approx(1.6, abs=0.4)


def test_sites_per_firm_follow_their_mean():
    counts = np.bincount(built(5000).sites.owner)[13:]
    assert counts.min() == 1
    assert counts.mean() == pytest.approx(1.5, abs=0.05)
    assert np.bincount(built(50, population__sites_per_private_firm=1.0).sites.owner)[13:].max() == 1


def test_equal_sites_are_equal():
    made = built(30, population__tail_site_log_sigma=0.0, population__sites_per_private_firm=1.0)
    mw = made.sites.energised_mw[private(made)]
    assert mw == pytest.approx(np.full(30, mw[0]))


def test_efficiency_spreads_over_firms_and_not_over_sites(baseline):
    sites = baseline.sites
    rows = private(baseline)
    mean = (sites.hash @ baseline.generations)[rows] / sites.hash.sum(axis=1)[rows]
    owner = sites.owner[rows]
    for firm in np.unique(owner):
        assert np.ptp(mean[owner == firm]) < 1e-9
    assert mean.min() >= 13.5 - 1e-9
    assert mean.max() <= 38 + 1e-9


def test_regions_follow_their_shares():
    made = built(20000)
    rows = private(made)
    share = np.bincount(made.sites.region[rows], minlength=14) / rows.sum()
    names = dict(zip(made.region_names, share, strict=True))
    assert names["ERCOT"] == pytest.approx(0.42, abs=0.02)
    assert names["SERC"] == pytest.approx(0.20, abs=0.02)
    assert names["CAISO"] == names["CANADA"] == 0


def test_a_private_mine_pays_its_cash_cost_on_the_first_day(baseline):
    sites, firms = baseline.sites, baseline.firms
    rows = private(baseline)
    mean = (sites.hash @ baseline.generations)[rows] / sites.hash.sum(axis=1)[rows]
    worth = baseline.hashprice * (1 - firms.pool_fee[sites.owner[rows]]) / (0.024 * mean * 1.05)
    pays = worth >= (sites.power_cost + sites.operating_cost)[rows] - 1e-6
    assert np.average(pays, weights=sites.mining_mw[rows]) > 0.97


def test_small_and_hosted_mines_pay_more_for_power():
    made = built(3000)
    sites, rows = made.sites, private(made)
    hosted = rows & (sites.tenure == Tenure.HOSTED)
    assert sites.power_cost[hosted].min() > 12.5 + 20
    assert np.all(sites.hosting_margin[hosted] == 20 - 4.5)
    small = rows & ~hosted & (sites.energised_mw < 10)
    assert sites.power_cost[small].min() > 12.5 + 19
    assert np.all(sites.operating_cost[small] == 10.5)


def test_six_in_ten_small_firms_rent_hosting():
    made = built(3000)
    firm_mw = np.bincount(made.sites.owner, made.sites.energised_mw)[13:]
    hosted = np.bincount(made.sites.owner, made.sites.tenure == Tenure.HOSTED)[13:] > 0
    assert hosted[firm_mw < 10].mean() == pytest.approx(0.6, abs=0.03)
    assert not hosted[firm_mw >= 10].any()


@pytest.mark.parametrize("seed", range(4))
def test_hosts_are_private_sites_nearby_that_are_not_hosted(seed: int):
    made = built(seed=seed)
    sites = made.sites
    guest = np.flatnonzero(sites.host_site >= 0)
    host = sites.host_site[guest]
    assert np.all(sites.tenure[guest] == Tenure.HOSTED)
    assert np.all(sites.tenure[host] != Tenure.HOSTED)
    assert np.all(private(made)[host])
    assert np.array_equal(sites.region[guest], sites.region[host])
    assert np.all(sites.energised_mw[host] >= 10)
    big = made.firms.kind[sites.owner[guest]] == Kind.LISTED
    assert sites.energised_mw[guest][big].sum() > 1000


def test_the_pipeline_goes_to_sites_of_twenty_megawatts_and_more(baseline):
    rows = private(baseline)
    grows = rows & (baseline.sites.pipeline_start_mw > 0)
    assert baseline.sites.energised_mw[grows].min() >= 20
    assert baseline.sites.pipeline_start_mw[rows].sum() == pytest.approx(11100 - 10063.5)


def test_private_books_hold_cash_for_some_months_and_debt_on_assets(baseline):
    firms = baseline.firms
    rows = firms.kind == Kind.PRIVATE
    assets = (firms.cash + firms.machines + firms.property)[rows]
    assert firms.corporate_debt[rows] == pytest.approx(0.25 * assets)
    assert np.all(firms.coupon[rows] == 0.12)
    assert np.all(firms.cash[rows] > 0)
    poor = built(finance__private_cash_months=0.0)
    assert not poor.firms.cash[rows].any()


def test_all_in_cost_counts_power_operation_and_overhead(baseline):
    rows = baseline.firms.kind == Kind.PRIVATE
    one_site = np.bincount(baseline.sites.owner, minlength=len(rows)) == 1
    own = np.zeros(len(rows), dtype=bool)
    own[baseline.sites.owner[baseline.sites.tenure != Tenure.HOSTED]] = True
    for firm in np.flatnonzero(rows & one_site & own):
        site = int(np.flatnonzero(baseline.sites.owner == firm)[0])
        expected = baseline.sites.power_cost[site] + 10.5
        assert baseline.firms.all_in_cost[firm] == pytest.approx(expected)
