"""Where everything stands on the map of relations: fixed once it appears, and on top of nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd

from viz.record import Record

RING, INNER = (44.0, 20.0), (21.5, 9.5)
"""Half axes of the ring of regions and of that of the tenants."""
MIDDLE = (6.0, -1.5)
"""Where the tenants' ring stands: off the centre, since the largest region takes more than its share."""
DOTS = 8.6
"""Dots to a unit of the map where it is smallest, on a page of 1280 by 800."""
GAP = 0.12
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
NOWHERE = ""


class Place(NamedTuple):
    """A spot on the map, and how far it reaches."""

    x: float
    y: float
    radius: float = 0.0


class Places:
    """Places of regions, tenants and firms of one run; new firms find a spot around those already there."""

    def __init__(self, record: Record) -> None:
        """Lay out regions and tenants, and the firms there are."""
        self.firms: dict[str, Place] = {}
        self._discs = np.zeros((0, 3))
        self._tops: dict[str, float] = {}
        self.tenants = {
            name: Place(*np.add(MIDDLE, _on_ellipse(INNER, number / max(len(record.tenants), 1))))
            for number, name in enumerate(record.tenants)
        }
        homes, sizes = _homes(record.sites), _sizes(record.firms)
        self.regions = _around(record.region_names, homes, sizes)
        self.add(homes, sizes)

    def add(self, homes: Mapping[str, str], sizes: Mapping[str, float]) -> None:
        """Find a spot for each firm that has none, the largest next to the middle of its region."""
        fresh = [name for name in sizes if name not in self.firms]
        for name in sorted(fresh, key=lambda name: -sizes[name]):
            region = homes.get(name, NOWHERE)
            centre = self.regions.get(region, Place(0.0, 0.0))
            radius = diameter(sizes[name]) / 2 / DOTS
            x, y = _free_spot(self._discs, centre, radius)
            self._discs = np.vstack([self._discs, [x, y, radius]])
            self._tops[region] = max(self._tops.get(region, 0.0), y + radius - centre.y)
            self.firms[name] = Place(x, y, radius)

    def reach(self, region: str) -> float:
        """Return how far the firms of a region reach up from its middle."""
        return self._tops.get(region, 0.0)


_KNOWN: WeakKeyDictionary[Record, Places] = WeakKeyDictionary()


def places_of(record: Record) -> Places:
    """Return the places of a run, kept as long as the run itself."""
    places = _KNOWN.get(record)
    if places is None:
        places = _KNOWN[record] = Places(record)
    elif len(places.firms) < record.firms["firm"].nunique():
        places.add(_homes(record.sites), _sizes(record.firms))
    return places


def diameter(megawatts: float) -> float:
    """Return the diameter of a disc in dots: its area grows with the megawatts."""
    return float(min(6.0 + 1.0 * math.sqrt(max(megawatts, 0.0)), 64.0))


def _homes(sites: pd.DataFrame) -> dict[str, str]:
    """Return the region where each firm first held most."""
    first = sites.sort_values(["month", "secured_mw", "site"], ascending=[True, False, True])
    first = first.drop_duplicates("owner")
    return dict(zip(first["owner"], first["region"], strict=True))


def _sizes(firms: pd.DataFrame) -> dict[str, float]:
    """Return the megawatts each firm had when it appeared."""
    first = firms.drop_duplicates("firm")
    return dict(zip(first["firm"], first["secured_mw"].to_numpy(float), strict=True))


def _around(names: Iterable[str], homes: Mapping[str, str], sizes: Mapping[str, float]) -> dict[str, Place]:
    """Return the middle of each region on the ring, with room by what it holds."""
    names = list(names)
    area = dict.fromkeys(names, 0.0)
    for name, megawatts in sizes.items():
        if (region := homes.get(name, NOWHERE)) in area:
            area[region] += (diameter(megawatts) / DOTS) ** 2
    room = np.array([math.sqrt(area[name]) + 2.6 for name in names])
    middle = (np.cumsum(room) - room / 2) / room.sum()
    return {
        name: Place(*_on_ellipse(RING, part), wide / 2)
        for name, part, wide in zip(names, middle, room, strict=True)
    }


def _free_spot(discs: np.ndarray, centre: Place, radius: float) -> tuple[float, float]:
    """Return the spot nearest to the middle of a region where a disc touches no other, along a spiral."""
    step = np.arange(6000)
    away, angle = 0.16 * np.sqrt(step), step * GOLDEN_ANGLE
    x, y = centre.x + 1.25 * away * np.cos(angle), centre.y + away * np.sin(angle)
    apart = np.hypot(x[:, None] - discs[:, 0], y[:, None] - discs[:, 1])
    free = (apart >= discs[:, 2] + radius + GAP).all(axis=1)
    spot = int(free.argmax()) if free.any() else len(step) - 1
    return float(x[spot]), float(y[spot])


def _on_ellipse(axes: tuple[float, float], part: float) -> tuple[float, float]:
    """Return a point of an ellipse, counted clockwise from nine o'clock in equal arcs."""
    angle = np.linspace(0.0, 2 * math.pi, 721)
    x, y = -axes[0] * np.cos(angle), axes[1] * np.sin(angle)
    arc = np.r_[0.0, np.cumsum(np.hypot(np.diff(x), np.diff(y)))]
    wanted = part * arc[-1]
    return float(np.interp(wanted, arc, x)), float(np.interp(wanted, arc, y))
