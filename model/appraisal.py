"""What the holdings of a firm are worth in given hands: mines, leases, pipelines, options on tenants.

`Holdings` lists sites, leases, blocks and clients with the *hand* each is valued for. Valuing every firm has
one hand per firm; a bid has two per target, its own and the acquirer's. All values are million USD (musd).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.economics.discounting import annuity_of
from agents.economics.valuation import overhead_of
from model.lease_worth import lease_worth
from model.site_parts import sites_worth

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0
HOURS_PER_YEAR = 8766.0


class Hands(NamedTuple):
    """Who values, one entry per hand.

    Attributes:
        rate: Cost of capital for mining, 1/year.
        lease_rate: Cost of capital for lease cash flows, 1/year.
        overhead: General and administrative cost the holdings then need, musd a month.
    """

    rate: np.ndarray
    lease_rate: np.ndarray
    overhead: np.ndarray


class Holdings(NamedTuple):
    """What is valued: rows of the sites, leases and block tables, and the hand each is valued for.

    Attributes:
        site: Site rows, [n], with `site_hand`.
        fleet: What their machines are worth, musd, [n].
        new: What filling an empty megawatt is worth, musd/MW, [n].
        lease: Live lease rows, with `lease_hand`.
        block: Rows of the month's block table, with `block_hand`.
        gain: What letting a block is worth beyond mining on, musd/MW, [blocks].
        reach: Present value of one paid when a tenant is found, [blocks].
        guest: Hosted site rows whose host is held, with `guest_hand`.
        guest_new: What an empty megawatt of the host is worth, musd/MW, [guests].
    """

    site: np.ndarray
    site_hand: np.ndarray
    fleet: np.ndarray
    new: np.ndarray
    lease: np.ndarray
    lease_hand: np.ndarray
    block: np.ndarray
    block_hand: np.ndarray
    gain: np.ndarray
    reach: np.ndarray
    guest: np.ndarray
    guest_hand: np.ndarray
    guest_new: np.ndarray


class Parts(NamedTuple):
    """Sum of parts by hand, musd, before debt and treasury.

    Attributes:
        mining: Machines, their refresh and empty megawatts, net of the overhead of unlet megawatts.
        leases: Signed leases, net of the overhead of let megawatts.
        pipeline: Coming megawatts and options on tenants; no overhead.
        break_up: What everything fetches when sold piece by piece and in no hurry; not a part.
    """

    mining: np.ndarray
    leases: np.ndarray
    pipeline: np.ndarray
    break_up: np.ndarray

    @property
    def enterprise(self) -> np.ndarray:
        """Return enterprise value."""
        return self.mining + self.leases + self.pipeline


def appraise(state: State, holdings: Holdings, hands: Hands) -> Parts:
    """Return the parts of each hand's holdings; as a whole never less than they fetch when broken up.

    Overhead is reckoned for as long as the present business lasts, as the machines and rents that pay for it
    are, and each megawatt in use, mined on or let, bears the same of it. Hosting is worth its margin while
    the machines live, then their megawatts.
    """
    sites, leases, scenario = state.sites, state.leases, state.scenario
    life = scenario.bitcoin.machine_life
    held = holdings.site, holdings.site_hand, holdings.lease, holdings.lease_hand
    megawatts, contracts = (sites.mining_mw, sites.idle_mw), (leases.gross_mw, leases.delivery, leases.term)
    months = state.month, scenario.ai.planning_months
    business, flat, steep = _ahead(
        hands.rate, *held, *megawatts, sites.energisation, *contracts, months, life
    )
    discounts, grown = np.exp(flat, flat), np.expm1(steep, steep)
    parts = _whole(
        sites_worth(state, holdings, hands.rate, discounts),
        lease_worth(state, holdings.lease, hands.lease_rate[holdings.lease_hand]),
        holdings.lease_hand,
        holdings.guest,
        holdings.guest_hand,
        holdings.guest_new,
        sites.hosting_margin,
        *megawatts,
        hands.rate,
        hands.overhead,
        business,
        discounts,
        grown,
        (life, HOURS_PER_YEAR * 1e-6 * scenario.power.availability),
        1.0 - scenario.finance.distress_discount_single,
    )
    return Parts(*parts)


@compiled
def _ahead(
    rate: np.ndarray,
    site: np.ndarray,
    site_hand: np.ndarray,
    lease: np.ndarray,
    lease_hand: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    energisation: np.ndarray,
    gross_mw: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    months: tuple[int, int],
    life: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each hand's business, and the exponents of discounts and of annuities.

    Business: how long it lasts, which is the machines' life, or lease terms, by megawatts, and the part of
    its megawatts let, [2 x hands]. Discounts: on the next refresh by hand, then on coming megawatts and on
    later options by site, end to end. Annuities: over half a machine's life, and as long as business lasts,
    [2 x hands]. Machines are half way through their life on average when the next refresh begins.
    """
    count, (month, planning_months) = rate.size, months
    business = _business(
        site, site_hand, lease, lease_hand, mining_mw, idle_mw, gross_mw, delivery, term, month, life, count
    )
    flat, steep = np.empty(count + 2 * site.size), np.empty((2, count))
    for hand in range(count):
        flat[hand] = steep[0, hand] = -rate[hand] * (0.5 * life)
        steep[1, hand] = -rate[hand] * business[0, hand]
    for row in range(site.size):
        owed, left = -rate[site_hand[row]], energisation[site[row]] - month
        flat[count + row] = owed * (max(left - 1, 0) / MONTHS)
        flat[count + site.size + row] = owed * (max(left - planning_months, 0) / MONTHS)
    return business, flat, steep


