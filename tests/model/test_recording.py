"""What a run leaves behind: every month, firm, site and event once, cheaply, with names and dates."""

import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from agents.economics import concentration as formulas
from agents.tables import (
    USES,
    LeaseStatus,
    Status,
)
from model.errors import GridrushError
from model.industry import Industry
from model.measures import BASES, concentration
from model.recorded_tables import dates
from model.recording import Recorder
from model.series_columns import SERIES

REQUIRED = [
    *("btc_price_usd", "hashprice_usd_ph_day", "network_hashrate_eh_s", "difficulty"),
    *("mining_mw", "idle_mw", "building_mw", "subleased_mw", "converted_mw"),
    *("demand_gw", "delivered_grid_gw", "delivered_miners_gw", "delivered_onsite_gw", "gap_gw"),
    *("lease_rent_usd_kw_month", "core_width_usd_kw_month", "firms_alive", "exits", "mergers"),
    *("hhi_hash", "hhi_mw", "hhi_ai", "hhi_value"),
]


def run(state: SimpleNamespace, months: int) -> Recorder:
    for _ in range(months):
        state.recorder.record(state)
        state.month += 1
    return state.recorder


def test_every_required_and_every_declared_column_is_there_once(a_state):
    series = run(a_state(), 2).series()
    assert not set(REQUIRED) - set(series.columns)
    assert list(series.columns) == [column.name for column in SERIES]
    assert len(set(series.columns)) == len(series.columns)
    assert np.isfinite(series[REQUIRED].to_numpy()).all()


def test_months_are_dates_of_their_first_day(a_state):
    series = run(a_state(), 3).series()
    assert series.index.name == "month"
    assert list(series.index) == [
        pd.Timestamp(2025, 11, 1),
        pd.Timestamp(2025, 12, 1),
        pd.Timestamp(2026, 1, 1),
    ]
    assert pd.isna(dates("2025-11", np.array([1 << 30]))).all()


def test_megawatts_by_use_add_up_over_the_series_the_firms_and_the_sites(a_state):
    state = a_state()
    state.sites.idle_mw = 3.0
    state.sites.secured_mw += 3.0
    recorder = run(state, 2)
    uses = list(USES)
    series, firms, sites = recorder.series(), recorder.firms(state), recorder.sites(state)
    assert series["secured_mw"].to_list() == pytest.approx(series[uses].sum(axis=1).to_list())
    for use in uses:
        assert firms.groupby("month")[use].sum().to_list() == pytest.approx(series[use].to_list())
        assert sites.groupby("month")[use].sum().to_list() == pytest.approx(series[use].to_list())
        assert sites[sites.us].groupby("month")[use].sum().to_list() == pytest.approx(
            series[f"us_{use}"].to_list()
        )


def test_megawatts_that_were_released_belong_to_nobody(a_state):
    state = a_state(firms=2)
    state.sites.owner = [0, -1, 1, -1]
    firms = run(state, 1).firms(state)
    assert firms.secured_mw.to_list() == [50.0, 100.0, 0.0]


def test_gap_is_what_nobody_delivers(a_state):
    state = a_state()
    before = run(state, 1).series()
    state.leases.status = LeaseStatus.DELIVERING
    after = run(state, 1).series().iloc[-1]
    assert before.gap_gw.iloc[0] == pytest.approx(2.0 - 0.3 - 0.1)
    assert after.delivered_miners_gw == pytest.approx(0.040)
    assert after.gap_gw == pytest.approx(before.gap_gw.iloc[0] - 0.040)


def test_exits_are_mergers_liquidations_and_closures_and_the_living_are_counted_without_them(a_state):
    state = a_state(firms=6)
    recorder = run(state, 1)
    firms = state.firms
    for row, reason in ((0, Status.ACQUIRED), (1, Status.LIQUIDATED), (2, Status.CLOSED)):
        firms.status[row] = firms.exit_reason[row] = reason
        firms.exit_month[row] = 1
    firms.owner[0] = 4
    run(state, 2)
    series = recorder.series()
    assert series.firms_alive.to_list() == [6, 3, 3]
    assert series.exits.to_list() == [0, 3, 0]
    assert series.mergers.to_list() == series.liquidations.to_list() == [0, 1, 0]
    assert series.closures.to_list() == [0, 1, 0]
    assert series.exits_total.to_list() == [0, 3, 3]
    panel = recorder.firms(state).set_index(["firm", "month"]).sort_index()
    assert panel.loc["firm 1", "exit_reason"].to_list() == ["", "acquired", "acquired"]
    assert panel.loc["firm 1", "acquired_by"].to_list() == ["", "firm 5", "firm 5"]
    assert panel.loc["firm 1", "exit_month"].isna().to_list() == [True, False, False]


