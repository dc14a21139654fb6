"""Who stands where in the interconnection queues: the loops over requests that a month needs.

Rows are those of requests, in the order in which they were filed, the ones that are gone included; columns
are described in `agents.tables.REQUEST`, and `regions` and `buyers` say how many there are. `order` holds all
requests region by region from the highest bid down where bids decide who comes first. It is empty where the
month of filing does.
"""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled
from agents.economics.grid import connected_by, share_served, years_alone

MONTHS = 12.0
TRACE = 1e-9
"""Megawatts of a request that are too few to wait any longer."""
PROSPECTS = 6
"""Numbers that `prospects` tells of a request."""


@compiled
def places(
    region: np.ndarray, filed: np.ndarray, order: np.ndarray, rows: np.ndarray, mw: np.ndarray, regions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return what stands ahead of each of some requests in its region, and what shares its place, MW.

    Args:
        region: Region of every request.
        filed: Month of every request.
        order: Order of the bids, if any.
        rows: Requests that stand in line.
        mw: What each of them counts.
        regions: Number of regions.
    """
    if order.size:
        return _outbid(region, order, rows, mw), mw
    ahead, place = np.empty(rows.size), np.empty(rows.size)
    if rows.size == 0:
        return ahead, place
    first = last = filed[rows[0]]
    for row in rows:
        first, last = min(first, filed[row]), max(last, filed[row])
    # What was filed in a month shares a place.
    cohort = np.zeros((regions, last - first + 1))
    for each, row in enumerate(rows):
        cohort[region[row], filed[row] - first] += mw[each]
    before = np.empty_like(cohort)
    for where in range(regions):
        total = 0.0
        for month in range(last - first + 1):
            total += cohort[where, month]
            before[where, month] = total - cohort[where, month]
    for each, row in enumerate(rows):
        ahead[each] = before[region[row], filed[row] - first]
        place[each] = cohort[region[row], filed[row] - first]
    return ahead, place


@compiled
def _outbid(region: np.ndarray, order: np.ndarray, rows: np.ndarray, mw: np.ndarray) -> np.ndarray:
    """Return what higher bids have ahead of each request, MW."""
    entry = np.full(region.size, -1)
    for each, row in enumerate(rows):
        entry[row] = each
    ahead = np.empty(rows.size)
    total, base, where = 0.0, 0.0, -1
    for row in order:
        each = entry[row]
        if each < 0:
            continue
        total += mw[each]
        if region[row] != where:
            where, base = region[row], total - mw[each]
        ahead[each] = max(total - mw[each] - base, 0.0)
    return ahead


@compiled
def leave(
    region: np.ndarray, buyer: np.ndarray, mw: np.ndarray, allowed: np.ndarray, stays: float, regions: int
) -> tuple[np.ndarray, np.ndarray]:
    """Let requests leave: some every month, and all that are no longer needed.

    Args:
        region: Region of every request.
        buyer: Buyer of every request.
        mw: What waits of every request, which is changed.
        allowed: MW each buyer still needs.
        stays: Share of any request that stays for a month.
        regions: Number of regions.

    Returns:
        MW that leave by region, and MW that stay by buyer.
    """
    kept, left, gone = np.zeros(allowed.size), np.zeros(allowed.size), np.zeros(regions)
    for row in range(mw.size):
        kept[buyer[row]] += mw[row]
    for whose in range(kept.size):
        total = kept[whose] * stays
        kept[whose] = stays * (min(allowed[whose] / total, 1.0) if total > 0.0 else 1.0)
    for row in range(mw.size):
        leaves = mw[row] * (1.0 - kept[buyer[row]])
        mw[row] = _waiting(mw[row] - leaves)
        gone[region[row]] += leaves
        left[buyer[row]] += mw[row]
    return gone, left


@compiled
def _waiting(mw: float) -> float:
    """Return what still waits of a request: no traces."""
    return 0.0 if abs(mw) <= TRACE else mw


@compiled
def serve(
    region: np.ndarray,
    buyer: np.ndarray,
    filed: np.ndarray,
    studied: np.ndarray,
    mw: np.ndarray,
    order: np.ndarray,
    lead_months: np.ndarray,
    month: int,
    able: np.ndarray,
    room: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Connect what is studied and as old as its region's lead time, in the order of places.

    Args:
        region: Region of every request.
        buyer: Buyer of every request.
        filed: Month of every request.
        studied: Whether it has been studied.
        mw: What waits of it, which is changed.
        order: Order of the bids, if any.
        lead_months: Least age at which requests of each region can be connected.
        month: The month.
        able: MW each region can connect.
        room: MW each buyer has room for.

    Returns:
        MW connected by region and by buyer.
    """
    rows, wanted = _ready(region, buyer, filed, studied, mw, lead_months, month, room)
    ahead, place = places(region, filed, order, rows, wanted, able.size)
    there, theirs = np.zeros(able.size), np.zeros(room.size)
    for each, row in enumerate(rows):
        where = int(region[row])
        connected = wanted[each] * share_served(ahead[each], place[each], able[where])
        mw[row] = _waiting(mw[row] - connected)
        there[where] += connected
        theirs[buyer[row]] += connected
    return there, theirs


@compiled
def _ready(
    region: np.ndarray,
    buyer: np.ndarray,
    filed: np.ndarray,
    studied: np.ndarray,
    mw: np.ndarray,
    lead_months: np.ndarray,
    month: int,
    room: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the requests that could be connected, and the MW of each that its buyer has room for."""
    rows, count, total = np.empty(mw.size, np.int64), 0, np.zeros(room.size)
    for row in range(mw.size):
        if mw[row] > 0.0 and studied[row] and filed[row] + lead_months[region[row]] <= month:
            total[buyer[row]] += mw[row]
            rows[count] = row
            count += 1
    rows, wanted = rows[:count], np.empty(count)
    for each, row in enumerate(rows):
        wanted[each] = mw[row] * min(room[buyer[row]] / total[buyer[row]], 1.0)
    return rows, wanted


@compiled
def prospects(
    region: np.ndarray,
    filed: np.ndarray,
    studied: np.ndarray,
    mw: np.ndarray,
    order: np.ndarray,
    lead_months: np.ndarray,
    study_wait: np.ndarray,
    headroom: np.ndarray,
    capacity: np.ndarray,
    month: int,
    last: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Return what requests can count on that will be as old as the lead time within `last` months.

    Those that will not are in nobody's way.

    Returns:
        The requests; and of each, [`PROSPECTS`], the MW that share its place, those of them that the region's
        headroom serves, and what `agents.economics.grid.turns` asks of the rest.
    """
    rows, count = np.empty(mw.size, np.int64), 0
    for row in range(mw.size):
        if mw[row] > 0.0 and filed[row] + lead_months[region[row]] - month <= last:
            rows[count] = row
            count += 1
    rows, told = rows[:count], np.empty((PROSPECTS, count))
    before, place = places(region, filed, order, rows, mw[rows], headroom.size)
    for each, row in enumerate(rows):
        where = int(region[row])
        matures = max(filed[row] + lead_months[where] - month, 0) / MONTHS
        saved, rate = min(max(headroom[where] - before[each], 0.0), place[each]), capacity[where] * MONTHS
        told[0, each], told[1, each] = place[each], saved
        told[2, each] = years_alone(max(before[each] - headroom[where], 0.0), rate)
        told[3, each] = place[each] - saved
        told[4, each] = matures if studied[row] else max(matures, study_wait[where])
        told[5, each] = rate
    return rows, told


@compiled
def shared_out(
    buyer: np.ndarray,
    mw: np.ndarray,
    rows: np.ndarray,
    told: np.ndarray,
    left: np.ndarray,
    served: np.ndarray,
    years: np.ndarray,
    buyers: int,
) -> np.ndarray:
    """Return what each buyer's parts of places have connected by some times, MW, [times x buyers].

    Args:
        buyer: Buyer of every request.
        mw: What waits of it.
        rows: Requests that can count on something.
        told: What `prospects` says of them.
        left: Share of each that is left when it matures.
        served: What `agents.economics.grid.turns` says of them.
        years: The times, years from now.
        buyers: Number of buyers.
    """
    expected = np.zeros((years.size, buyers))
    for each, row in enumerate(rows):
        part, matures, rate = mw[row] / told[0, each], told[4, each], told[5, each]
        begins, at_once, takes = served[0, each], served[1, each], served[2, each]
        # Headroom waits for requests to mature, but not all of them last that long.
        lasting = told[1, each] * left[each]
        for when in range(years.size):
            saved = lasting if matures <= years[when] else 0.0
            later = connected_by(begins, at_once, takes, rate, years[when])
            expected[when, buyer[row]] += (later + saved) * part
    return expected
