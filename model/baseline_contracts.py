"""Contracts signed before the run begins: which megawatts of their miner they take."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.tables import Stage, Tenure
from model.baseline_checks import ROUNDING, broken
from model.baseline_inputs import Inputs
from model.baseline_sites import Columns

if TYPE_CHECKING:
    from model.baseline_rows import Contract

FILLERS = frozenset({"and", "of", "other", "others", "the", "to", "site", "sites", "halls"})
SLIVER = 0.02
"""Remnants below this share of a contract are let only when nothing larger is left."""


class Piece(NamedTuple):
    """A part of a contract on one site.

    Attributes:
        contract: The row of ai_contracts.csv.
        site: Site row.
        mw: Gross megawatts.
        it_mw: Critical IT load.
        energised: Whether the megawatts are already energised.
    """

    contract: Contract
    site: int
    mw: float
    it_mw: float
    energised: bool


class Room:
    """Megawatts of the listed sites that no lease has taken yet, by what they are now."""

    def __init__(self, columns: Columns, mined: np.ndarray) -> None:
        """Start with nothing let; `mined` megawatts have machines on them."""
        self.mined = mined.copy()
        self.idle = np.maximum(columns["energised_mw"] - mined, 0.0)
        self.pipeline = np.where(columns["stage"] == Stage.OPTION, 0.0, columns["pipeline_start_mw"])

    def take(self, kind: str, site: int, wanted: float, least: float) -> float:
        """Take up to `wanted` megawatts of a kind from a site, if it has the least, and return them."""
        stock = getattr(self, kind)
        taken = min(float(stock[site]), wanted) if stock[site] >= least else 0.0
        stock[site] -= taken
        return taken


def place_contracts(inputs: Inputs, columns: Columns, mined: np.ndarray) -> list[Piece]:
    """Put every contract that a listed miner had on its balance-sheet date on megawatts of that miner.

    Contracts go by date. Each looks first among the sites its text or tenant names, then in the rest of its
    region, for megawatts without machines; only then where machines run, and last in the rest of the US. So
    machines on land that is already let go on until new power arrives, and a firm's hash stays what it is.
    A world without AI demand has no contracts either.

    Raises:
        BaselineError: If a contract does not fit into its miner's megawatts.
    """
    tables, room = inputs.tables, Room(columns, mined)
    if inputs.scenario.ai.demand_gw == 0.0:
        return []
    as_of = {row.ticker: row.as_of for row in tables.miners}
    rows = [row for row in tables.ai_contracts if row.miner in as_of and row.date <= as_of[row.miner]]
    pieces: list[Piece] = []
    for contract in sorted(rows, key=lambda row: row.date):
        gross = contract.gross_mw or contract.critical_it_mw / inputs.scenario.leases.it_to_gross
        wanted = gross
        for least, (site, kind) in product((SLIVER * gross, 0.0), _places(inputs, columns, contract)):
            mw = room.take(kind, site, wanted, least)
            if mw > 0.0:
                it_mw = contract.critical_it_mw * mw / gross
                pieces.append(Piece(contract, site, mw, it_mw, kind != "pipeline"))
                wanted -= mw
        if wanted > ROUNDING * gross:
            reason = f"{gross:.4g} MW do not fit into US sites of {contract.miner}, {wanted:.4g} MW too much"
            raise broken("ai_contracts", contract, "gross_mw", reason)
    return _merged(pieces)


def _places(inputs: Inputs, columns: Columns, contract: Contract) -> list[tuple[int, str]]:
    """Return site rows and kinds of megawatts in the order in which a contract takes them."""
    tables = inputs.tables
    wanted = _words(contract.site) | _words(contract.tenant)
    owned = columns["us"] & (columns["tenure"] != Tenure.HOSTED)
    own = [site for site, row in enumerate(tables.sites) if row.ticker == contract.miner and owned[site]]
    named = {site: len(wanted & (words := _words(tables.sites[site].site))) / len(words) for site in own}
    near = {site: tables.sites[site].region == contract.region for site in own}
    own.sort(
        key=lambda site: (
            -named[site],
            not near[site],
            not columns["contracted"][site],
            not columns["announced"][site],
            columns["energisation"][site],
        )
    )
    first = [site for site in own if named[site]]
    nearby = [site for site in own if near[site] and not named[site]]
    elsewhere = [site for site in own if not near[site] and not named[site]]
    started = inputs.calendar.month(contract.start) <= 0
    kinds = ("idle", "pipeline") if started else ("pipeline", "idle")
    return [
        *product(first, kinds),
        *((site, kind) for kind in ("idle", "pipeline") for site in nearby),
        *((site, "mined") for site in (*first, *nearby)),
        *((site, kind) for kind in ("idle", "pipeline", "mined") for site in elsewhere),
    ]


def _words(text: str) -> set[str]:
    return (set(re.findall(r"[a-z0-9-]+", text.lower())) - FILLERS) or {text}


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Join the pieces of a contract that lie on the same kind of megawatts of the same site."""
    joined: dict[tuple[int, int, bool], Piece] = {}
    for piece in pieces:
        key = (piece.contract.line, piece.site, piece.energised)
        known = joined.get(key)
        joined[key] = (
            piece
            if known is None
            else piece._replace(mw=known.mw + piece.mw, it_mw=known.it_mw + piece.it_mw)
        )
    return list(joined.values())
