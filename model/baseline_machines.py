"""Mining machines at the start: generations, prices, and fleets that fit the megawatts they stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.economics.vintages import vintage_shares
from agents.tables import NEVER
from model.baseline_checks import BaselineError
from model.calendar import Calendar

if TYPE_CHECKING:
    from model.baseline_tables import BaselineTables
    from model.scenario import Scenario

MONTHS = 12
GENERATIONS = (98.0, 48.0, 34.0, 29.5, 21.5, 17.5, 15.0, 13.5, 11.0, 9.5)
"""J/TH of the machine classes up to those announced by November 2025 (MODEL 5.1)."""
CLASS_WIDTH = 1.02
"""A model counts towards a class when its J/TH is at most this much above the class."""
FUTURE_FROM = "2027-01"
"""Month of the first generation that is not announced yet; one follows each year."""
GRID_POINTS = 257
"""Mean efficiencies at which vintage shares are solved; between them shares are mixed, which keeps means."""


class Machines(NamedTuple):
    """Machine generations, from worst to best.

    Attributes:
        efficiency: J/TH, falling.
        month: Month from which each can be ordered, negative for the past.
        price: USD/TH, new, at the start.
        owned: Whether fleets at the start hold it: on sale by the date of the balance sheets.
    """

    efficiency: np.ndarray
    month: np.ndarray
    price: np.ndarray
    owned: np.ndarray


def machines(tables: BaselineTables, scenario: Scenario, calendar: Calendar) -> Machines:
    """Return announced generations, then future ones that improve on the best by a share each year."""
    announced = np.array(GENERATIONS)
    future = scenario.population.extra_generations
    step = 1.0 - scenario.bitcoin.frontier_improvement
    efficiency = np.concatenate([announced, announced[-1] * step ** np.arange(1, future + 1)])
    month = np.array([_release(tables, calendar, best) for best in GENERATIONS])
    later = calendar.month(FUTURE_FROM) + MONTHS * np.arange(future)
    as_of = max(calendar.month(f"{row.as_of:%Y-%m}") for row in tables.miners)
    price = _prices(tables, announced)
    return Machines(
        efficiency,
        np.concatenate([month, later]).astype(np.int64),
        np.concatenate([price, np.full(future, price[-1])]),
        np.concatenate([month <= as_of, np.zeros(future, dtype=bool)]),
    )


def _release(tables: BaselineTables, calendar: Calendar, efficiency: float) -> int:
    """Return the month when the first model at least as good as the class came out."""
    good = [row for row in tables.asic_models if row.efficiency_j_per_th <= efficiency * CLASS_WIDTH]
    return min((calendar.month(row.release) for row in good), default=NEVER)


def _prices(tables: BaselineTables, efficiency: np.ndarray) -> np.ndarray:
    """Return the baseline price of each class, interpolated over the log of J/TH of the models."""
    quotes: dict[float, list[float]] = {}
    for row in tables.asic_models:
        quotes.setdefault(row.efficiency_j_per_th, []).append(row.price_nov2025_usd_per_th)
    known = np.array(sorted(quotes))
    price = [float(np.mean(quotes[each])) for each in known]
    return np.interp(np.log(efficiency), np.log(known), price)


def fleets(hash_eh: np.ndarray, mean: np.ndarray, owned: Machines, log_sigma: float) -> np.ndarray:
    """Return EH/s by generation, [n x G], of fleets known by their hash and mean J/TH.

    Solved on a grid of means; a mix of two neighbouring solutions has exactly the mean in between.
    """
    grid = owned.efficiency[owned.owned]
    if not len(grid):
        raise BaselineError("asic_models.csv: no model was on sale on the date of miners.csv")
    points = np.geomspace(grid.min(), grid.max(), GRID_POINTS)
    shares = vintage_shares(points, grid, log_sigma)
    position = np.clip(np.searchsorted(points, mean) - 1, 0, GRID_POINTS - 2)
    weight = np.clip((mean - points[position]) / (points[position + 1] - points[position]), 0.0, 1.0)[:, None]
    result = np.zeros((len(mean), len(owned.efficiency)))
    result[:, owned.owned] = shares[position] * (1.0 - weight) + shares[position + 1] * weight
    return result * hash_eh[:, None]


class Fit(NamedTuple):
    """Fleets after they were made to fit: EH/s and J/TH per site."""

    hash_eh: np.ndarray
    efficiency: np.ndarray


def fit_to_megawatts(
    hash_eh: np.ndarray,
    efficiency: np.ndarray,
    capacity: np.ndarray,
    owner: np.ndarray,
    us: np.ndarray,
    best: float,
    pue: float,
) -> Fit:
    """Make nameplate load fit the megawatts of each site with the least distortion.

    An owner with more load than megawatts keeps its hash and gets the mean J/TH that fits, as the efficiency
    of a fleet is the least certain of the three numbers. Hash that does not fit a site then moves to the
    owner's other mining sites with room, on the same side of the US border first. Hash is given up only where
    even the best machine would not fit.
    """
    mines = hash_eh > 0.0
    capacity = np.where(mines, capacity, 0.0)
    need = hash_eh * efficiency * pue
    total, room = np.bincount(owner, need), np.bincount(owner, capacity)
    squeeze = np.divide(room, total, out=np.ones(len(total)), where=total > room)[owner]
    efficiency = np.maximum(efficiency * squeeze, np.minimum(efficiency, best))
    need = hash_eh * efficiency * pue
    for group in (owner * 2 + us, owner):
        need = _spread(need, capacity, group)
    need = np.minimum(need, capacity)
    return Fit(need / (efficiency * pue), efficiency)


def _spread(need: np.ndarray, capacity: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Move load above capacity to the room within each group, in proportion."""
    excess, room = np.maximum(need - capacity, 0.0), np.maximum(capacity - need, 0.0)
    size = int(group.max(initial=0)) + 1
    total, free = np.bincount(group, excess, size), np.bincount(group, room, size)
    moved = np.minimum(total, free)
    out = np.divide(moved, total, out=np.zeros(size), where=total > 0.0)
    into = np.divide(moved, free, out=np.zeros(size), where=free > 0.0)
    return need - excess * out[group] + room * into[group]
