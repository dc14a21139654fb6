"""What a run leaves behind: every month, firm, site and event once, cheaply, with names and dates."""

import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from agents.columns import Table
from agents.economics import concentration as formulas
from agents.tables import (
    FIRM,
    HYPERSCALER,
    LEASE,
    REGION,
    USES,
    Kind,
    LeaseStatus,
    Product,
    Status,
    site_columns,
)
from model.errors import GridrushError
from model.measures import BASES, concentration
from model.recorded_tables import dates
from model.recording import Recorder
from model.scenario import Scenario
from model.series_columns import SERIES

REQUIRED = [
    *("btc_price_usd", "hashprice_usd_ph_day", "network_hashrate_eh_s", "difficulty"),
    *("mining_mw", "idle_mw", "building_mw", "subleased_mw", "converted_mw"),
    *("demand_gw", "delivered_grid_gw", "delivered_miners_gw", "delivered_onsite_gw", "gap_gw"),
    *("lease_rent_usd_kw_month", "core_width_usd_kw_month", "firms_alive", "exits", "mergers"),
    *("hhi_hash", "hhi_mw", "hhi_ai", "hhi_value"),
]


def table(columns, rows: int, **values) -> Table:
    made = Table(columns)
    made.add(rows, values)
    return made


def a_state(
    firms: int = 4, keep: str = "everything", months: int = 86, generations: int = 3
) -> SimpleNamespace:
    """Firms of 1, 2, 3 ... hundred megawatts with two sites each, one lease, one AI customer's arm."""
    numbers = np.arange(1, firms + 1)
    sites = table(
        site_columns(generations),
        2 * firms,
        owner=np.repeat(np.arange(firms), 2),
        mining_mw=np.repeat(numbers * 50.0, 2),
        secured_mw=np.repeat(numbers * 50.0, 2),
        energised_mw=np.repeat(numbers * 50.0, 2),
        us=np.tile([True, False], firms),
        uptime=0.9,
        hash=np.ones((2 * firms, generations)),
    )
    leases = table(
        LEASE, 1, gross_mw=40.0, it_mw=28.0, rent=1.728, signed=-3, promised=2, delivery=2, at_start=True
    )
    leases.product = Product.COLOCATION
    kinds = np.r_[np.arange(firms) % 2, Kind.AI_CUSTOMER]
    return SimpleNamespace(
        scenario=Scenario().with_values(**{"horizon.months": months}),
        month=0,
        firms=table(FIRM, firms + 1, kind=kinds, enterprise_value=np.r_[numbers * 100.0, 0.0]),
        sites=sites,
        leases=leases,
        hyperscalers=table(HYPERSCALER, 2, demand_mw=1000.0, grid_mw=[100.0, 200.0], onsite_mw=50.0),
        regions=table(
            REGION, 2, us=[True, False], peak_mw=1000.0, near_term_mw=10.0, capacity_price=[200.0, 0.0]
        ),
        firm_names=[*(f"firm {number}" for number in numbers), "buyer's arm"],
        site_names=[f"site {number}" for number in range(2 * firms)],
        hyperscaler_names=["Big", "Small"],
        region_names=["ERCOT", "NORDIC"],
        generations=np.array([30.0, 20.0, 15.0])[:generations],
        generation_month=np.array([-9, -5, 3])[:generations],
        machine_price=np.array([5.0, 10.0, 15.0])[:generations],
        network=SimpleNamespace(difficulty=1.5e14),
        orders=np.zeros((5, 2 * firms)),
        btc_price=93000.0,
        hashprice=42.0,
        expected_rent=np.array([0.0, 0.92, 1.73, 9.7]),
        figures={"network_hashrate_eh_s": 1000.0, "signed_mw": 7.0},
        scratch={},
        recorder=Recorder(keep),
    )


def run(state: SimpleNamespace, months: int) -> Recorder:
    for _ in range(months):
        state.recorder.record(state)
        state.month += 1
    return state.recorder


def test_every_required_and_every_declared_column_is_there_once():
    series = run(a_state(), 2).series()
    assert not set(REQUIRED) - set(series.columns)
    assert list(series.columns) == [column.name for column in SERIES]
    assert len(set(series.columns)) == len(series.columns)
    assert np.isfinite(series[REQUIRED].to_numpy()).all()


