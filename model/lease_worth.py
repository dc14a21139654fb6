"""What signed leases are worth to a landlord: rents by their tenants' risk, and what was built."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.compiled import compiled
from agents.economics.blocks import PREPAYMENT_CREDIT_START
from agents.economics.discounting import yearly_step
from agents.economics.valuation import deferred_credit_gain, risky_lease_value, spread_cost

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0


class _LeaseColumns(NamedTuple):
    delivery: np.ndarray
    term: np.ndarray
    promised: np.ndarray
    product: np.ndarray
    it_mw: np.ndarray
    capex: np.ndarray
    capex_spent: np.ndarray
    tenant_capex_share: np.ndarray
    at_start: np.ndarray
    backstop: np.ndarray
    default_hazard: np.ndarray


def lease_worth(state: State, lease: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Return what live leases are worth to a landlord, cost still to be spent deducted, loans not.

    A prepayment is owed at its face elsewhere; that it is credited late is a gain here.

    Rents are reckoned as if they grew all the time and not once a year, from a level that pays in every lease
    year what the lease pays, as the formulas of value do. In the last year, when the rent is not raised any
    more, what is left comes out too high by half the growth of that rest at most.
    """
    leases, terms = state.leases, state.terms
    columns = _LeaseColumns(
        *(leases.delivery, leases.term, leases.promised, leases.product, leases.it_mw, leases.capex),
        *(leases.capex_spent, leases.tenant_capex_share, leases.at_start),
        *(leases.backstop, leases.default_hazard),
    )
    guarantee = state.scenario.ai.default_investment_grade
    wait, left, begin, credited, build, since, hazard, back, unspent = _outlook(
        lease, columns, terms.capex, terms.residual, state.month, guarantee
    )
    growth = np.log1p(leases.escalator[lease])
    rent = leases.rent_now[lease] * yearly_step(growth) * np.exp(growth * since)
    income = rent * leases.it_mw[lease] * leases.operating_margin[lease]
    value = risky_lease_value(income, growth, rate, hazard, wait, left, back)
    prepaid = np.maximum(leases.prepaid[lease], 0.0)
    if prepaid.any():
        value += deferred_credit_gain(prepaid, rate + hazard, begin, credited)
    return value - spread_cost(unspent, rate, build)


@compiled
def _outlook(
    lease: np.ndarray,
    columns: _LeaseColumns,
    usual_capex: np.ndarray,
    residual: np.ndarray,
    month: int,
    guarantee: float,
) -> np.ndarray:
    """Return what is ahead of each lease, [9 x leases].

    Rows: years until delivery; of rent left; until prepayments are credited, and of crediting; of building;
    since the rent in force was raised (the coming month may be an anniversary). Default hazard of who pays in
    the end, the tenant or a guarantor of investment grade. Worth of what was built once the tenant has gone,
    musd; old contracts state its cost. Cost not yet spent, musd.
    """
    ahead = np.empty((9, lease.size))
    for row in range(lease.size):
        each = lease[row]
        delivery = columns.delivery[each]
        wait = max(delivery - month - 1, 0)
        left = max(delivery + columns.term[each] - month - 1 - wait, 0)
        begin = delivery + PREPAYMENT_CREDIT_START * MONTHS - month - 1
        begin = min(max(begin, 0.0), float(wait + left))
        age = max(month + 1 - delivery, 0)
        ahead[0, row] = wait / MONTHS
        ahead[1, row] = left / MONTHS
        ahead[2, row] = begin / MONTHS
        ahead[3, row] = (wait + left - begin) / MONTHS
        ahead[4, row] = max(columns.promised[each] - month - 1, 0) / MONTHS
        ahead[5, row] = (MONTHS if age > 0 and age % MONTHS == 0.0 else age % MONTHS) / MONTHS
        hazard = columns.default_hazard[each]
        ahead[6, row] = min(hazard, guarantee) if columns.backstop[each] else hazard
        product, capex = columns.product[each] - 1, columns.capex[each]
        usual = usual_capex[product] * columns.it_mw[each] * (1.0 - columns.tenant_capex_share[each])
        scale = capex / max(usual, 1e-9) if columns.at_start[each] and usual > 0.0 else 1.0
        ahead[7, row] = residual[product] * columns.it_mw[each] * scale
        ahead[8, row] = max(capex - columns.capex_spent[each], 0.0)
    return ahead
