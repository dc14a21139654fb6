"""What a block of megawatts is worth: mined, let as a powered shell, or built out for AI.

All values are million USD per gross MW (musd/MW) at the firm's own cost of capital; rents are first-year
rents in musd per IT MW-year. A lease is worth `slope x rent + level` per IT MW, so the rent at which a
landlord is indifferent is found without search. Source: Dixit and Pindyck 1994 for the values of machines.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.economics.discounting import annuity_factor, annuity_of


class ProductTerms(NamedTuple):
    """What the three products for AI tenants cost and last, each of shape (3,): shell, colocation, cloud.

    Attributes:
        capex: Landlord's cost of building, musd/IT MW.
        hall: Part of it that is building and plant, reusable if a fitted hall stands empty, musd/IT MW.
        margin: Net operating income over rent.
        years: Term, years.
        lead: From signing to delivery, years, expected slips included.
        residual: Worth of what was built after the term, musd/IT MW.
        prepaid: Prepayment as a share of the contract.
        tenant_share: Part of the capex the tenant pays.
        escalator: Yearly growth of the rent (one number).
    """

    capex: np.ndarray
    hall: np.ndarray
    margin: np.ndarray
    years: np.ndarray
    lead: np.ndarray
    residual: np.ndarray
    prepaid: np.ndarray
    tenant_share: np.ndarray
    escalator: float


PREPAYMENT_CREDIT_START = 2.0
"""Years after delivery from which prepayments are credited back (the contract's year three)."""


def lease_line(
    terms: ProductTerms, ready: np.ndarray, discount_rate: np.ndarray, fitted_share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return slope and level of the value of a lease in its rent, per IT MW.

    Value = rent x margin x annuity + time value of the prepayment - landlord's capex + residual, all
    discounted to signing. Capex falls evenly over the build. In the limit of no delay, no capex and no
    residual the slope is margin times `lease_annuity` and the level zero.

    Args:
        terms: The products.
        ready: Years from signing to delivery, shape (n, 3).
        discount_rate: Landlord's rate for lease cash flows, 1/year, shape (n,).
        fitted_share: Part of the block for which an empty hall already stands, 0 to 1, shape (n,).

    Returns:
        `(slope, level)`: musd per IT MW per unit of rent, and musd per IT MW, each of shape (n, 3).
    """
    years, growth = terms.years, terms.escalator
    flat, steep = _line_exponents(ready, discount_rate, years, growth)
    line, discounts, grown = np.empty((2, *ready.shape)), np.exp(flat, flat), np.expm1(steep, steep)
    prepaid = terms.prepaid * _nominal(growth, tuple(years.tolist()))
    own_capex = terms.capex * (1.0 - terms.tenant_share)
    rates, paid, costs = (discount_rate, growth), (terms.margin, prepaid), (own_capex, terms.hall)
    _draw_line(line, ready, fitted_share, discounts, grown, years, *rates, *paid, *costs, terms.residual)
    return line[0], line[1]


@lru_cache
def _nominal(escalator: float, years: tuple[float, ...]) -> np.ndarray:
    """Return undiscounted rent over the term over that of the first year, by product, [3]."""
    return annuity_factor(-escalator, np.array(years))


@compiled
def _line_exponents(
    ready: np.ndarray, rate: np.ndarray, years: np.ndarray, escalator: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the exponents of what a line discounts by, and of its annuities, each [3 x n x products]."""
    count, products = ready.shape
    flat, steep = np.empty((3, count, products)), np.empty((3, count, products))
    for block in range(count):
        owed = -rate[block]
        for product in range(products):
            wait = ready[block, product]
            flat[0, block, product] = owed * wait
            flat[1, block, product] = owed * (wait + years[product])
            flat[2, block, product] = owed * PREPAYMENT_CREDIT_START
            steep[0, block, product] = -(rate[block] - escalator) * years[product]
            steep[1, block, product] = owed * max(years[product] - PREPAYMENT_CREDIT_START, 0.0)
            steep[2, block, product] = owed * max(wait, 1e-9)
    return flat, steep


@compiled
def _draw_line(
    line: np.ndarray,
    ready: np.ndarray,
    fitted_share: np.ndarray,
    discounts: np.ndarray,
    grown: np.ndarray,
    years: np.ndarray,
    rate: np.ndarray,
    escalator: float,
    margin: np.ndarray,
    prepaid: np.ndarray,
    own_capex: np.ndarray,
    hall: np.ndarray,
    residual: np.ndarray,
) -> None:
    """Write slope and level, [2 x n x products]; `prepaid` is in years' worth of the first rent."""
    for block in range(ready.shape[0]):
        each = rate[block]
        for product in range(ready.shape[1]):
            at_start, after, begun = discounts[:, block, product]
            annuity = annuity_of(each - escalator, years[product], grown[0, block, product])
            slope = margin[product] * annuity * at_start
            if prepaid[product] > 0.0:
                credited = max(years[product] - PREPAYMENT_CREDIT_START, 0.0)
                kept = at_start * begun * annuity_of(each, credited, grown[1, block, product])
                slope += prepaid[product] * (1.0 - kept / (credited if credited > 0.0 else 1.0))
            build = max(ready[block, product], 1e-9)
            spent = annuity_of(each, build, grown[2, block, product]) / build
            own = own_capex[product] - hall[product] * fitted_share[block]
            line[0, block, product] = slope
            line[1, block, product] = residual[product] * after - max(own, 0.0) * spent


def reserve_rent(slope: np.ndarray, level: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return the least rent at which a lease is worth `needed`, never below zero.

    Args:
        slope: Of `lease_line`, shape (n, 3), positive.
        level: Of `lease_line`, shape (n, 3).
        needed: Value per IT MW that the lease must bring, shape (n, 3) or (n, 1).

    Returns:
        musd per IT MW-year, shape (n, 3).
    """
    return np.maximum((needed - level) / slope, 0.0)


def new_mine_value(
    value_per_th: np.ndarray,
    price_per_th: float,
    efficiency: float,
    infrastructure: np.ndarray | float,
    discount_rate: np.ndarray,
    life: float,
) -> np.ndarray:
    """Return what filling an empty megawatt with the best machine is worth, refreshed for ever.

    The net present value of one generation of machines, repeated every `life` years with margins and prices
    in the same proportion, as when machines improve as fast as the hashprice decays; zero where it does not
    pay.

    Args:
        value_per_th: Value of the machine at the site, USD/TH, shape (n,).
        price_per_th: Its price, USD/TH.
        efficiency: J/TH at the meter.
        infrastructure: Mining infrastructure still to be built, musd/MW.
        discount_rate: Rate, 1/year, shape (n,).
        life: Years between refreshes.

    Returns:
        musd per MW, shape (n,).
    """
    per_generation = (value_per_th - price_per_th) / efficiency
    forever = 1.0 / -np.expm1(-discount_rate * life)
    return np.maximum(np.maximum(per_generation, 0.0) * forever - infrastructure, 0.0)