def test_months_are_dates_of_their_first_day():
    series = run(a_state(), 3).series()
    assert series.index.name == "month"
    assert list(series.index) == [
        pd.Timestamp(2025, 11, 1),
        pd.Timestamp(2025, 12, 1),
        pd.Timestamp(2026, 1, 1),
    ]
    assert pd.isna(dates("2025-11", np.array([1 << 30]))).all()


def test_megawatts_by_use_add_up_over_the_series_the_firms_and_the_sites():
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


def test_megawatts_that_were_released_belong_to_nobody():
    state = a_state(firms=2)
    state.sites.owner = [0, -1, 1, -1]
    firms = run(state, 1).firms(state)
    assert firms.secured_mw.to_list() == [50.0, 100.0, 0.0]


def test_gap_is_what_nobody_delivers():
    state = a_state()
    before = run(state, 1).series()
    state.leases.status = LeaseStatus.DELIVERING
    after = run(state, 1).series().iloc[-1]
    assert before.gap_gw.iloc[0] == pytest.approx(2.0 - 0.3 - 0.1)
    assert after.delivered_miners_gw == pytest.approx(0.040)
    assert after.gap_gw == pytest.approx(before.gap_gw.iloc[0] - 0.040)


def test_exits_are_mergers_and_liquidations_and_the_living_are_counted_without_them():
    state = a_state(firms=6)
    recorder = run(state, 1)
    firms = state.firms
    for row, reason in ((0, Status.ACQUIRED), (1, Status.LIQUIDATED), (2, Status.LIQUIDATED)):
        firms.status[row] = firms.exit_reason[row] = reason
        firms.exit_month[row] = 1
    firms.owner[0] = 4
    run(state, 2)
    series = recorder.series()
    assert series.firms_alive.to_list() == [6, 3, 3]
    assert series.exits.to_list() == [0, 3, 0]
    assert series.mergers.to_list() == [0, 1, 0]
    assert series.exits_total.to_list() == [0, 3, 3]
    panel = recorder.firms(state).set_index(["firm", "month"]).sort_index()
    assert panel.loc["firm 1", "exit_reason"].to_list() == ["", "acquired", "acquired"]
    assert panel.loc["firm 1", "acquired_by"].to_list() == ["", "firm 5", "firm 5"]
    assert panel.loc["firm 1", "exit_month"].isna().to_list() == [True, False, False]


def test_new_rows_appear_in_the_month_they_are_added():
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


def test_figures_a_phase_posts_join_the_series_and_are_zero_in_months_without():
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


def test_outsiders_count_as_firms_only_while_they_own_megawatts():
    state = a_state(firms=3)
    recorder = run(state, 1)
    state.sites.owner[:2] = 3
    run(state, 1)
    series = recorder.series()
    assert series.hhi_mw.to_list() == pytest.approx([14 / 36, 14 / 36])
    assert series.numbers_mw.iloc[1] == pytest.approx(series.numbers_mw.iloc[0])
    assert series.firms_alive.to_list() == [3, 3]


def test_leases_say_who_signed_and_when_they_ended():
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


def test_events_have_names_dates_and_the_numbers_they_were_decided_on():
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


def test_a_light_run_has_the_same_series_and_only_the_last_month_of_the_panels():
    full, light = a_state(), a_state(keep="series")
    run(full, 3), run(light, 3)
    light.recorder.event("decision", firm=1)
    pd.testing.assert_frame_equal(full.recorder.series(), light.recorder.series())
    firms = full.recorder.firms(full)
    last = firms[firms.month == firms.month.max()].reset_index(drop=True)
    pd.testing.assert_frame_equal(light.recorder.firms(light), last)
    assert light.recorder.events(light).empty
    assert len(light.recorder.leases(light)) == 1


def test_tables_are_empty_but_whole_before_the_first_month():
    state = a_state()
    with pytest.raises(GridrushError, match="nothing has been recorded yet"):
        state.recorder.series()
    state.recorder.begin(state)
    assert len(state.recorder.series()) == 0
    assert state.recorder.firms(state).columns.to_list() == run(a_state(), 1).firms(state).columns.to_list()


def test_a_run_may_be_longer_than_its_horizon():
    state = a_state(months=3)
    recorder = run(state, 200)
    assert len(recorder.series()) == 200
    assert len(recorder.firms(state)) == 200 * 5


def test_recording_costs_a_small_part_of_a_month():
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