@compiled
def _business(
    site: np.ndarray,
    site_hand: np.ndarray,
    lease: np.ndarray,
    lease_hand: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    gross_mw: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    month: int,
    life: float,
    count: int,
) -> np.ndarray:
    unlet, let, let_years = np.zeros(count), np.zeros(count), np.zeros(count)
    for row in range(site.size):
        unlet[site_hand[row]] += mining_mw[site[row]] + idle_mw[site[row]]
    for row in range(lease.size):
        each, hand = lease[row], lease_hand[row]
        end = delivery[each] + term[each] - month - 1
        let[hand] += gross_mw[each]
        let_years[hand] += gross_mw[each] * max(end, 0) / MONTHS
    lasts = np.empty((2, count))
    for hand in range(count):
        total = unlet[hand] + let[hand]
        below = total if total > 0.0 else 1.0
        lasts[0, hand] = (unlet[hand] * life + let_years[hand]) / below if total > 0.0 else life
        lasts[1, hand] = let[hand] / below
    return lasts


@compiled
def _whole(
    found: np.ndarray,
    lease: np.ndarray,
    lease_hand: np.ndarray,
    guest: np.ndarray,
    guest_hand: np.ndarray,
    guest_new: np.ndarray,
    hosting_margin: np.ndarray,
    mining_mw: np.ndarray,
    idle_mw: np.ndarray,
    rate: np.ndarray,
    overhead: np.ndarray,
    business: np.ndarray,
    discounts: np.ndarray,
    grown: np.ndarray,
    hosting: tuple[float, float],
    kept: float,
) -> np.ndarray:
    """Return the fields of `Parts`, one row each, from what `sites_worth`, leases and clients are worth.

    `discounts` and `grown` are the exponentials of what `_ahead` returns, `kept` what a sale in no hurry
    leaves of the worth of places.
    """
    parts, leases = np.empty((4, rate.size)), np.zeros(rate.size)
    power = hosting_margin, mining_mw, idle_mw
    hosted = _hosting(guest, guest_hand, guest_new, power, rate, discounts, grown[0], hosting)
    for row in range(lease.size):
        leases[lease_hand[row]] += lease[row]
    for hand in range(rate.size):
        mines, pipeline = found[0, hand] + hosted[hand], found[2, hand] + found[1, hand]
        lasts, let = business[:, hand]
        cost = overhead_of(overhead[hand], rate[hand], lasts, grown[1, hand])
        places = found[3, hand] + max(leases[hand], 0.0) + max(pipeline, 0.0)
        mining, signed = mines - cost * (1.0 - let), leases[hand] - cost * let
        pieces = places * kept + found[4, hand]
        parts[0, hand] = mining + max(pieces - mining - signed - pipeline, 0.0)
        parts[1, hand], parts[2, hand] = signed, pipeline
        parts[3, hand] = places + found[4, hand]
    return parts


@compiled
def _hosting(
    guest: np.ndarray,
    guest_hand: np.ndarray,
    guest_new: np.ndarray,
    power: tuple[np.ndarray, np.ndarray, np.ndarray],
    rate: np.ndarray,
    discounts: np.ndarray,
    grown: np.ndarray,
    hosting: tuple[float, float],
) -> np.ndarray:
    """Return what clients are worth to their hosts, by hand.

    `hosting` is how many years their machines live, and what one USD/MWh earns a megawatt, musd/year.
    """
    (margin, mining_mw, idle_mw), (years, earned) = power, hosting
    worth = np.zeros(rate.size)
    for row in range(guest.size):
        site, hand, new = guest[row], guest_hand[row], guest_new[row]
        yearly = margin[site] * earned
        per_mw = yearly * annuity_of(float(rate[hand]), years, float(grown[hand])) + new * discounts[hand]
        worth[hand] += mining_mw[site] * per_mw + idle_mw[site] * new
    return worth
