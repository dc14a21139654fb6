"""Phase 14: new private miners, while a new mine at a good site returns more than its cost.

An entrant is one site. What no rule says of it (region, contract, tenure, fibre, land) it has from a private
site drawn by megawatts. Investors pay for infrastructure, machines and some months of cost; machines are
ordered so that they arrive when the site energises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.blocks import new_mine_value
from agents.economics.mining import TABLE_ROWS, enter_machine, table_value
from agents.tables import Kind, Stage, Status, Tenure
from model.baseline_inputs import Inputs
from model.baseline_sites import convertible
from model.mining import HOURS_PER_MONTH, meter_efficiency
from model.options import best_machine_on_sale
from model.setup import draw_strategies
from model.streams import slots_of
from model.tail import SMALL_MW

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0
MUSD = 1e6
GOOD_SITES = 0.5
"""Entrants find their sites in the cheaper half of the distribution of power prices."""


def entry(state: State) -> None:
    """Found new miners, and let those founded earlier order their machines in time."""
    consolidation = state.scenario.consolidation
    # Who is there in the first month has always been there.
    if not consolidation.entry_enabled or state.month == 0:
        return
    mean = consolidation.entry_rate * profitability(state)
    if mean > 0.0:
        count = int(state.streams.generator("entry", state.month).poisson(mean))
        if count:
            _found(state, count)
    _order_first_machines(state)
    _open(state)


def profitability(state: State) -> float:
    """Return the net present value of a new mine at a good site over its cost, zero where it does not pay.

    Investors pay when they found it; it earns once it is built and its machines have come.
    """
    bitcoin, finance, row = state.scenario.bitcoin, state.scenario.finance, state.scenario.row
    reward, decay = _beliefs(state)
    best = best_machine_on_sale(state)
    efficiency = float(meter_efficiency(state)[best])
    price, rate = float(state.machine_price[best]), finance.discount_mining_private
    build = max(state.scenario.consolidation.entry_build_months, bitcoin.order_lead_months)
    table = np.empty((TABLE_ROWS, 1))
    power = float(_power_cost(state, 0.5)) * state.scenario.power.energy_scale + row.other_cost
    fall, life = max(decay, 0.0), bitcoin.machine_life
    enter_machine(table, 0, reward, efficiency, power, fall, life, rate, build / MONTHS)
    gain = new_mine_value(
        table_value(table) * state.scenario.power.availability,
        price,
        efficiency,
        finance.mine_capex,
        np.asarray(rate),
        life,
    )
    return float(gain[0]) / (price / efficiency + finance.mine_capex)


def _beliefs(state: State) -> tuple[float, float]:
    """Return hashprice net of pool fees and its decay as miners expect them, weighted by megawatts."""
    firms, sites = state.firms, state.sites
    mw, reward = _weights(
        sites.owner, sites.energised_mw, firms.kind, firms.expected_hashprice, firms.pool_fee
    )
    total = float(np.add.reduce(mw))
    if total <= 0.0:
        return state.hashprice, state.scenario.bitcoin.expected_decay
    return float(mw @ reward) / total, float(mw @ firms.expected_decay) / total


@compiled
def _weights(
    owner: np.ndarray,
    energised_mw: np.ndarray,
    kind: np.ndarray,
    expected: np.ndarray,
    pool_fee: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return each firm's energised megawatts, none unless it is a miner, and hashprice net of pool fees."""
    mw, reward = np.zeros(kind.size), np.empty(kind.size)
    for site in range(owner.size):
        if owner[site] >= 0 and kind[owner[site]] <= Kind.PRIVATE:
            mw[owner[site]] += energised_mw[site]
    for firm in range(kind.size):
        reward[firm] = expected[firm] * (1.0 - pool_fee[firm])
    return mw, reward


def _power_cost(state: State, drawn: np.ndarray | float) -> np.ndarray | float:
    """Return the power price of good sites, USD/MWh, at uniform draws; the median is the 25th percentile."""
    row = state.scenario.row
    return row.cost_median * np.exp(row.cost_log_sigma * ndtri(GOOD_SITES * drawn))


