"""Who stands where in the interconnection queues: the loops over requests that a month needs.

Rows are those of requests, in the order in which they were filed, the ones that are gone included; columns
are described in `agents.tables.REQUEST`, and `regions` and `buyers` say how many there are. `order` holds all
requests region by region from the highest bid down where bids decide who comes first. It is empty where the
month of filing does.
"""

from __future__ import annotations

import numpy as np

from agents.compiled import compiled

MONTHS = 12.0
TRACE = 1e-9
"""Megawatts of a request that are too few to wait any longer."""


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
def ready(
    region: np.ndarray,
    buyer: np.ndarray,
    filed: np.ndarray,
    studied: np.ndarray,
    mw: np.ndarray,
    order: np.ndarray,
    lead_months: np.ndarray,
    room: np.ndarray,
    month: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what could be connected in a month: what is studied and as old as its region's lead time.

    Returns:
        The requests, the MW of each that its buyer has room for, what stands ahead of it in its region, and
        what shares its place.
    """
    rows, count, total = np.empty(mw.size, np.int64), 0, np.zeros(room.size)
    for row in range(mw.size):
        if mw[row] > 0.0 and studied[row] and filed[row] + lead_months[region[row]] <= month:
            total[buyer[row]] += mw[row]
            rows[count] = row
            count += 1
    rows, wanted = rows[:count], np.empty(count)
    for each, row in enumerate(rows):
        wanted[each] = mw[row] * min(room[buyer[row]] / total[buyer[row]], 1.0)
    ahead, place = places(region, filed, order, rows, wanted, lead_months.size)
    return rows, wanted, ahead, place


@compiled
def hand_over(
    region: np.ndarray,
    buyer: np.ndarray,
    mw: np.ndarray,
    rows: np.ndarray,
    connected: np.ndarray,
    regions: int,
    buyers: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Take connected megawatts out of requests, and return their sums by region and by buyer."""
    there, theirs = np.zeros(regions), np.zeros(buyers)
    for each, row in enumerate(rows):
        mw[row] = _waiting(mw[row] - connected[each])
        there[region[row]] += connected[each]
        theirs[buyer[row]] += connected[each]
    return there, theirs


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
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what requests can count on that will be as old as the lead time within `last` months.

    Those that will not are in nobody's way.

    Returns:
        The requests, the years until each can be connected, the MW that share its place, those of them that
        the region's headroom serves, the MW before the place that it does not serve, and the MW a year that
        the region connects.
    """
    rows, matures, count = np.empty(mw.size, np.int64), np.empty(mw.size), 0
    for row in range(mw.size):
        left = filed[row] + lead_months[region[row]] - month
        if mw[row] > 0.0 and left <= last:
            rows[count], matures[count] = row, max(left, 0) / MONTHS
            if not studied[row]:
                matures[count] = max(matures[count], study_wait[region[row]])
            count += 1
    rows = rows[:count]
    before, place = places(region, filed, order, rows, mw[rows], headroom.size)
    at_once, behind, rate = np.empty(count), np.empty(count), np.empty(count)
    for each, row in enumerate(rows):
        saved = headroom[region[row]]
        at_once[each] = min(max(saved - before[each], 0.0), place[each])
        behind[each] = max(before[each] - saved, 0.0)
        rate[each] = capacity[region[row]] * MONTHS
    return rows, matures[:count], place, at_once, behind, rate


@compiled
def shared_out(
    buyer: np.ndarray,
    mw: np.ndarray,
    rows: np.ndarray,
    matures: np.ndarray,
    place: np.ndarray,
    lasting: np.ndarray,
    later: np.ndarray,
    years: np.ndarray,
    buyers: int,
) -> np.ndarray:
    """Return what each buyer's parts of places have connected by some times, MW, [times x buyers].

    Of a place, `lasting` is connected when it matures, and `later` by each of the times.
    """
    expected = np.zeros((years.size, buyers))
    for when in range(years.size):
        for each, row in enumerate(rows):
            saved = lasting[each] if matures[each] <= years[when] else 0.0
            expected[when, buyer[row]] += (later[when, each] + saved) * (mw[row] / place[each])
    return expected
