"""What signed leases are worth to a landlord: rents by their tenants' risk, and what was built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.discounting import annuity_of, step_of
from agents.economics.valuation import AT_ONCE, deferred_credit_of, risky_lease_of, spread_cost_of

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0


def lease_worth(state: State, lease: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what live leases are worth to a landlord, cost still to be spent deducted, loans not.

    The sum of `risky_lease_value`, `deferred_credit_gain` and `spread_cost`. A prepayment is owed at its face
    elsewhere; that it is credited late is a gain here.

    Rents are reckoned as if they grew all the time and not once a year, from a level that pays in every lease
    year what the lease pays, as the formulas of value do. In the last year, when the rent is not raised any
    more, what is left comes out too high by half the growth of that rest at most.
    """
    leases, terms = state.leases, state.terms
    growth = np.log1p(leases.escalator[lease])
    times = leases.delivery, leases.term, leases.promised
    payer = leases.backstop, leases.default_hazard, state.scenario.ai.default_investment_grade
    ahead, flat, steep = _outlook(lease, rate, growth, *times, *payer, state.month)
    rents = leases.rent_now, leases.it_mw, leases.operating_margin, leases.prepaid
    built = leases.product, leases.capex, leases.capex_spent, leases.tenant_capex_share, leases.at_start
    discounts, grown = np.exp(flat, flat), np.expm1(steep, steep)
    return _worth(lease, rate, growth, ahead, discounts, grown, *rents, *built, terms.capex, terms.residual)


@compiled
def _outlook(
    lease: np.ndarray,
    rate: np.ndarray,
    growth: np.ndarray,
    delivery: np.ndarray,
    term: np.ndarray,
    promised: np.ndarray,
    backstop: np.ndarray,
    default_hazard: np.ndarray,
    guarantee: float,
    month: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what is ahead of each lease, [4 x leases], and exponents of its discounts and annuities.

    Ahead are: the default hazard of who pays in the end, the tenant or a guarantor of investment grade; years
    of rent left; of crediting a prepayment; of building. Discounts, [4 x leases]: growth since the rent in
    force was raised (the coming month may be an anniversary), the term, the wait for delivery, that for
    credits. Annuities, [5 x leases]: a year's growth, rents, the term, credits, building.
    """
    ahead, flat, steep = np.empty((4, lease.size)), np.empty((4, lease.size)), np.empty((5, lease.size))
    for row in range(lease.size):
        each = lease[row]
        hazard = min(default_hazard[each], guarantee) if backstop[each] else default_hazard[each]
        wait, years, begin, credited, since = _calendar(int(delivery[each]), int(term[each]), month)
        build = max(max(promised[each] - month - 1, 0) / MONTHS, AT_ONCE)
        risky = rate[row] + hazard
        ahead[:, row] = hazard, years, credited, build
        flat[0, row] = growth[row] * since
        flat[1, row] = -risky * years
        flat[2, row] = -risky * wait
        flat[3, row] = -risky * begin
        steep[0, row] = growth[row]
        steep[1, row] = -(risky - growth[row]) * years
        steep[2, row] = -risky * years
        steep[3, row] = -risky * credited
        steep[4, row] = -rate[row] * build
    return ahead, flat, steep


@compiled
def _calendar(delivery: int, term: int, month: int) -> tuple[float, float, float, float, float]:
    """Return years until delivery, of rent, until credits begin, of credits, and since the last raise."""
    wait = max(delivery - month - 1, 0)
    left = max(delivery + term - month - 1 - wait, 0)
    begin = delivery + PREPAYMENT_CREDIT_START * MONTHS - month - 1
    begin = min(max(begin, 0.0), float(wait + left))
    credited = max((wait + left - begin) / MONTHS, AT_ONCE)
    age = max(month + 1 - delivery, 0)
    since = MONTHS if age > 0 and age % MONTHS == 0.0 else age % MONTHS
    return wait / MONTHS, left / MONTHS, begin / MONTHS, credited, since / MONTHS


@compiled
def _worth(
    lease: np.ndarray,
    rate: np.ndarray,
    growth: np.ndarray,
    ahead: np.ndarray,
    discounts: np.ndarray,
    grown: np.ndarray,
    rent_now: np.ndarray,
    it_mw: np.ndarray,
    operating_margin: np.ndarray,
    prepaid: np.ndarray,
    product: np.ndarray,
    capex: np.ndarray,
    capex_spent: np.ndarray,
    tenant_capex_share: np.ndarray,
    at_start: np.ndarray,
    usual_capex: np.ndarray,
    residual: np.ndarray,
) -> np.ndarray:
    """Return the values, from the exponentials of what `_outlook` returns."""
    worth = np.empty(lease.size)
    for row in range(lease.size):
        each, kind = lease[row], product[lease[row]] - 1
        hazard, years, credited, build = ahead[:, row]
        risky = rate[row] + hazard
        rent = rent_now[each] * step_of(growth[row], grown[0, row]) * discounts[0, row]
        income = rent * it_mw[each] * operating_margin[each]
        usual = usual_capex[kind] * it_mw[each] * (1.0 - tenant_capex_share[each])
        # Old contracts state what was built by its cost.
        scale = capex[each] / max(usual, 1e-9) if at_start[each] and usual > 0.0 else 1.0
        back = float(residual[kind] * it_mw[each] * scale)
        rents = annuity_of(risky - growth[row], years, grown[1, row])
        occupied = annuity_of(risky, years, grown[2, row])
        value = risky_lease_of(income, back, hazard, rents, discounts[1, row], occupied, discounts[2, row])
        owed = float(max(prepaid[each], 0.0))
        value += deferred_credit_of(owed, risky, credited, grown[3, row], discounts[3, row])
        unspent = float(max(capex[each] - capex_spent[each], 0.0))
        worth[row] = value - spread_cost_of(unspent, rate[row], build, grown[4, row])
    return worth
