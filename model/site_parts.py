"""What sites are worth in given hands: machines, megawatts to be filled, pipelines, options on tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.valuation import arrival_of
from agents.tables import Tenure
from model.letting import blocks_on_offer, letting
from model.ownership import machines_on_order

if TYPE_CHECKING:
    from model.appraisal import Holdings
    from model.state import State


def sites_worth(state: State, holdings: Holdings, rates: np.ndarray, discounts: np.ndarray) -> np.ndarray:
    """Return what sites are worth by hand, musd, [5 x hands].

    Rows: mining; pipelines, later options on tenants included; options on tenants of the blocks on offer;
    unlet power, and machines, sold apart and in no hurry. On somebody else's premises only the machines
    count: the megawatts are the host's. `discounts` are those of `model.appraisal`.

    Coming megawatts that buyers do not look at yet are held to gain from a tenant what pipelines gain that
    are on offer now (all blocks, where there is none), once they come within the buyers' horizon.
    """
    sites, scenario, finance = state.sites, state.scenario, state.scenario.finance
    return _site_parts(
        holdings.site,
        holdings.site_hand,
        holdings.fleet,
        holdings.new,
        holdings.block,
        holdings.block_hand,
        holdings.gain,
        holdings.reach,
        *blocks_on_offer(state),
        sites.hash[holdings.site] @ state.machine_price,
        machines_on_order(state),
        rates,
        discounts,
        sites.tenure,
        sites.stage,
        sites.mining_mw,
        sites.idle_mw,
        sites.pipeline_mw,
        sites.convertible,
        sites.us,
        (scenario.bitcoin.machine_resale, finance.site_price, finance.mine_capex),
        (scenario.ai.minimum_block_mw, letting(state).usual, state.signing_rate, scenario.choice.window_rate),
        _chances(state),
    )


def _chances(state: State) -> tuple[float, ...]:
    """Return the chance that pipeline megawatts of each `Stage` energise."""
    finance = state.scenario.finance
    building, approved = finance.probability_construction, finance.probability_approved
    return building, building, approved, finance.probability_option


@compiled
def _site_parts(
    sites: np.ndarray,
    hands: np.ndarray,
    fleet: np.ndarray,
    new: np.ndarray,
    block: np.ndarray,
    block_hand: np.ndarray,
    gain: np.ndarray,
    reach: np.ndarray,
    block_site: np.ndarray,
    from_pipeline: np.ndarray,
    running_new: np.ndarray,
    ordered_new: np.ndarray,
    rate: np.ndarray,
    discounts: np.ndarray,
    tenure: np.ndarray,
    stage: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    pipeline_mw: np.ndarray,
    convertible: np.ndarray,
    us: np.ndarray,
    prices: tuple[float, float, float],
    later: tuple[float, float, float, float],
    chances: tuple[float, ...],
) -> np.ndarray:
    """Return the rows of `sites_worth`."""
    parts, count = np.zeros((5, rate.size)), rate.size
    held, power, worth = (sites, hands), (mining_mw, idle_mw), (fleet, running_new, ordered_new)
    _add_mines(parts, held, new, worth, power, tenure, discounts[:count], prices)
    hidden = _hidden(block_site, from_pipeline, convertible, us)
    coming = pipeline_mw, stage, hidden, discounts[count:].reshape(2, sites.size)
    _add_pipelines(parts, held, new, coming, rate, prices[2], later, chances)
    _add_options(parts, (block, block_hand, gain, reach), block_site, from_pipeline, power, coming, chances)
    return parts


@compiled
def _add_mines(
    parts: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    new: np.ndarray,
    machines: tuple[np.ndarray, np.ndarray, np.ndarray],
    power: tuple[np.ndarray, np.ndarray],
    tenure: np.ndarray,
    refreshed: np.ndarray,
    prices: tuple[float, float, float],
) -> None:
    """Add machines and unlet power; of machines what they are worth, cost new, and cost new on order."""
    (sites, hands), (fleet, running_new, ordered_new), (mining_mw, idle_mw) = held, machines, power
    resale, site_price, _ = prices
    for row in range(sites.size):
        site, hand = sites[row], hands[row]
        own = 0.0 if tenure[site] == Tenure.HOSTED else 1.0
        mining = new[row] * mining_mw[site] * own
        # Nobody keeps machines that are worth less than what they fetch and what would take their place.
        running = max(fleet[row] + mining * refreshed[hand], running_new[row] * resale + mining)
        parts[0, hand] += running + new[row] * idle_mw[site] * own + ordered_new[site]
        parts[3, hand] += site_price * (mining_mw[site] + idle_mw[site]) * own
        parts[4, hand] += (running_new[row] + ordered_new[site]) * resale


@compiled
def _hidden(
    block_site: np.ndarray, from_pipeline: np.ndarray, convertible: np.ndarray, us: np.ndarray
) -> np.ndarray:
    """Return the sites fit for tenants whose pipeline is not on offer."""
    hidden = convertible & us
    for block in range(block_site.size):
        if from_pipeline[block]:
            hidden[block_site[block]] = False
    return hidden


@compiled
def _add_pipelines(
    parts: np.ndarray,
    held: tuple[np.ndarray, np.ndarray],
    new: np.ndarray,
    coming: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    rate: np.ndarray,
    mine_capex: float,
    later: tuple[float, float, float, float],
    chances: tuple[float, ...],
) -> None:
    (sites, hands), (pipeline_mw, stage, hidden, discounts) = held, coming
    least, usual_gain, signing_rate, window_rate = later
    for row in range(sites.size):
        site, hand = sites[row], hands[row]
        mw, chance = pipeline_mw[site], chances[stage[site]]
        worth = mw * chance * max(new[row] - mine_capex, 0.0) * discounts[0, row]
        if hidden[site] and mw >= least:
            reach = arrival_of(signing_rate, window_rate, float(rate[hand]))
            worth += mw * (chance * discounts[1, row]) * usual_gain * reach
        parts[1, hand] += worth


@compiled
def _add_options(
    parts: np.ndarray,
    blocks: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    block_site: np.ndarray,
    from_pipeline: np.ndarray,
    power: tuple[np.ndarray, np.ndarray],
    coming: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    chances: tuple[float, ...],
) -> None:
    """Add what finding a tenant is worth beyond mining, for all unlet megawatts of the blocks' sites."""
    (block, hand, gain, reach), (mining_mw, idle_mw) = blocks, power
    pipeline_mw, stage, _, _ = coming
    for row in range(block.size):
        site, chance = block_site[block[row]], 1.0
        mw = mining_mw[site] + idle_mw[site]
        if from_pipeline[block[row]]:
            mw, chance = pipeline_mw[site], chances[stage[site]]
        parts[2, hand[row]] += mw * chance * gain[row] * reach[row]
