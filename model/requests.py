"""Requests in the interconnection queues: where they stand, and what becomes of them.

Requests are a fluid: megawatts of one row withdraw and connect in parts. Operators serve them in the order of
filing, those of a month in proportion; under an auction, in the order of bids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.columns import rows_where
from agents.compiled import compiled
from agents.economics.grid import turns, wait_behind, years_alone
from agents.economics.queues import backlog_wait
from model.queue_places import leave, places, prospects, shared_out
from model.tenants import discount_rates, hall_lead, request_bids

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0
MEGAWATTS = 1e-6
"""Slack of sums of megawatts."""
NO_ORDER = np.empty(0, dtype=np.int64)
"""Where no bids decide who comes first."""
GUMBEL = np.sqrt(6.0) / np.pi
"""Scale of a Gumbel variable with standard deviation one."""


def waiting(state: State) -> np.ndarray:
    """Return the rows of requests that still wait."""
    return rows_where(state.requests.mw > 0.0)


def by_region(state: State, rows: np.ndarray, mw: np.ndarray) -> np.ndarray:
    """Return megawatts of requests summed by region."""
    return np.bincount(state.requests.region[rows], mw, minlength=len(state.regions))


def queued(state: State) -> np.ndarray:
    """Return the megawatts that wait in each region."""
    return np.bincount(state.requests.region, state.requests.mw, minlength=len(state.regions))


def bidding_order(state: State) -> np.ndarray:
    """Return all requests region by region from the highest bid down; none where bids do not decide."""
    if state.scenario.power.queue_mode != "auction":
        return NO_ORDER
    requests = state.requests
    slot = state.hyperscalers.slot[requests.buyer]
    return np.lexsort((slot, requests.filed, -requests.bid, requests.region))


def expected_connections(state: State, month: int, ahead: list[int]) -> np.ndarray:
    """Return what each buyer can expect to be connected from its queued requests, MW, [horizons x buyers].

    Args:
        state: The state.
        month: Month from which the horizons count.
        ahead: Horizons, months, rising.
    """
    requests, grid, withdrawal = state.requests, state.grid, state.scenario.power.withdrawal
    years = np.array(ahead) / MONTHS
    rows, told = prospects(
        requests.region,
        requests.filed,
        requests.studied,
        requests.mw,
        bidding_order(state),
        grid.lead_months,
        grid.study_wait,
        grid.headroom,
        state.regions.capacity_mw_month,
        month,
        ahead[-1],
    )
    left, served = np.exp(-withdrawal * told[4]), turns(told[2:], withdrawal)
    columns = requests.buyer, requests.mw, rows
    return shared_out(*columns, told, left, served, years, len(state.hyperscalers))


def withdraw(state: State, allowed: np.ndarray) -> np.ndarray:
    """Let requests leave: some every month, all that are no longer needed, and those a deposit deters.

    Args:
        state: The state.
        allowed: MW each buyer still needs.

    Returns:
        MW each buyer has queued after that.
    """
    requests, regions, power = state.requests, state.regions, state.scenario.power
    stays = float(np.exp(-power.withdrawal / MONTHS))
    regions.speculative_mw *= stays
    gone, queued = leave(requests.region, requests.buyer, requests.mw, allowed, stays, len(regions))
    regions.withdrawn_mw += gone
    if power.queue_mode in ("entry_fee", "auction") and studies_end(state):
        rows = waiting(state)
        _collect(state, rows)
        queued = np.bincount(requests.buyer[rows], requests.mw[rows], minlength=len(allowed))
    return queued


def _collect(state: State, rows: np.ndarray) -> None:
    """Ask for money: nobody pays for a request that is not meant, nor more than a year's wait is worth."""
    power = state.scenario.power
    if power.queue_mode == "auction" or power.entry_fee > 0.0:
        state.regions.speculative_mw = 0.0
    if power.queue_mode == "entry_fee":
        deterred = rows[state.requests.bid[rows] * state.scenario.leases.it_to_gross < power.entry_fee]
        state.regions.withdrawn_mw += by_region(state, deterred, state.requests.mw[deterred])
        state.requests.mw[deterred] = 0.0


def _fee(state: State) -> float:
    """Return what a request costs, musd/MW."""
    power = state.scenario.power
    return power.entry_fee if power.queue_mode == "entry_fee" else 0.0


