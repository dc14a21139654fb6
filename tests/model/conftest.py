"""A small world of tables for tests of phases that need no whole industry."""

from types import SimpleNamespace

import numpy as np
import pytest

from agents.columns import Table
from agents.tables import (
    FIRM,
    HYPERSCALER,
    LEASE,
    Contract,
    Kind,
    LeaseStatus,
    Product,
    site_columns,
)
from model.baseline import build_baseline
from model.demand import order_onsite, start_demand, update_demand
from model.grid import check_queue, connect, energy_prices, queue, start_grid
from model.ledger import Ledger
from model.onsite import OnsiteSupply, deliver_onsite
from model.options import product_terms
from model.scenario import Scenario
from model.streams import Streams

GENERATIONS = 3


class Events(list):
    """A recorder that keeps events as (kind, columns)."""

    def event(self, kind, **columns):
        self.append((kind, columns))

    def of(self, kind):
        return [columns for name, columns in self if name == kind]


class World(SimpleNamespace):
    """A state with firms, sites and leases to fill in, and months without events unless told."""

    def add_firms(self, count=1, **values):
        rows = self.firms.add(count, {"slot": np.arange(count) + 100 + len(self.firms), **values})
        self.firm_names += [f"firm {row}" for row in rows]
        self.ledger.set_opening_capital(rows)
        return rows

    def add_sites(self, owner, mw, hash_eh_s=0.0, **values):
        """Add one energised site per owner, mining as far as it has hash."""
        owner = np.atleast_1d(owner)
        mw = np.broadcast_to(np.asarray(mw, float), owner.shape)
        hashes = np.zeros((len(owner), GENERATIONS))
        hashes[:, 0] = hash_eh_s
        mining = np.where(hashes[:, 0] > 0.0, mw, 0.0)
        start = {"slot": np.arange(len(owner)) + 1000 + len(self.sites), "owner": owner, "us": True}
        start |= {"secured_mw": mw, "energised_mw": mw, "mining_mw": mining, "idle_mw": mw - mining}
        start |= {"hash": hashes, "contract": Contract.FIXED, "convertible": True}
        rows = self.sites.add(len(owner), start | {"host_site": -1} | values)
        self.site_names += [f"site {row}" for row in rows]
        self.orders = np.zeros((6, len(self.sites)))
        self.quiet()
        return rows

    def add_lease(self, site, gross_mw=100.0, status=LeaseStatus.DELIVERING, **values):
        """Let megawatts of a site, which is idle that much."""
        it_mw = gross_mw * 0.68
        start = {"site": site, "landlord": self.sites.owner[site], "status": status, "gross_mw": gross_mw}
        start |= {"it_mw": it_mw, "rent": 1.7, "rent_now": 1.7, "operating_margin": 0.85, "term": 144}
        start |= {"product": Product.COLOCATION, "project_rate": 0.0745, "delivery": self.month}
        row = self.leases.add(1, start | values)
        self.sites.idle_mw[site] -= gross_mw
        use = "building_mw" if status == LeaseStatus.BUILDING else "converted_mw"
        getattr(self.sites, use)[site] += gross_mw
        lease = self.leases
        owner = self.sites.owner[site]
        self.firms.project_debt[owner] += lease.project_debt[row[0]]
        self.firms.prepayment[owner] += lease.prepaid[row[0]]
        self.ledger.set_opening_capital(np.array([owner]))
        return int(row[0])

    def quiet(self):
        """Set this month's site flows to zero."""
        for name in (
            "mined_btc",
            "energy_cost",
            "operating_cost",
            "hosting_fee",
            "host_cost",
            "response_income",
        ):
            self.scratch[name] = np.zeros(len(self.sites))

    def begin_month(self):
        self.ledger.new_month()
        self.scratch = {}
        self.quiet()


def build_world(**scenario):
    firms = Table(FIRM)
    return World(
        scenario=Scenario().with_values(**scenario),
        month=0,
        firms=firms,
        sites=Table(site_columns(GENERATIONS)),
        terms=product_terms(Scenario().with_values(**scenario)),
        leases=Table(LEASE),
        hyperscalers=Table(HYPERSCALER),
        firm_names=[],
        site_names=[],
        generations=np.array([15.0, 20.0, 30.0]),
        machine_price=np.array([14.0, 8.0, 4.0]),
        orders=np.zeros((6, 0)),
        order_generation=np.zeros(6, dtype=np.int64),
        btc_price=100_000.0,
        ledger=Ledger(firms),
        recorder=Events(),
        streams=Streams(0),
        scratch={},
        figures={},
    )


@pytest.fixture
def new_world():
    """Return a function that makes an empty world; keywords are dotted scenario values."""
    return build_world


@pytest.fixture
def world():
    """Return a world with three listed miners of a hundred megawatts each."""
    made = build_world()
    made.add_firms(
        3, cash=100.0, bitcoin=50.0, btc=500.0, machines=80.0, property=60.0, listed=True, kind=Kind.LISTED
    )
    made.add_sites(np.arange(3), 100.0, hash_eh_s=5.0)
    return made


@pytest.fixture(scope="session")
def power_state():
    """Return a function that makes the power side of a scenario at the start; keywords are dotted values."""

    def make(seed=0, **scenario):
        chosen, streams = Scenario().with_values(**scenario), Streams(seed)
        start = build_baseline(chosen, streams)
        names = ("firms", "sites", "leases", "hyperscalers", "regions", "requests", "region_names")
        state = SimpleNamespace(
            scenario=chosen,
            streams=streams,
            month=0,
            onsite=OnsiteSupply(chosen, start.tables),
            terms=product_terms(chosen),
            recorder=Events(),
            scratch={},
            figures={},
            **{name: getattr(start, name) for name in names},
        )
        start_demand(state)
        start_grid(state)
        return state

    return make


@pytest.fixture(scope="session")
def run_power():
    """Return a function that runs the power phases of some months; miners only deliver what is signed."""

    def run(state, months):
        for _ in range(months):
            energy_prices(state)
            update_demand(state)
            leases = state.leases
            due = (leases.status == LeaseStatus.BUILDING) & (leases.delivery <= state.month)
            leases.status[due] = LeaseStatus.DELIVERING
            connect(state)
            deliver_onsite(state)
            order_onsite(state)
            queue(state)
            check_queue(state)
            state.month += 1
        return state

    return run