def test_value_per_unit_is_unknown_where_there_is_no_unit(a_state):
    state = a_state()
    state.sites.hash[:2] = 0.0
    firms = run(state, 1).firms(state).set_index("firm")
    assert firms.ev_per_mw.to_list()[:4] == pytest.approx([1.0, 1.0, 1.0, 1.0])
    assert np.isnan(firms.ev_per_eh["firm 1"])
    assert firms.ev_per_eh["firm 2"] == pytest.approx(200.0 / 6.0)


def test_new_rows_appear_in_the_month_they_are_added(a_state):
    state = a_state(firms=3)
    recorder = run(state, 2)
    state.firms.add(1, {"entry_month": 2})
    state.firm_names.append("newcomer")
    state.sites.add(5, {"owner": 4})
    state.site_names += [f"new {number}" for number in range(5)]
    run(state, 1)
    assert recorder.series().entries.to_list() == [0, 0, 1]
    assert recorder.firms(state).groupby("month").size().to_list() == [4, 4, 5]
    assert recorder.sites(state).groupby("month").size().to_list() == [6, 6, 11]


def test_figures_a_phase_posts_join_the_series_and_are_zero_in_months_without(a_state):
    state = a_state()
    recorder = run(state, 1)
    state.figures["bids_failed"] = 2.0
    run(state, 1)
    assert recorder.series().bids_failed.to_list() == [0.0, 2.0]
    assert recorder.series().signed_mw.to_list() == [7.0, 7.0]


@pytest.mark.parametrize("basis", BASES)
def test_concentration_by_column_equals_the_formulas_month_by_month(basis: str):
    random = np.random.default_rng(3)
    present = random.random((20, 12)) < 0.7
    sizes = random.lognormal(sigma=2, size=(20, 12)) * present * (random.random((20, 12)) < 0.8)
    sizes[4] = 0.0
    table = concentration(sizes, present, basis)
    for month in range(20):
        firms = sizes[month, present[month]]
        assert table[f"hhi_{basis}"][month] == pytest.approx(formulas.hhi(firms), rel=1e-12)
        assert table[f"gini_{basis}"][month] == pytest.approx(formulas.gini(firms), rel=1e-12, abs=1e-15)
        assert table[f"entropy_{basis}"][month] == pytest.approx(formulas.entropy(firms), rel=1e-12)
        assert table[f"numbers_{basis}"][month] == pytest.approx(formulas.number_equivalent(firms), rel=1e-12)
        for k in (1, 3, 4, 8):
            expected = formulas.concentration_ratio(firms, k)
            assert table[f"cr{k}_{basis}"][month] == pytest.approx(expected, rel=1e-12)
        moved = formulas.instability(sizes[max(month - 12, 0)], sizes[month])
        assert table[f"instability_{basis}"][month] == pytest.approx(moved, rel=1e-12)


def test_outsiders_count_as_firms_only_while_they_own_megawatts(a_state):
    state = a_state(firms=3)
    recorder = run(state, 1)
    state.sites.owner[:2] = 3
    run(state, 1)
    series = recorder.series()
    assert series.hhi_mw.to_list() == pytest.approx([14 / 36, 14 / 36])
    assert series.numbers_mw.iloc[1] == pytest.approx(series.numbers_mw.iloc[0])
    assert series.firms_alive.to_list() == [3, 3]


def test_leases_say_who_signed_and_when_they_ended(a_state):
    state = a_state()
    run(state, 2)
    state.leases.landlord = 2
    state.leases.status = LeaseStatus.TENANT_DEFAULT
    lease = run(state, 2).leases(state).iloc[0]
    assert (lease.lessor, lease.landlord, lease.tenant, lease.site) == ("firm 1", "firm 3", "Big", "site 0")
    assert (lease.status, lease["product"]) == ("tenant_default", "colocation")
    assert lease.signed == pd.Timestamp(2025, 8, 1)
    assert lease.ended == pd.Timestamp(2026, 1, 1)
    assert lease.rent_usd_kw_month == pytest.approx(144.0)


