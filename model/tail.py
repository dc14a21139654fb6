"""The synthetic private tail: US miners nobody lists, sized so that the country's totals add up.

Every private firm draws by its own slot. What joins them are the totals: common factors on size, on machine
efficiency and on the pipeline. Adding a firm therefore changes the others through these factors only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr, ndtri

from agents.economics.mining import breakeven_power_price
from agents.tables import NEVER, Contract, Stage, Tenure
from model.baseline_checks import BaselineError
from model.baseline_inputs import Inputs
from model.baseline_machines import Fit
from model.baseline_sites import LARGE_MW, MIDDLE_MW, Columns, convertible, hosting_margin, operating_cost
from model.streams import Streams, slots_of

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables

SMALL_MW = 10.0
"""Size below which costs.csv adds to the power price and tail.csv lets firms rent hosting."""
BISECTIONS = 60


@dataclass(frozen=True)
class Totals:
    """What the whole tail adds up to.

    Attributes:
        load_mw: Nameplate load of its machines at the meter, MW.
        large_mw: Part of it on sites of 100 MW and more, MW.
        hash_eh: Nameplate hash, EH/s.
        pipeline_mw: Approved megawatts that are not built, MW.
    """

    load_mw: float
    large_mw: float
    hash_eh: float
    pipeline_mw: float


@dataclass(frozen=True)
class Tail:
    """Private firms and their sites; `sites` has the columns of `listed_sites`, owners counted from 0."""

    firm_names: list[str]
    site_names: list[str]
    sites: Columns


def tail_totals(tables: BaselineTables, listed: Columns, fit: Fit, pue: float) -> Totals:
    """Return what is left of the US totals in tail.csv after the listed miners' sites.

    Large sites count hosts' premises: a listed miner's hosted row of 100 MW a site is one of them.
    """
    us, hosted = listed["us"], listed["tenure"] == Tenure.HOSTED
    uptime = tables.tail_value("listed_uptime")
    load = float((fit.hash_eh * fit.efficiency)[us].sum()) * pue
    large = us & (listed["energised_mw"] >= LARGE_MW * listed["site_count"])
    secured = us & ~hosted & (listed["stage"] < Stage.OPTION)
    planned = tables.tail_value("us_under_construction_mw") + tables.tail_value("us_approved_not_built_mw")
    return Totals(
        load_mw=max(tables.tail_value("us_mining_load_mw") / uptime - load, 0.0),
        large_mw=max(tables.tail_value("us_operating_mw_ge100") - listed["energised_mw"][large].sum(), 0.0),
        hash_eh=max(tables.tail_value("us_hashrate") / uptime - float(fit.hash_eh[us].sum()), 0.0),
        pipeline_mw=max(planned - float(listed["pipeline_start_mw"][secured].sum()), 0.0),
    )


def build_tail(inputs: Inputs, listed: Columns, totals: Totals, best: float) -> Tail:
    """Return the private firms of a scenario with sizes, places, machines, costs and pipelines.

    What no table tells of a private site (power contract, fibre, land, tenure) is that of a listed US site
    drawn at random, its *donor*; a pipeline's date is that of a drawn approved project. `best` is the lowest
    J/TH on sale.
    """
    count = inputs.scenario.population.private_firms
    names = [f"private firm {index}" for index in range(1, count + 1)]
    firm_slot = slots_of("firm", names)
    owner, rank = _site_owners(inputs, firm_slot)
    site_names = [f"{names[firm]} site {site}" for firm, site in zip(owner, rank, strict=True)]
    slot = slots_of("site", site_names)
    mw = _sizes(inputs, slot, rank, owner, count, totals)
    rents = inputs.streams.uniform("tail hosting", 0, firm_slot)
    rents = rents < inputs.tables.tail_value("tail_hosted_share_small")
    hosted = (rents & (np.bincount(owner, mw, minlength=count) < SMALL_MW))[owner]
    none = np.zeros(len(slot), dtype=bool)
    sites: Columns = {
        "slot": slot,
        "owner": owner,
        "region": _regions(inputs, slot),
        "us": ~none,
        "site_count": np.ones(len(slot)),
        "energised_mw": mw,
        "contracted": none,
        "announced": none,
    }
    sites |= _from_donors(inputs.streams, listed, slot, hosted)
    sites |= _pipeline(inputs.streams, listed, slot, mw, hosted, totals.pipeline_mw)
    sites |= _machines(inputs, firm_slot[owner], mw, totals, best)
    sites["operating_cost"] = operating_cost(inputs.tables, sites, listed=none)
    sites["power_cost"] = _power_costs(inputs, sites)
    sites["hosting_margin"] = hosting_margin(inputs.tables, sites)
    sites["convertible"] = convertible(inputs.scenario, inputs.streams, sites, none, none)
    return Tail(names, site_names, sites)


def _site_owners(inputs: Inputs, firm_slot: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return owner and number within the owner of each site; sites a firm are one plus a geometric draw."""
    mean = inputs.scenario.population.sites_per_private_firm
    drawn = inputs.streams.uniform("tail sites", 0, firm_slot)
    more = np.floor(np.log(drawn) / math.log1p(-1.0 / mean)) if mean > 1.0 else np.zeros(len(firm_slot))
    sites = 1 + more.astype(np.int64)
    owner = np.repeat(np.arange(len(firm_slot)), sites)
    first = np.cumsum(sites) - sites
    return owner, 1 + np.arange(len(owner)) - first[owner]


