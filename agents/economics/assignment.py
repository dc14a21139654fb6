"""The lease market: who takes which block, and between which prices every deal is stable.

The assignment game of Shapley & Shubik (1971). Each buyer wants one block and each seller has one. The best
matching maximises total surplus; prices that nobody can better form a lattice, the core, with one end best
for all buyers and the other best for all sellers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from agents.compiled import compiled
from agents.economics.checks import finite, fraction


class Clearing(NamedTuple):
    """Outcome of the lease market.

    Attributes:
        pairs: `(buyer, seller)` of each deal, ordered by buyer.
        prices: Price per seller, shape (sellers,): lower + theta (upper - lower). A seller without a deal has
            its reserve in all three.
        lower: Lowest price per seller in the core, the best for buyers.
        upper: Highest price per seller in the core, the best for sellers.
        surplus: Value less reserve, summed over the deals.
    """

    pairs: list[tuple[int, int]]
    prices: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    surplus: float


def clear_leases(value: ArrayLike, reserve: ArrayLike, theta: float) -> Clearing:
    """Match buyers to sellers for the greatest surplus and price the deals inside the core.

    Only pairs whose value is above the seller's reserve trade. Theta moves prices, never the matching. The
    ends of the core come from the matching by relaxation: the least prices at which no buyer would rather
    have another block (Demange, Gale & Sotomayor 1986), and the same with the roles exchanged. At the lower
    end each buyer keeps all that its presence adds to total surplus (Leonard 1983), at the upper each seller.

    Args:
        value: What each block is worth to each buyer, shape (buyers, sellers); minus infinity where they
            cannot trade at any price.
        reserve: Least price each seller accepts, shape (sellers,), in the same money.
        theta: Sellers' share of the core's width, from 0 (buyers' best) to 1 (sellers' best).

    Returns:
        Deals, prices and surplus.

    Raises:
        ValueError: If shapes do not fit, a value is NaN or plus infinity, a reserve is not finite, or theta
            is outside 0 to 1.
    """
    value, reserve = _market(value, reserve)
    share = fraction("theta", theta)
    surplus = np.maximum(value - reserve, 0.0)
    buyers, sellers = linear_sum_assignment(surplus, maximize=True)
    gains = surplus[buyers, sellers]
    deals = gains > 0.0
    buyers, sellers, gains = buyers[deals], sellers[deals], gains[deals]
    lower, upper = reserve.copy(), reserve.copy()
    if gains.size:
        floor, ceiling = reserve[sellers], value[buyers, sellers]
        kept = gains - _least_gains(np.ascontiguousarray(surplus.T), sellers, buyers, gains)
        # Sums of floats may overshoot by a last digit; no buyer pays above value, and the ends stay in order.
        upper[sellers] = highest = np.minimum(floor + np.maximum(kept, 0.0), ceiling)
        lower[sellers] = np.minimum(floor + _least_gains(surplus, buyers, sellers, gains), highest)
    prices = np.minimum(lower + share * (upper - lower), upper)
    pairs = list(zip(buyers.tolist(), sellers.tolist(), strict=True))
    return Clearing(pairs, prices, lower, upper, float(gains.sum()))


def _market(value: ArrayLike, reserve: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    value, reserve = np.asarray(value, dtype=float), np.asarray(finite("reserve", reserve), dtype=float)
    if value.shape == (0,):
        value = value.reshape(0, reserve.size)
    if value.ndim != 2 or reserve.shape != value.shape[1:]:
        raise ValueError(
            "value must have one row per buyer and one column per seller, and reserve one entry per seller, "
            f"got shapes {value.shape} and {reserve.shape}"
        )
    if value.size and not value.max() < np.inf:
        raise ValueError(f"value must be a finite number or minus infinity, got {value.max()}")
    return value, reserve


@compiled
def _least_gains(
    surplus: np.ndarray, takers: np.ndarray, givers: np.ndarray, gains: np.ndarray
) -> np.ndarray:
    """Return the least each matched giver must gain for no taker to want another giver.

    A giver must gain what an unmatched taker would offer, and enough that taker t, who gains `gains[t]` less
    the gain g[t] of its own giver, would gain no more from giver j: g[j] >= surplus[t, j] - gains[t] + g[t].
    The least solution is a longest path; an optimal matching has no positive cycle, so it is found within as
    many rounds as there are deals.
    """
    count = gains.size
    start, idle = np.zeros(count), np.ones(surplus.shape[0], dtype=np.bool_)
    idle[takers] = False
    for taker in range(idle.size):
        if idle[taker]:
            for deal in range(count):
                start[deal] = max(start[deal], surplus[taker, givers[deal]])
    least = start.copy()
    for _ in range(count):
        raised = start.copy()
        for deal in range(count):
            raised[deal] = max(raised[deal], least[deal])
            for other in range(count):
                if other != deal:
                    envy = surplus[takers[other], givers[deal]] - gains[other]
                    raised[deal] = max(raised[deal], envy + least[other])
        if (raised == least).all():
            break
        least = raised
    return least