def file_requests(state: State, lacking: np.ndarray) -> None:
    """File one request per buyer, in the region that suits the project best.

    Each month's project has its own taste for regions, spread like the buyers' (`ai.region_taste`), and finds
    sites in proportion to what operators can connect: a logit in the log of the hall's expected value.
    """
    grid, scenario = state.grid, state.scenario
    if not np.maximum.reduce(lacking) >= scenario.ai.minimum_block_mw:
        return
    rate, bid, waits = discount_rates(state), request_bids(state), grid.waits
    factors = _exponents(waits, rate, hall_lead(state), scenario.power.withdrawal)
    np.exp(factors, factors)
    drawn = np.log(state.streams.uniform("queue region", state.month, grid.slots))
    to_gross, capacity = scenario.leases.it_to_gross, state.regions.capacity_mw_month
    appeals = _appeals(waits, rate, bid, factors, drawn, capacity, to_gross, _fee(state))
    np.log(appeals, appeals)
    spread = max(scenario.ai.region_taste * GUMBEL, MEGAWATTS)
    file(state, *_projects(appeals, lacking, bid, spread, scenario.ai.minimum_block_mw))


@compiled
def _exponents(waits: np.ndarray, rate: np.ndarray, lead: float, withdrawal: float) -> np.ndarray:
    """Return the logs of what a wait leaves of a hall's value and of a request, [2 x buyers x regions].

    A hall takes its time to build; a request has to outlast its wait, so a long queue costs more than time.
    """
    exponents = np.zeros((2, *waits.shape))
    for buyer in range(waits.shape[0]):
        for region in range(waits.shape[1]):
            wait = waits[buyer, region]
            # Where nothing is connected there is no value to take anything from.
            if wait < np.inf:
                exponents[0, buyer, region] = -rate[buyer] * max(wait, lead)
                exponents[1, buyer, region] = -withdrawal * wait
    return exponents


@compiled
def _appeals(
    waits: np.ndarray,
    rate: np.ndarray,
    bid: np.ndarray,
    factors: np.ndarray,
    drawn: np.ndarray,
    capacity: np.ndarray,
    it_to_gross: float,
    fee: float,
) -> np.ndarray:
    """Return what draws a project to a region, before logs are taken, [2 buyers + 1 x regions].

    First what a hall is worth to each buyer, musd/IT MW, no number where none pays; then minus the log of
    what each drew; last what operators can connect.
    """
    buyers, regions = bid.shape
    appeals = np.empty((2 * buyers + 1, regions))
    for region in range(regions):
        appeals[2 * buyers, region] = max(capacity[region], 1e-300)
        for buyer in range(buyers):
            worth = 0.0
            if waits[buyer, region] < np.inf and bid[buyer, region] * it_to_gross >= fee:
                worth = bid[buyer, region] / rate[buyer]
                worth = worth * factors[0, buyer, region] * factors[1, buyer, region]
            appeals[buyer, region] = worth if worth > 0.0 else np.nan
            appeals[buyers + buyer, region] = -drawn[buyer, region]
    return appeals