def _found(state: State, count: int) -> None:
    year, month = divmod(round(state.calendar_year * MONTHS), 12)
    names = [f"entrant {year}-{month + 1:02d} {number}" for number in range(1, count + 1)]
    slot = slots_of("site", names)
    donor = _donors(state, slot)
    if donor is None:
        return
    sites = _site_values(state, slot, donor)
    firm = add_firms(state, names, _firm_values(state, names, sites, donor))
    site = add_sites(state, names, sites | {"owner": firm})
    _pay(state, firm, site)
    state.recorder.event("entry", firm=firm, site=site, mw=sites["secured_mw"], price=sites["power_cost"])


def add_firms(state: State, names: list[str], values: dict[str, np.ndarray]) -> np.ndarray:
    """Add firms without money and return their rows."""
    state.firm_names.extend(names)
    return state.firms.add(len(names), values)


def add_sites(state: State, names: list[str], values: dict[str, np.ndarray]) -> np.ndarray:
    """Add sites, with room for them in the order book, and return their rows."""
    state.site_names.extend(names)
    rows = state.sites.add(len(names), values)
    none = np.zeros((len(state.orders), len(state.sites) - state.orders.shape[1]))
    state.orders = np.concatenate((state.orders, none), axis=1)
    return rows


def _donors(state: State, slot: np.ndarray) -> np.ndarray | None:
    """Return the private site each new one takes after, with odds by megawatts; None if there is none."""
    sites, firms = state.sites, state.firms
    fit = sites.us & (sites.owner >= 0) & (sites.tenure != Tenure.HOSTED) & (sites.energised_mw > 0.0)
    private = fit & (firms.kind[sites.owner] == Kind.PRIVATE)
    rows = rows_where(private if private.any() else fit)
    if not len(rows):
        return None
    drawn = state.streams.uniform("entrant's model", state.month, slot[:, None] ^ sites.slot[rows][None, :])
    return rows[(-np.log(drawn) / sites.energised_mw[rows]).argmin(axis=1)]


def _site_values(state: State, slot: np.ndarray, donor: np.ndarray) -> dict[str, np.ndarray]:
    sites, scenario = state.sites, state.scenario
    spread = scenario.population.tail_site_log_sigma * state.streams.normal(
        "entrant's size", state.month, slot
    )
    mw = np.minimum(
        scenario.consolidation.entry_median_mw * np.exp(spread), scenario.population.tail_site_max
    )
    tables = Inputs.of(scenario, state.streams).tables
    cost = _power_cost(state, state.streams.uniform("entrant's power", state.month, slot))
    cost = cost + tables.cost("adder_small_site").value * (mw < SMALL_MW)
    moving = 1.0 - sites.fixed_price[donor] / np.maximum(sites.power_cost[donor], 1e-9)
    values = {
        "slot": slot,
        "us": np.ones(len(slot), dtype=bool),
        "site_count": np.ones(len(slot)),
        "power_cost": cost,
        "fixed_price": cost * (1.0 - moving),
        "secured_mw": mw,
        "pipeline_mw": mw,
        "pipeline_start_mw": mw,
        "energised_mw": np.zeros(len(slot)),
        "stage": np.full(len(slot), int(Stage.CONSTRUCTION)),
        "energisation": np.full(len(slot), state.month + scenario.consolidation.entry_build_months),
    }
    for name in ("region", "contract", "tenure", "fibre", "land", "operating_cost"):
        values[name] = getattr(sites, name)[donor]
    none = np.zeros(len(slot), dtype=bool)
    values["convertible"] = convertible(scenario, state.streams, values, none, none)
    return values


