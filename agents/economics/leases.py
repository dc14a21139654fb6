"""What leases and time to power are worth, with continuous discounting.

Money may be in any unit; power values are usually in million USD (musd) per MW, which is USD/W.
"""

import numpy as np
from numpy.typing import ArrayLike

from agents.compiled import compiled
from agents.economics.checks import Result, finite, fraction, nonnegative, plain, positive
from agents.economics.discounting import annuity_factor, annuity_of


def lease_annuity(escalator: ArrayLike, discount_rate: ArrayLike, years: ArrayLike) -> Result:
    """Return the present value of a rent of one a year that grows: (1 - exp(-(r - g) T))/(r - g).

    Args:
        escalator: Continuous growth g of the rent, 1/year.
        discount_rate: Rate r, 1/year.
        years: Term T, years.

    Returns:
        Years of first rent, in the broadcast shape of the arguments; T where r = g.

    Raises:
        ValueError: If a rate or term is negative, or any is NaN.
    """
    net = nonnegative("discount_rate", discount_rate) - finite("escalator", escalator)
    return plain(annuity_factor(net, nonnegative("years", years)))


def lease_value(rent: ArrayLike, escalator: ArrayLike, discount_rate: ArrayLike, years: ArrayLike) -> Result:
    """Return the present value, when the lease starts, of a rent that escalates: rent x `lease_annuity`.

    Args:
        rent: First rent, money per year; net of costs it may be negative.
        escalator: Continuous growth of the rent, 1/year.
        discount_rate: Rate, 1/year.
        years: Term, years.

    Returns:
        The same money, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a rate or term is negative, or any is NaN.
    """
    return finite("rent", rent) * lease_annuity(escalator, discount_rate, years)


def time_to_power_value(
    margin: ArrayLike, discount_rate: ArrayLike, ready: ArrayLike, alternative: ArrayLike
) -> Result:
    """Return what it is worth to have power earlier than elsewhere: m (exp(-r t1) - exp(-r t2))/r.

    Args:
        margin: Margin m the power earns, money per IT MW-year.
        discount_rate: Rate r, 1/year.
        ready: Time t1 until power is ready here, years.
        alternative: Time t2 until it would be ready elsewhere (grid queue, own generation), years; infinite
            if never.

    Returns:
        Money per IT MW, in the broadcast shape of the arguments; zero where the alternative is no later.

    Raises:
        ValueError: If a rate or time is negative, or any is NaN.
    """
    margin, rate = finite("margin", margin), nonnegative("discount_rate", discount_rate)
    ready = np.asarray(nonnegative("ready", ready, infinite=True), dtype=float)
    alternative = np.asarray(nonnegative("alternative", alternative, infinite=True), dtype=float)
    sooner = alternative > ready
    start = np.where(sooner, ready, 0.0)
    lead = np.where(sooner, alternative, start) - start
    return plain(margin * np.exp(-rate * start) * annuity_factor(rate, lead))


def powered_shell_equity(
    noi_it: ArrayLike, cap_rate: ArrayLike, capex_it: ArrayLike, it_to_gross: ArrayLike
) -> Result:
    """Return the equity value a leased powered shell adds per gross watt: (NOI/cap rate - capex) x IT/gross.

    Args:
        noi_it: Net operating income, musd per IT MW-year (USD per IT watt and year).
        cap_rate: Rate at which such income is capitalised, 1/year.
        capex_it: Capital cost, musd per IT MW (USD per IT watt).
        it_to_gross: Critical IT load per gross MW at the meter, from 0 to 1.

    Returns:
        USD per gross watt, in the broadcast shape of the arguments; negative where the shell costs more than
        it is worth.

    Raises:
        ValueError: If a cap rate is not positive, a capex is negative, the ratio is outside 0 to 1, or any is
            NaN.
    """
    value = finite("noi_it", noi_it) / positive("cap_rate", cap_rate) - nonnegative("capex_it", capex_it)
    return fraction("it_to_gross", it_to_gross) * value


def level_payment(
    principal: ArrayLike, rate: ArrayLike, years: ArrayLike, *, periods_per_year: float = 12.0
) -> Result:
    """Return the constant payment that repays a loan at the end of each period: P i/(1 - (1 + i)^-n).

    A contract, so time is discrete: interest of i = rate/periods_per_year accrues each period, and after
    n = years x periods_per_year payments nothing is owed.

    Args:
        principal: Amount P lent.
        rate: Nominal interest rate, 1/year.
        years: Term, years.
        periods_per_year: Payments a year; 12 for months.

    Returns:
        The same money *per period*, in the broadcast shape of the arguments.

    Raises:
        ValueError: If a principal or rate is negative, a term or number of periods is not positive, or any is
            NaN.
    """
    periods = positive("periods_per_year", periods_per_year)
    per_period = nonnegative("rate", rate) / periods
    payments = positive("years", years) * periods
    # ln(1 + i) is the continuous rate of the same loan, whose annuity factor is n where i = 0.
    log_rate = np.log1p(per_period)
    factor = annuity_factor(log_rate, payments)
    accrual = np.where(per_period == 0.0, 1.0, per_period / np.where(per_period == 0.0, 1.0, log_rate))
    return plain(nonnegative("principal", principal) * accrual / factor)


@compiled
def level_payment_of(
    principal: float, per_period: float, log_rate: float, payments: float, grown: float
) -> float:
    """Return `level_payment` for one entry of a loop.

    Args:
        principal: Amount lent.
        per_period: Interest i of a period.
        log_rate: ln(1 + i).
        payments: Number n of payments.
        grown: exp(-n ln(1 + i)) - 1.
    """
    accrual = per_period / log_rate if per_period != 0.0 else 1.0
    return principal * accrual / annuity_of(log_rate, payments, grown)
