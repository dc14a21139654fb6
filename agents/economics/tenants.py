"""The most a tenant would pay: rent at which a lease is worth as much to it as its best alternative.

Per IT MW and at the tenant's discount rate r, a use that begins at t1 and ends at T, against a hall of its
own that could begin at t2 wherever power comes next (the grid queue, or generation behind the meter):

    lease(R)  = (m + s - c1) A(t1, T) - K1 (exp(-r t1) - q1 exp(-r T)) - R exp(-r t0) a(r - g, T - t0)
    own(t2)   = (m - c2) A(t2, T)     - K  (exp(-r t2) - q  exp(-r T))
    A(t, T)   = (exp(-r t) - exp(-r T))/r,  zero when t is later than T

with margin m, rent R from t0 growing at g, running costs c, capital K of which a share q is left at T, and
service s that the rent covers besides the hall (GPUs and their operation). The highest rent solves
lease(R) = max(own, 0). What it pays for is time to power, m (A(t1, T) - A(t2, T)), and the capital and
running cost it is spared (MODEL 5.6): once power is elsewhere as soon, only the second part is left.

All times are years from now, all money million USD (musd) per IT MW.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, finite, fraction, nonnegative, plain, positive, spread
from agents.economics.discounting import annuity_factor, annuity_of

HOURS_PER_YEAR = 8766.0


class Hall(NamedTuple):
    """A data hall that a tenant builds for itself.

    Attributes:
        capex: K, musd/IT MW.
        residual: q, share of the capex it is worth at the end.
    """

    capex: ArrayLike
    residual: ArrayLike


class Alternatives(NamedTuple):
    """Where else a tenant finds power for a hall of its own.

    Attributes:
        ready: t2, years until the hall there can run; infinite if never.
        running_cost: c2, facility operation and power above the price that the margin already counts,
            musd/IT MW-year.

    Both broadcast to (alternatives, ...), where ... is the shape of the other arguments.
    """

    ready: ArrayLike
    running_cost: ArrayLike


class LeaseOffer(NamedTuple):
    """What a landlord offers, and what is left for the tenant to do.

    Attributes:
        ready: t0, years until delivery, when rent begins.
        fit_out: Years of the tenant's own work before the use begins at t1 = t0 + fit_out.
        term: Years from delivery to the end T.
        escalator: g, continuous growth of the rent, 1/year.
        capex: K1, what the tenant builds, musd/IT MW.
        residual: q1, share of it that the tenant keeps at the end.
        running_cost: c1, facility operation borne by the tenant and power above the price that the margin
            already counts, musd/IT MW-year.
        service: s, what the tenant would otherwise pay for what the rent includes, musd/IT MW-year.
    """

    ready: ArrayLike
    fit_out: ArrayLike
    term: ArrayLike
    escalator: ArrayLike
    capex: ArrayLike
    residual: ArrayLike
    running_cost: ArrayLike
    service: ArrayLike


def power_cost_it(price: ArrayLike, pue: ArrayLike) -> Result:
    """Return what power costs an IT MW in a year, musd: 8766 h x PUE x price / 1e6.

    Args:
        price: Power price (or a difference of prices), USD/MWh.
        pue: Operating power of the hall over that of its IT.
    """
    return plain(HOURS_PER_YEAR / 1e6 * finite("price", price) * np.asarray(positive("pue", pue)))


def capital_annuity(
    capex: ArrayLike, residual: ArrayLike, discount_rate: ArrayLike, years: ArrayLike
) -> Result:
    """Return the yearly cost of equipment used for a time and then sold, K (1 - q exp(-r T)) / a(r, T).

    Args:
        capex: K, musd/IT MW.
        residual: q, share it fetches at the end.
        discount_rate: r, 1/year.
        years: T, years.

    Returns:
        musd/IT MW-year.
    """
    rate, years = positive("discount_rate", discount_rate), positive("years", years)
    left = fraction("residual", residual) * np.exp(-rate * years)
    return plain(nonnegative("capex", capex) * (1.0 - left) / annuity_factor(rate, years))


def own_hall_value(
    margin: ArrayLike, discount_rate: ArrayLike, end: ArrayLike, hall: Hall, alternatives: Alternatives
) -> Result:
    """Return the present value of each alternative up to a date, `own(t2)` above; zero where t2 is no sooner.

    Args:
        margin: m, musd/IT MW-year.
        discount_rate: r, 1/year, positive.
        end: T, years; infinite for good.
        hall: The hall the tenant would build.
        alternatives: Where it would run.

    Returns:
        musd/IT MW, of the broadcast shape; negative where it does not pay.
    """
    given = (
        finite("margin", margin),
        positive("discount_rate", discount_rate),
        finite("running_cost", alternatives.running_cost),
        *hall,
        nonnegative("ready", alternatives.ready, infinite=True),
        nonnegative("end", end, infinite=True),
    )
    table = spread(given)
    discounts = np.exp(-table[1] * table[5:])
    worth = _own_hall_values(table.reshape(len(given), -1), discounts.reshape(2, -1))
    return worth.reshape(table.shape[1:])


@compiled
def _own_hall_values(given: np.ndarray, discounts: np.ndarray) -> np.ndarray:
    values = np.empty(given.shape[1])
    for entry in range(values.size):
        margin, rate, cost, capex, residual, ready, end = given[:, entry]
        at_start, at_end = discounts[:, entry]
        values[entry] = own_hall_of(margin, rate, cost, capex, residual, ready < end, at_start, at_end)
    return values


@compiled
def own_hall_of(
    margin: float,
    rate: float,
    cost: float,
    capex: float,
    residual: float,
    sooner: bool,
    at_start: float,
    at_end: float,
) -> float:
    """Return `own_hall_value` for one entry: capitalised flow less capital from start to end."""
    flow = (margin - cost) / rate
    return (flow - capex) * at_start - (flow - residual * capex) * at_end if sooner else 0.0


def highest_rent(
    margin: ArrayLike,
    discount_rate: ArrayLike,
    offer: LeaseOffer,
    hall: Hall,
    alternatives: Alternatives,
) -> Result:
    """Return the rent at which a tenant is indifferent between an offer and its best alternative.

    Args:
        margin: m, yearly margin before site rent, musd/IT MW-year; usually of shape (buyers, 1).
        discount_rate: r of the tenant, 1/year, positive; likewise.
        offer: What is offered; usually of shape (blocks,).
        hall: The hall the tenant would otherwise build.
        alternatives: Where it would run; the first axis is that of alternatives, such as
            (alternatives, buyers, 1). None has a value below zero: a tenant can also do without.

    Returns:
        First year's rent, musd/IT MW-year, in the broadcast shape. Never above what a year earns; negative
        where the tenant would do better elsewhere even for free.

    Raises:
        ValueError: If a time, capital or rate has the wrong sign, or any is NaN.
    """
    offers = _offered(margin, discount_rate, offer, hall)
    there = nonnegative("ready", alternatives.ready, infinite=True)
    cost = finite("running_cost", alternatives.running_cost)
    others = spread((there, cost), (np.broadcast(there, cost).shape[0], *offers.shape[1:]))
    rows, elsewhere = offers.reshape(len(offers), -1), others.reshape(*others.shape[:2], -1)
    flat, steep = _rent_exponents(rows, elsewhere)
    rents = _highest_rents(rows, elsewhere, np.exp(flat, flat), np.expm1(steep, steep))
    return plain(rents.reshape(offers.shape[1:]))


def _offered(margin: ArrayLike, discount_rate: ArrayLike, offer: LeaseOffer, hall: Hall) -> np.ndarray:
    """Return a checked row for each number that an offer and a tenant come with."""
    given = (
        margin,
        positive("discount_rate", discount_rate),
        nonnegative("ready", offer.ready),
        nonnegative("fit_out", offer.fit_out),
        positive("term", offer.term),
        finite("escalator", offer.escalator),
        offer.capex,
        offer.residual,
        finite("running_cost", offer.running_cost),
        finite("service", offer.service),
        *hall,
    )
    return spread(given)


@compiled
def _rent_exponents(offers: np.ndarray, elsewhere: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the exponents of what start, use, end and each alternative are discounted by, and of annuities.

    The latter are those of the use and of the rent.
    """
    others, entries = elsewhere.shape[1:]
    flat, steep = np.empty((3 + others, entries)), np.empty((2, entries))
    for entry in range(entries):
        rate, ready, fit_out, term, escalator = offers[1:6, entry]
        flat[0, entry] = -rate * ready
        flat[1, entry] = -rate * (ready + fit_out)
        flat[2, entry] = -rate * (ready + term)
        for other in range(others):
            flat[3 + other, entry] = -rate * elsewhere[0, other, entry]
        steep[0, entry] = -rate * max(term - fit_out, 0.0)
        steep[1, entry] = -(rate - escalator) * term
    return flat, steep


@compiled
def _highest_rents(
    offers: np.ndarray, elsewhere: np.ndarray, discounts: np.ndarray, grown: np.ndarray
) -> np.ndarray:
    others, entries = elsewhere.shape[1:]
    rents = np.empty(entries)
    for entry in range(entries):
        margin, rate, ready, fit_out, term, escalator, capex, residual = offers[:8, entry]
        running_cost, service, hall, hall_residual = offers[8:, entry]
        delivered, begins, ends = discounts[:3, entry]
        earns = margin + service - running_cost
        value = earns * begins * annuity_of(rate, max(term - fit_out, 0.0), grown[0, entry])
        value = value - capex * (begins - residual * ends)
        best = 0.0
        for other in range(others):
            there, cost = elsewhere[:, other, entry]
            sooner, at_start = there < ready + term, discounts[3 + other, entry]
            best = max(best, own_hall_of(margin, rate, cost, hall, hall_residual, sooner, at_start, ends))
        rent = delivered * annuity_of(rate - escalator, term, grown[1, entry])
        rents[entry] = min((value - best) / rent, earns)
    return rents