def _firm_values(
    state: State, names: list[str], sites: dict[str, np.ndarray], donor: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of new firms; their overhead is what a small miner's other cost leaves over."""
    firms, scenario = state.firms, state.scenario
    slot = slots_of("firm", names)
    _, decay = _beliefs(state)
    spare = np.maximum(scenario.row.other_cost - sites["operating_cost"], 0.0)
    mwh = sites["secured_mw"] * (scenario.power.availability * HOURS_PER_MONTH)
    finance = scenario.finance
    return {
        "slot": slot,
        "kind": np.full(len(slot), int(Kind.PRIVATE)),
        "strategy": draw_strategies(state, slot),
        "entry_month": np.full(len(slot), state.month),
        "pool_fee": firms.pool_fee[state.sites.owner[donor]],
        "discount_rate": np.full(len(slot), finance.discount_mining_private),
        "lease_discount_rate": np.full(len(slot), finance.discount_lease_private),
        "expected_hashprice": firms.expected_hashprice[state.sites.owner[donor]],
        "expected_decay": np.full(len(slot), decay),
        "review_probability": np.full(len(slot), scenario.choice.review),
        "overhead": spare * mwh / MUSD,
        "all_in_cost": sites["power_cost"] + sites["operating_cost"] + spare,
    }


def _pay(state: State, firm: np.ndarray, site: np.ndarray) -> None:
    """Let investors found the firms; their money is set aside for machines, energisation and a beginning."""
    mw, best = state.sites.secured_mw[site], best_machine_on_sale(state)
    machines = mw / meter_efficiency(state)[best] * state.machine_price[best]
    capital = machines + _opening_cost(state, site)
    state.ledger.post("firms founded", "restricted_cash", "capital", capital, rows=firm, sector="investors")


def _opening_cost(state: State, site: np.ndarray) -> np.ndarray:
    """Return what mines to be built need besides machines, musd: infrastructure and some months of cost."""
    sites, finance = state.sites, state.scenario.finance
    mw = sites.secured_mw[site]
    mwh = mw * (state.scenario.power.availability * HOURS_PER_MONTH)
    power = sites.power_cost[site] * state.scenario.power.energy_scale
    overhead = state.firms.overhead[sites.owner[site]]
    monthly = (power + sites.operating_cost[site]) * mwh / MUSD + overhead
    return mw * finance.mine_capex + monthly * finance.private_cash_months


def _order_first_machines(state: State) -> None:
    """Order machines for mines that energise when the machines arrive, as far as the money for them goes."""
    firms, sites = state.firms, state.sites
    early = max(state.scenario.consolidation.entry_build_months - len(state.orders), 0)
    founded = state.month - early
    if founded < 1:
        return
    new = firms.entry_month == founded
    if not np.logical_or.reduce(new):
        return
    new &= (firms.kind == Kind.PRIVATE) & (firms.status == Status.ACTIVE)
    site = rows_where((sites.owner >= 0) & new[sites.owner] & (sites.stage == Stage.CONSTRUCTION))
    best, owner = best_machine_on_sale(state), sites.owner[site]
    price = float(state.machine_price[best])
    wanted = sites.pipeline_mw[site] / meter_efficiency(state)[best]
    bill = np.bincount(owner, wanted * price, minlength=len(firms))
    kept = np.bincount(owner, _opening_cost(state, site), minlength=len(firms))
    reserved = np.maximum(firms.restricted_cash - kept, 0.0)
    part = np.minimum(reserved / np.where(bill > 0.0, bill, np.inf), 1.0)
    state.ledger.post("machine orders", "machines", "restricted_cash", bill * part, sector="suppliers")
    state.orders[-1, site] += wanted * part[owner]
    state.order_generation[-1] = best


def _open(state: State) -> None:
    """Hand entrants whose mine energises next month the money that was set aside for it."""
    firms, sites = state.firms, state.sites
    rows = _opening(
        sites.owner,
        sites.stage,
        sites.energisation,
        firms.entry_month,
        firms.kind,
        firms.restricted_cash,
        state.month + 1,
    )
    if len(rows):
        reserved = firms.restricted_cash[rows]
        state.ledger.post("reserves released", "cash", "restricted_cash", reserved, rows=rows)


@compiled
def _opening(
    owner: np.ndarray,
    stage: np.ndarray,
    energisation: np.ndarray,
    entry_month: np.ndarray,
    kind: np.ndarray,
    restricted_cash: np.ndarray,
    month: int,
) -> np.ndarray:
    """Return the entrants with money set aside of which a mine energises by a month."""
    opening = np.zeros(kind.size, np.bool_)
    for site in range(owner.size):
        firm = owner[site]
        if firm >= 0 and stage[site] == Stage.CONSTRUCTION and energisation[site] <= month:
            private = entry_month[firm] > 0 and kind[firm] == Kind.PRIVATE
            opening[firm] = private and restricted_cash[firm] > 0.0
    return opening.nonzero()[0]
