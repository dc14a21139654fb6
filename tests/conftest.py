"""A made-up industry, to test what is recorded, saved, summed up and drawn without the model; a browser."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import settings

from agents.columns import Table
from agents.tables import (
    FIRM,
    HYPERSCALER,
    LEASE,
    NEVER,
    REGION,
    Kind,
    LeaseStatus,
    Outcome,
    Product,
    Status,
    site_columns,
)
from model.options import product_terms
from model.recording import Recorder
from model.run import Run, run_of
from model.scenario import Scenario

# The first example of a test may have to compile a loop of the model.
settings.register_profile("compiling", deadline=None)
settings.load_profile("compiling")

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def _table(columns, rows: int, **values) -> Table:
    made = Table(columns)
    made.add(rows, values)
    return made


def _state(
    firms: int = 4,
    keep: str = "everything",
    months: int = 86,
    generations: int = 3,
    names: list[str] | None = None,
) -> SimpleNamespace:
    """Return firms of 1, 2, 3 ... hundred megawatts, two sites each (one in the US), and one lease."""
    numbers = np.arange(1, firms + 1)
    sites = _table(
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
    leases = _table(
        LEASE, 1, gross_mw=40.0, it_mw=28.0, rent=1.728, signed=-3, promised=2, delivery=2, at_start=True
    )
    leases.product = Product.COLOCATION
    kinds = np.r_[np.arange(firms) % 2, Kind.AI_CUSTOMER]
    return SimpleNamespace(
        scenario=Scenario().with_values(**{"horizon.months": months}),
        month=0,
        firms=_table(FIRM, firms + 1, kind=kinds, enterprise_value=np.r_[numbers * 100.0, 0.0]),
        sites=sites,
        leases=leases,
        hyperscalers=_table(HYPERSCALER, 2, demand_mw=1000.0, grid_mw=[100.0, 200.0], onsite_mw=50.0),
        regions=_table(
            REGION, 2, us=[True, False], peak_mw=1000.0, near_term_mw=10.0, capacity_price=[200.0, 0.0]
        ),
        firm_names=[*(names or [f"firm {number}" for number in numbers]), "buyer's arm"],
        site_names=[f"site {number}" for number in range(2 * firms)],
        hyperscaler_names=["Big", "Small"],
        region_names=["ERCOT", "NORDIC"],
        strategies=[SimpleNamespace(name="logit")],
        watching=None,
        generations=np.array([30.0, 20.0, 15.0, *np.full(20, 9.0)])[:generations],
        generation_month=np.array([-9, -5, 3, *np.full(20, 99)])[:generations],
        machine_price=np.array([5.0, 10.0, 15.0, *np.full(20, 20.0)])[:generations],
        network=SimpleNamespace(difficulty=1.5e14),
        orders=np.zeros((5, 2 * firms)),
        btc_price=93000.0,
        hashprice=42.0,
        expected_rent=np.array([0.0, 0.92, 1.73, 9.7]),
        terms=product_terms(Scenario()),
        figures={"network_hashrate_eh_s": 1000.0, "signed_mw": 7.0, "subsidy_btc": 3.125},
        scratch={},
        recorder=Recorder(keep),  # type: ignore[arg-type]
    )


@pytest.fixture
def a_state():
    """Return a maker of states."""
    return _state


NAMES = ["IREN", "CIFR", "RIOT", "CORZ", "MARA", "HUT", "CLSK", "BTDR", "HIVE", "tail 1", "tail 2", "tail 3"]


def _live(state: SimpleNamespace) -> None:
    """Move one month on: demand outruns supply, two firms sign, two small ones leave, the subsidy halves."""
    month, firms, sites, leases = state.month, state.firms, state.sites, state.leases
    state.btc_price = 93000.0 * float(np.exp(0.2 * np.sin(month / 9)))
    halved = month >= 29
    state.figures["subsidy_btc"] = 1.5625 if halved else 3.125
    state.hashprice = (
        42.0 * (0.55 if halved else 1.0) * float(np.exp(0.2 * np.sin(month / 9) - 0.005 * month))
    )
    state.hyperscalers.demand_mw = (10_000 + 1500 * month) * np.array([0.7, 0.3])
    state.hyperscalers.grid_mw = (3000 + 400 * month) * np.array([0.7, 0.3])
    state.hyperscalers.onsite_mw = 350.0 * max(month - 6, 0) * np.array([0.7, 0.3])
    if month == 6:
        _sign(state, site=0, mw=30.0, product=Product.COLOCATION)
        _sign(state, site=16, mw=300.0, product=Product.SHELL)
    for row in np.flatnonzero((leases.delivery == month) & (leases.status == LeaseStatus.BUILDING)):
        leases.status[row] = LeaseStatus.DELIVERING
        use = "subleased_mw" if leases.product[row] == Product.SHELL else "converted_mw"
        sites.building_mw[leases.site[row]] -= leases.gross_mw[row]
        getattr(sites, use)[leases.site[row]] += leases.gross_mw[row]
    if month in (12, 30):
        _leave(state, 10 if month == 12 else 11, Status.ACQUIRED if month == 12 else Status.LIQUIDATED)
    firms.enterprise_value[:12] = (
        np.arange(1, 13) * 100.0 * (1 + 0.01 * month) * (firms.status[:12] < Status.ACQUIRED)
    )
    firms.value_leases = 0.3 * firms.enterprise_value


def _sign(state: SimpleNamespace, site: int, mw: float, product: Product) -> None:
    firm = int(state.sites.owner[site])
    lease = {
        "tenant": 1,
        "site": site,
        "landlord": firm,
        "product": product,
        "gross_mw": mw,
        "it_mw": 0.7 * mw,
    }
    dates = {"signed": state.month, "promised": state.month + 14, "delivery": state.month + 17, "term": 144}
    state.leases.add(1, lease | dates | {"rent": 1.8})
    state.sites.mining_mw[site] -= mw
    state.sites.building_mw[site] += mw
    values = {
        "value_mine": 1.0,
        "value_shell": 1.5,
        "value_colocation": 4.0,
        "value_cloud": 3.0,
        "hurdle": 0.5,
    }
    columns = {"firm": firm, "site": site, "counterparty": 1, "mw": mw, "use": int(product), "price": 1.8}
    state.recorder.event("decision", **columns, **values, outcome=int(Outcome.SIGNED))
    state.recorder.event("decision", firm=4, site=8, counterparty=-1, mw=9.0, outcome=int(Outcome.NO_TENANT))


def _leave(state: SimpleNamespace, row: int, reason: Status) -> None:
    firms, sites = state.firms, state.sites
    firms.status[row] = firms.exit_reason[row] = reason
    firms.exit_month[row] = state.month
    firms.owner[row] = 4 if reason == Status.ACQUIRED else -1
    mine = sites.owner == row
    sites.owner[mine] = firms.owner[row]
    if reason == Status.LIQUIDATED:
        for name in ("mining_mw", "secured_mw", "energised_mw"):
            getattr(sites, name)[mine] = 0.0
        sites.hash[mine] = 0.0


@pytest.fixture(scope="session")
def made_up_run() -> Run:
    """Return a run of 86 made-up months."""
    state = _state(firms=12, names=NAMES)
    state.firms.exit_month = NEVER
    state.firms.kind[:12] = np.r_[np.full(9, Kind.LISTED), np.full(3, Kind.PRIVATE)]
    for _ in range(86):
        _live(state)
        state.recorder.record(state)
        state.month += 1
    recorder = state.recorder
    industry = SimpleNamespace(
        state=state,
        seed=7,
        scenario=state.scenario,
        series=recorder.series(),
        firms=recorder.firms(state),
        sites=recorder.sites(state),
        leases=recorder.leases(state),
        events=recorder.events(state),
    )
    return run_of(industry, seconds=0.2)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the Chromium of this machine; skip where there is none, but fail where tests run unattended."""
    found = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    if found is None:
        assert not os.environ.get("CI"), "the browser tests need Chromium"
        pytest.skip("no Chromium: install the package 'chromium'")
    return Path(found)


@pytest.fixture(scope="session")
def browser(chromium):
    """Start the browser."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=str(chromium), args=FLAGS)
        yield browser
        browser.close()