@compiled
def _projects(
    appeals: np.ndarray, lacking: np.ndarray, bid: np.ndarray, spread: float, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return region, buyer, MW and bid of one project for each buyer who lacks enough and has where to go.

    What draws it to a region are the logs of `_appeals`.
    """
    regions, buyers, count = np.empty(lacking.size, np.int64), np.empty(lacking.size, np.int64), 0
    mw, bids = np.empty(lacking.size), np.empty(lacking.size)
    for buyer in range(lacking.size):
        if lacking[buyer] < least:
            continue
        best, most = -1, -np.inf
        for region in range(appeals.shape[1]):
            value, unlike, found = (
                appeals[buyer, region],
                appeals[lacking.size + buyer, region],
                appeals[-1, region],
            )
            appeal = value / spread - unlike + found
            # Where no request pays, there is no number to compare.
            if appeal > most:
                best, most = region, appeal
        if best >= 0:
            regions[count], buyers[count] = best, buyer
            mw[count], bids[count] = lacking[buyer], bid[buyer, best]
            count += 1
    return regions[:count], buyers[:count], mw[:count], bids[:count]


def file(state: State, region: np.ndarray, buyer: np.ndarray, mw: np.ndarray, bid: np.ndarray) -> None:
    """File requests this month, and the speculative ones that come with them."""
    if not len(mw):
        return
    state.requests.add(
        len(mw), {"region": region, "buyer": buyer, "filed": state.month, "mw": mw, "bid": bid}
    )
    arrived = np.bincount(region, mw, minlength=len(state.regions))
    state.regions.arrived_mw += arrived
    state.regions.speculative_mw += state.scenario.power.speculation * arrived


def study(state: State) -> None:
    """Let the operators study what was filed.

    In batches, everything filed before a date leaves its study together. First come first served, requests
    are studied one by one, speculative ones in between, and those leave when their turn comes.
    """
    in_turn = state.scenario.power.queue_mode == "fcfs"
    if not (in_turn or studies_end(state)):
        return
    rows = waiting(state)
    rows = rows[~state.requests.studied[rows]]
    if in_turn:
        _study_in_turn(state, rows)
    else:
        state.requests.studied[rows[state.requests.filed[rows] < state.month]] = True


def studies_end(state: State) -> bool:
    """Return whether a batch of studies ends this month."""
    return (state.month + 1) % state.scenario.power.batch_months == 0


def _study_in_turn(state: State, rows: np.ndarray) -> None:
    regions, requests, grid = state.regions, state.requests, state.grid
    power = state.scenario.power
    mw = requests.mw[rows]
    region = requests.region[rows]
    serious = by_region(state, rows, mw)
    total = serious + regions.speculative_mw
    # An operator with nothing to study saves up no studies.
    effort = np.minimum(grid.study_effort + power.study_scale * regions.capacity_mw_month, total)
    mixed = total / np.where(serious > 0.0, serious, 1.0)
    ahead, place = places(requests.region, requests.filed, NO_ORDER, rows, mw, len(regions))
    done = (ahead + place) * mixed[region] <= effort[region]
    requests.studied[rows[done]] = True
    used = by_region(state, rows[done], mw[done]) * mixed
    used = np.where(serious > 0.0, used, effort)
    asked = used * regions.speculative_mw / np.where(total > 0.0, total, 1.0)
    regions.speculative_mw -= np.minimum(asked, regions.speculative_mw)
    grid.study_effort = effort - used


def report(state: State) -> None:
    """Renew the size of each queue and the wait of a request filed now."""
    regions, grid, power = state.regions, state.grid, state.scenario.power
    regions.queue_mw = queued(state)
    grid.study_wait[:] = _study_wait(state)
    ahead = _outbid(state) if power.queue_mode == "auction" else regions.queue_mw[None]
    alone = _alone_behind(ahead, grid.headroom, regions.capacity_mw_month)
    logs, columns = np.log1p(power.withdrawal * alone), (grid.lead_months, grid.study_wait)
    _set_waits(alone, logs, power.withdrawal, *columns, regions.capacity_mw_month, grid.waits)
    # Regions outside the pool connect nobody: they have no queue to wait in.
    pool = grid.near_term_rate > 0.0
    weight = np.maximum(state.hyperscalers.demand_share, MEGAWATTS)
    regions.wait_years[pool] = weight @ grid.waits[:, pool] / np.add.reduce(weight)


@compiled
def _alone_behind(ahead: np.ndarray, headroom: np.ndarray, capacity: np.ndarray) -> np.ndarray:
    """Return the years operators take for what is ahead if nobody leaves, [1 or buyers x regions]."""
    alone = np.empty(ahead.shape)
    for buyer in range(ahead.shape[0]):
        for region in range(ahead.shape[1]):
            behind = max(ahead[buyer, region] - headroom[region], 0.0)
            alone[buyer, region] = years_alone(behind, capacity[region] * MONTHS)
    return alone


@compiled
def _set_waits(
    alone: np.ndarray,
    logs: np.ndarray,
    withdrawal: float,
    lead_months: np.ndarray,
    study_wait: np.ndarray,
    capacity: np.ndarray,
    waits: np.ndarray,
) -> None:
    """Write the years each buyer's request would wait in each region, endless where nothing is connected."""
    for buyer in range(waits.shape[0]):
        each = min(buyer, alone.shape[0] - 1)
        for region in range(waits.shape[1]):
            behind = wait_behind(alone[each, region], logs[each, region], withdrawal)
            least = max(lead_months[region] / MONTHS, study_wait[region])
            waits[buyer, region] = max(behind, least) if capacity[region] * MONTHS > 0.0 else np.inf


def _study_wait(state: State) -> np.ndarray | float:
    power, regions = state.scenario.power, state.regions
    if power.queue_mode != "fcfs":
        # Filed next month at the earliest, studied with the batch that ends after it.
        left = -(state.month + 1) % power.batch_months
        return left / MONTHS
    rows = waiting(state)
    unstudied = rows[~state.requests.studied[rows]]
    load = by_region(state, unstudied, state.requests.mw[unstudied]) + regions.speculative_mw
    studies = power.study_scale * regions.capacity_mw_month * MONTHS
    return np.asarray(backlog_wait(load, studies, power.withdrawal))


def _outbid(state: State) -> np.ndarray:
    """Return the MW whose bids are above what each buyer would bid now, [buyers x regions]."""
    rows, requests, bid = waiting(state), state.requests, request_bids(state)
    region = requests.region[rows]
    above = (requests.bid[rows][None, :] > bid[:, region]) * requests.mw[rows]
    return np.stack([np.bincount(region, each, minlength=len(state.regions)) for each in above])