def test_events_have_names_dates_and_the_numbers_they_were_decided_on(a_state):
    state = a_state()
    recorder = run(state, 1)
    live = state.firms.cash
    recorder.event(
        "decision",
        firm=np.array([0, 2]),
        site=np.array([1, 5]),
        counterparty=np.array([1, -1]),
        mw=live[:2],
        outcome=0,
    )
    recorder.event("merger", firm=1, counterparty=3, mw=12.5, reason="cheaper capital", premium=0.3)
    recorder.event("default", firm=np.zeros(0, dtype=int), mw=np.zeros(0))
    state.firms.cash = 99.0
    run(state, 1)
    events = recorder.events(state)
    assert events.kind.to_list() == ["decision", "decision", "merger"]
    assert set(events.month) == {pd.Timestamp(2025, 12, 1)}
    assert events.firm.to_list() == ["firm 1", "firm 3", "firm 2"]
    assert events.counterparty.to_list() == ["Small", "", "firm 4"]
    assert events.site.to_list() == ["site 1", "site 5", ""]
    assert events.mw.to_list() == [0.0, 0.0, 12.5]
    assert events.outcome.to_list() == ["signed", "signed", ""]
    assert events.reason.to_list() == ["", "", "cheaper capital"]
    assert events.premium.isna().to_list() == [True, True, False]


def test_a_light_run_has_the_same_series_and_only_the_last_month_of_the_panels(a_state):
    full, light = a_state(), a_state(keep="series")
    run(full, 3), run(light, 3)
    light.recorder.event("decision", firm=1)
    pd.testing.assert_frame_equal(full.recorder.series(), light.recorder.series())
    firms = full.recorder.firms(full)
    last = firms[firms.month == firms.month.max()].reset_index(drop=True)
    pd.testing.assert_frame_equal(light.recorder.firms(light), last)
    assert light.recorder.events(light).empty
    assert len(light.recorder.leases(light)) == 1


def test_tables_are_empty_but_whole_before_the_first_month(a_state):
    state = a_state()
    with pytest.raises(GridrushError, match="nothing has been recorded yet"):
        state.recorder.series()
    state.recorder.begin(state)
    assert len(state.recorder.series()) == 0
    assert state.recorder.firms(state).columns.to_list() == run(a_state(), 1).firms(state).columns.to_list()


def test_a_run_may_be_longer_than_its_horizon(a_state):
    state = a_state(months=3)
    recorder = run(state, 200)
    assert len(recorder.series()) == 200
    assert len(recorder.firms(state)) == 200 * 5


def test_recording_costs_a_small_part_of_a_month(a_state):
    state = a_state(firms=150, months=600)
    state.leases.add(150)
    run(state, 50)
    best = min(_seconds(lambda: run(state, 10)) / 10 for _ in range(20))
    assert best < 600e-6  # measured 150 us on an idle machine
    chance, noise = state.firms.cash, np.ones(3)
    event = min(
        _seconds(lambda: state.recorder.event("review", firm=chance[:3], mw=noise)) for _ in range(50)
    )
    assert event < 50e-6


def _seconds(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def test_the_hash_of_firms_is_the_hash_that_the_network_saw():
    """Machines bought, sold or moved after the month's mining change nameplates, not what ran."""
    industry = Industry("reference", rng=75)
    industry.run_for(30)
    firms, series = industry.firms, industry.series
    ran = firms.groupby("month")["running_eh_s"].sum().to_numpy()
    np.testing.assert_allclose(ran, series["modelled_hashrate_eh_s"], rtol=1e-9)


def test_rents_of_deals_are_means_over_the_term_like_published_ones():
    industry = Industry("reference", rng=75)
    industry.run_for(18)
    leases, series = industry.leases, industry.series
    space = leases.loc[leases["product"].isin(["shell", "colocation"]) & ~leases["at_start"]]
    # The first month has the leases of before the run in it.
    for month, signed in space.loc[space["signed"] > series.index[0]].groupby("signed"):
        mean = np.average(signed["rent_usd_kw_month"], weights=signed["it_mw"])
        assert series.at[month, "deal_rent_space_usd_kw_month"] == pytest.approx(mean)
    assert len(space) > 5


def test_a_lease_that_lost_its_tenant_has_been_delivered_all_the_same():
    industry = Industry("ai_bust", rng=75)
    industry.run_for(80)
    leases, last = industry.leases, industry.series.iloc[-1]
    due = leases[leases["promised"] <= industry.series.index[-1]]
    lost = due[due["status"] == "tenant_default"]
    assert len(lost) > 0
    share = due.loc[due["ever_delivered"], "gross_mw"].sum() / due["gross_mw"].sum()
    assert last["delivered_over_due"] == pytest.approx(share)