def _sizes(
    inputs: Inputs, slot: np.ndarray, rank: np.ndarray, owner: np.ndarray, count: int, totals: Totals
) -> np.ndarray:
    """Return megawatts of each site: large ones at the first firms, the others lognormal and scaled.

    A firm's first site is its large one, if it has one; fewer firms than large sites hold several as one.
    """
    if not count:
        return np.zeros(0)
    population = inputs.scenario.population
    mu, sigma = math.log(population.tail_site_median), population.tail_site_log_sigma
    below = min(LARGE_MW, population.tail_site_max)
    share = ndtr((math.log(below) - mu) / sigma) if sigma > 0.0 else 1.0
    drawn = np.exp(mu + sigma * ndtri(inputs.streams.uniform("tail size", 0, slot) * share))
    large = _large_sizes(mu, sigma, population.tail_site_max, min(totals.large_mw, totals.load_mw))
    held = np.bincount(np.arange(len(large)) % count, large, minlength=count)
    mw = np.where(rank == 1, held[owner], 0.0)
    small = np.where(mw > 0.0, 0.0, drawn)
    if not small.any():
        return mw * (totals.load_mw / mw.sum())
    return mw + _scaled(small, totals.load_mw - float(large.sum()))


def _scaled(mw: np.ndarray, total: float) -> np.ndarray:
    """Return sizes scaled to a total, none growing into a large site unless there are too few."""
    if total <= 0.0:
        return np.zeros(len(mw))
    most = float(np.nextafter(LARGE_MW, 0.0))
    low, high = 0.0, total / mw[mw > 0.0].min()
    if total >= most * np.count_nonzero(mw):
        return mw * (total / mw.sum())
    for _ in range(BISECTIONS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if np.minimum(mw * middle, most).sum() < total else (low, middle)
    capped = np.minimum(mw * low, most)
    free = capped < most
    return np.where(free, capped * ((total - capped[~free].sum()) / capped[free].sum()), capped)


def _large_sizes(mu: float, sigma: float, most: float, total: float) -> np.ndarray:
    """Return sizes of large sites that add up to `total`: even quantiles of the distribution."""
    if sigma <= 0.0 or most <= LARGE_MW or total < LARGE_MW:
        return np.zeros(0)
    low, high = (math.log(LARGE_MW) - mu) / sigma, (math.log(most) - mu) / sigma
    mass = ndtr(high) - ndtr(low)
    if mass < 1e-12:
        return np.zeros(0)
    mean = math.exp(mu + sigma**2 / 2) * (ndtr(sigma - low) - ndtr(sigma - high)) / mass
    number = max(min(round(total / mean), int(total / LARGE_MW)), 1)
    quantile = ndtr(low) + (np.arange(number) + 0.5) / number * mass
    over = np.exp(mu + sigma * ndtri(quantile)) - LARGE_MW
    return LARGE_MW + over * (total - number * LARGE_MW) / over.sum()


def _regions(inputs: Inputs, slot: np.ndarray) -> np.ndarray:
    shares = inputs.tables.tail_shares("tail_us_region_share_")
    rows = {row.region: index for index, row in enumerate(inputs.tables.regions)}
    bounds = np.cumsum(list(shares.values()))
    drawn = inputs.streams.uniform("tail region", 0, slot) * bounds[-1]
    region = np.array([rows[name] for name in shares], dtype=np.int64)
    return region[np.searchsorted(bounds, drawn, side="right")]


def _power_costs(inputs: Inputs, sites: Columns) -> np.ndarray:
    """Return USD/MWh from the percentile table, dearer for small sites and hosted machines.

    A firm that mines on the baseline date covers its cash cost, so each draws from the part of the table that
    its machines can afford: who has dear power has good machines.
    """
    tables = inputs.tables
    percentile = np.array([row.percentile for row in tables.power_cost_distribution])
    price = np.array([row.usd_per_mwh for row in tables.power_cost_distribution])
    small = tables.cost("adder_small_site").value * (sites["energised_mw"] < SMALL_MW)
    adder = small + tables.cost("adder_hosted").value * (sites["tenure"] == Tenure.HOSTED)
    paid = inputs.reference_hashprice * (1.0 - tables.cost("pool_fee_small").value)
    worth = breakeven_power_price(paid, sites["efficiency"] * inputs.pue)
    affordable = worth - sites["operating_cost"] - adder
    most = np.interp(affordable, price, percentile, right=100.0)
    drawn = most * inputs.streams.uniform("tail power", 0, sites["slot"])
    return adder + np.interp(drawn, percentile, price)


def _by_slot(columns: Columns, chosen: np.ndarray) -> np.ndarray:
    """Return the chosen rows in an order that no reordering of the tables changes."""
    rows = np.flatnonzero(chosen)
    return rows[np.argsort(columns["slot"][rows])]


def _from_donors(streams: Streams, listed: Columns, slot: np.ndarray, hosted: np.ndarray) -> Columns:
    """Return tenure, contract, fibre and land as listed US sites in operation have them together."""
    fits = listed["us"] & (listed["tenure"] != Tenure.HOSTED) & (listed["energised_mw"] > 0.0)
    donors = _by_slot(listed, fits)
    if not len(donors) and len(slot):
        raise BaselineError("sites.csv: no operating US site, which private sites take after")
    donor = (
        donors[(streams.uniform("tail donor", 0, slot) * len(donors)).astype(np.int64)] if len(slot) else slot
    )
    donor = donor.astype(np.int64)
    return {
        "tenure": np.where(hosted, Tenure.HOSTED, listed["tenure"][donor]),
        "contract": np.where(hosted, Contract.FIXED, listed["contract"][donor]),
        "fibre": listed["fibre"][donor] & ~hosted,
        "land": listed["land"][donor] & ~hosted,
    }


def _pipeline(
    streams: Streams, listed: Columns, slot: np.ndarray, mw: np.ndarray, hosted: np.ndarray, total: float
) -> Columns:
    """Return approved megawatts in proportion to size, at sites of 20 MW and more if there are any."""
    own = np.where(hosted, 0.0, mw)
    base = np.where(own >= MIDDLE_MW, own, 0.0)
    base = base if base.any() else own
    approved = (listed["stage"] == Stage.APPROVED) & (listed["pipeline_start_mw"] > 0.0)
    projects = _by_slot(listed, approved & listed["us"])
    if not base.any() or not len(projects):
        none = np.zeros(len(slot))
        return {
            "pipeline_start_mw": none,
            "stage": np.full(len(slot), int(Stage.OPERATING)),
            "energisation": np.full(len(slot), NEVER),
        }
    pipeline = base * (total / base.sum())
    project = projects[(streams.uniform("tail project", 0, slot) * len(projects)).astype(np.int64)]
    grows = pipeline > 0.0
    return {
        "pipeline_start_mw": pipeline,
        "stage": np.where(grows, Stage.APPROVED, Stage.OPERATING),
        "energisation": np.where(grows, listed["energisation"][project], NEVER),
    }


def _machines(inputs: Inputs, firm_slot: np.ndarray, mw: np.ndarray, totals: Totals, best: float) -> Columns:
    """Return J/TH, lognormal over firms and scaled so that the tail has its hash, and EH/s of each site."""
    tables = inputs.tables
    spread = tables.tail_value("tail_efficiency_log_sigma")
    least = max(tables.tail_value("tail_efficiency_min"), best)
    most = max(tables.tail_value("tail_efficiency_max"), least)
    relative = np.exp(spread * inputs.streams.normal("tail efficiency", 0, firm_slot))
    low, high = least / relative.max(initial=1.0), most / relative.min(initial=1.0)
    for _ in range(BISECTIONS):
        middle = math.sqrt(low * high)
        made = float((mw / np.clip(middle * relative, least, most)).sum()) / inputs.pue
        low, high = (middle, high) if made > totals.hash_eh else (low, middle)
    efficiency = np.clip(math.sqrt(low * high) * relative, least, most)
    return {"efficiency": efficiency, "hash_eh": mw / (efficiency * inputs.pue)}


def find_hosts(sites: Columns, streams: Streams) -> np.ndarray:
    """Return the host's site row of each US hosted row, -1 where no private site can be the host.

    Hosts are private sites of 10 MW and more that are not hosted themselves. Listed miners' rows go to the
    largest hosts of the region in turn; a private firm's row picks one with odds by size (weighted
    rendezvous), so that a new host takes guests over but moves no others.
    """
    hosted = (sites["tenure"] == Tenure.HOSTED) & sites["us"]
    private = sites["private"]
    hosts = np.flatnonzero(private & ~hosted & (sites["energised_mw"] >= SMALL_MW))
    found = np.full(len(hosted), -1, dtype=np.int64)
    for region in np.unique(sites["region"][hosted]):
        local = hosts[sites["region"][hosts] == region]
        if not len(local):
            continue
        size = sites["energised_mw"][local]
        guests = _by_slot(sites, hosted & (sites["region"] == region))
        listed, others = guests[~private[guests]], guests[private[guests]]
        largest = local[np.lexsort((sites["slot"][local], -size))]
        found[listed] = largest[np.arange(len(listed)) % len(largest)]
        if len(others):
            pairs = sites["slot"][others][:, None] ^ sites["slot"][local][None, :]
            score = -np.log(streams.uniform("tail host", 0, pairs)) / size
            found[others] = local[score.argmin(axis=1)]
    return found
