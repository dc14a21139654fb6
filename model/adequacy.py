"""The adequacy ledger: what is promised against what is accredited, and what that leaves of connections."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from agents.compiled import compiled
from agents.economics.grid import log_connections_left, shortage_of
from agents.tables import LeaseStatus

if TYPE_CHECKING:
    from model.state import State

MONTHS = 12.0


def renew_adequacy(state: State, months: int) -> None:
    """Renew the adequacy ledger that many months after the start, and what can be connected next month."""
    regions, grid, leases, power = state.regions, state.grid, state.leases, state.scenario.power
    left = _add_up_promises(
        leases.status,
        leases.site,
        leases.gross_mw,
        state.sites.region,
        regions.peak_mw,
        regions.reserve_margin,
        regions.firm_addition_mw,
        regions.connected_mw,
        grid.connected_start,
        grid.firm_start,
        months,
        (1.0 + power.other_load_growth) ** (months / MONTHS),
        power.shortage_connection_slope,
        regions.accredited_mw,
        regions.promised_mw,
        grid.shortage,
    )
    after = max(months - grid.near_term_end, 0) / MONTHS
    growth = power.connection_scale * (1.0 + power.connection_growth) ** after
    regions.capacity_mw_month = grid.near_term_rate * growth * np.exp(left)


@compiled
def _add_up_promises(
    status: np.ndarray,
    site: np.ndarray,
    gross_mw: np.ndarray,
    site_region: np.ndarray,
    peak_start: np.ndarray,
    reserve_margin: np.ndarray,
    firm_addition: np.ndarray,
    connected: np.ndarray,
    connected_start: np.ndarray,
    firm_start: np.ndarray,
    months: int,
    growth: float,
    slope: float,
    accredited: np.ndarray,
    promised: np.ndarray,
    shortage: np.ndarray,
) -> np.ndarray:
    """Write what is accredited after some months, what is promised, MW, and the shortage, points of peak.

    Returns:
        Logs of what is left of the connections of each region.
    """
    regions = peak_start.size
    firm, left = firm_load(status, site, gross_mw, site_region, regions), np.empty(regions)
    for region in range(regions):
        # Regions outside the pool have no peak and promise nothing.
        margin, peak = 1.0 + reserve_margin[region], peak_start[region] * growth
        accredited[region] = peak_start[region] * margin + firm_addition[region] * (months / MONTHS)
        turned_firm = (firm[region] - firm_start[region]) * margin if peak > 0.0 else 0.0
        otherwise = (peak + connected[region] - connected_start[region]) * margin
        promised[region] = otherwise + turned_firm
        shortage[region] = shortage_of(promised[region], accredited[region], peak)
        points_otherwise = shortage_of(otherwise, accredited[region], peak)
        left[region] = log_connections_left(shortage[region], points_otherwise, slope)
    return left


@compiled
def firm_load(
    status: np.ndarray, site: np.ndarray, gross_mw: np.ndarray, site_region: np.ndarray, regions: int
) -> np.ndarray:
    """Return what miners' sites deliver to tenants in each region: load that no longer curtails, MW."""
    firm = np.zeros(regions)
    for lease in range(status.size):
        if status[lease] == LeaseStatus.DELIVERING:
            firm[site_region[site[lease]]] += gross_mw[lease]
    return firm
