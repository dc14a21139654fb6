"""Leases signed before the run begins: which megawatts they take and how far their builds are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from agents.tables import LeaseStatus, Product, Stage, Tenure
from model.baseline_checks import ROUNDING, BaselineError, broken
from model.baseline_sites import Columns
from model.calendar import Calendar

if TYPE_CHECKING:
    from model.baseline_rows import Contract
    from model.baseline_tables import BaselineTables
    from model.scenario import Scenario

PRODUCTS = {
    "powered_shell": Product.SHELL,
    "colocation": Product.COLOCATION,
    "gpu_cloud": Product.CLOUD,
}
ALIASES = {"Amazon Web Services": "Amazon", "Google": "Alphabet"}
"""Tenants whose name in ai_contracts.csv differs from the one in hyperscalers.csv."""
UNNAMED = {"neocloud": "Other neoclouds", "hyperscaler": "Other cloud and enterprise"}
"""Where tenants without a row of their own in hyperscalers.csv belong, by class."""
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


def place_contracts(
    tables: BaselineTables, scenario: Scenario, calendar: Calendar, columns: Columns, mined: np.ndarray
) -> list[Piece]:
    """Put every contract of a listed miner on megawatts of that miner.

    Contracts go by date. Each looks first among the sites its text or tenant names, then in the rest of its
    region, for megawatts without machines; only then where machines run, and last in the rest of the US. So
    machines on land that is already let go on until new power arrives, and a firm's hash stays what it is.

    Raises:
        BaselineError: If a contract does not fit into its miner's megawatts.
    """
    room = Room(columns, mined)
    as_of = {row.ticker: row.as_of for row in tables.miners}
    regions = {row.region: index for index, row in enumerate(tables.regions)}
    rows = [row for row in tables.ai_contracts if row.miner in as_of and row.date <= as_of[row.miner]]
    pieces: list[Piece] = []
    for contract in sorted(rows, key=lambda row: row.date):
        gross = contract.gross_mw or contract.critical_it_mw / scenario.leases.it_to_gross
        wanted = gross
        started = calendar.month(contract.start) <= 0
        places = _places(tables, columns, contract, regions[contract.region], started)
        for least, (site, kind) in [
            *((SLIVER * gross, place) for place in places),
            *((0.0, p) for p in places),
        ]:
            mw = room.take(kind, site, wanted, least)
            if mw > 0.0:
                it_mw = contract.critical_it_mw * mw / gross
                pieces.append(Piece(contract, site, mw, it_mw, kind != "pipeline"))
                wanted -= mw
        if wanted > ROUNDING * gross:
            reason = (
                f"{gross:.4g} MW do not fit into the US sites of {contract.miner}, {wanted:.4g} MW too much"
            )
            raise broken("ai_contracts", contract, "gross_mw", reason)
    return _merged(pieces)


def _places(
    tables: BaselineTables, columns: Columns, contract: Contract, region: int, started: bool
) -> list[tuple[int, str]]:
    """Return site rows and kinds of megawatts in the order in which a contract takes them."""
    wanted = _words(contract.site) | _words(contract.tenant)
    own = [
        (site, len(wanted & _words(row.site)) / len(_words(row.site)), int(columns["region"][site] == region))
        for site, row in enumerate(tables.sites)
        if row.ticker == contract.miner and columns["us"][site] and columns["tenure"][site] != Tenure.HOSTED
    ]
    own.sort(
        key=lambda each: (
            -each[1],
            -each[2],
            not columns["contracted"][each[0]],
            not columns["announced"][each[0]],
            columns["energisation"][each[0]],
        )
    )
    named = [site for site, named_by, _ in own if named_by]
    nearby = [site for site, named_by, near in own if near and not named_by]
    elsewhere = [site for site, named_by, near in own if not near and not named_by]
    kinds = ("idle", "pipeline") if started else ("pipeline", "idle")
    return [
        *((site, kind) for site in named for kind in kinds),
        *((site, kind) for kind in ("idle", "pipeline") for site in nearby),
        *((site, "mined") for site in (*named, *nearby)),
        *((site, kind) for kind in ("idle", "pipeline", "mined") for site in elsewhere),
    ]


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9-]+", text.lower())) - FILLERS


def _merged(pieces: list[Piece]) -> list[Piece]:
    """Join the pieces of a contract that lie on the same kind of megawatts of the same site."""
    joined: dict[tuple[int, int, bool], Piece] = {}
    for piece in pieces:
        key = (piece.contract.line, piece.site, piece.energised)
        if key in joined:
            known = joined[key]
            piece = known._replace(mw=known.mw + piece.mw, it_mw=known.it_mw + piece.it_mw)
        joined[key] = piece
    return list(joined.values())


def tenant_rows(tables: BaselineTables, pieces: list[Piece]) -> np.ndarray:
    """Return the hyperscaler row of each piece's tenant."""
    rows = {row.firm: index for index, row in enumerate(tables.hyperscalers)}
    names = []
    for piece in pieces:
        contract = piece.contract
        name = ALIASES.get(contract.tenant, contract.tenant)
        name = name if name in rows else UNNAMED[contract.tenant_class]
        if name not in rows:
            raise BaselineError(f"hyperscalers.csv: no row named '{name}', which tenants without a row need")
        names.append(rows[name])
    return np.array(names, dtype=np.int64)


def lease_columns(
    tables: BaselineTables,
    scenario: Scenario,
    calendar: Calendar,
    columns: Columns,
    pieces: list[Piece],
) -> Columns:
    """Return the columns of the lease table, one row per piece, and `on_pipeline`.

    A contract's value is stated over its whole term, so that its yearly rent is an average: it starts with
    that and does not escalate. Pieces on energised megawatts deliver from the contract's start; pieces on a
    pipeline follow when it energises.
    """
    terms, contracts = scenario.leases, [piece.contract for piece in pieces]
    site = np.array([piece.site for piece in pieces], dtype=np.int64)
    it_mw = np.array([piece.it_mw for piece in pieces])
    product = np.array([PRODUCTS[row.product] for row in contracts], dtype=np.int64)
    energised = np.array([piece.energised for piece in pieces], dtype=bool)
    signed = np.array([calendar.month(f"{row.date:%Y-%m}") for row in contracts], dtype=np.int64)
    start = np.array([calendar.month(row.start) for row in contracts], dtype=np.int64)
    delivery = np.where(energised, start, np.maximum(start, columns["energisation"][site]))
    delivers = energised & (start <= 0)
    own = it_mw * (1.0 - np.array([row.tenant_capex_share for row in contracts]))
    capex = own * _capex_per_it_mw(scenario, contracts, product)
    progress = np.clip(-signed / np.maximum(delivery - signed, 1), 0.0, 1.0)
    rent = np.array([row.value_musd / row.term_years / row.critical_it_mw for row in contracts])
    prepaid_share = np.array([row.prepaid_share * row.value_musd / row.critical_it_mw for row in contracts])
    return {
        "tenant": tenant_rows(tables, pieces),
        "site": site,
        "landlord": columns["owner"][site],
        "product": product,
        "status": np.where(delivers, LeaseStatus.DELIVERING, LeaseStatus.BUILDING),
        "gross_mw": np.array([piece.mw for piece in pieces]),
        "it_mw": it_mw,
        "rent": rent,
        "rent_now": rent,
        "operating_margin": np.array([0.0, terms.shell_margin, terms.colocation_margin, terms.cloud_margin])[
            product
        ],
        "term": np.array([round(12 * row.term_years) for row in contracts], dtype=np.int64),
        "signed": signed,
        "promised": delivery,
        "delivery": delivery,
        "capex": capex,
        "capex_spent": np.where(delivers, capex, capex * progress),
        "tenant_capex_share": np.array([row.tenant_capex_share for row in contracts]),
        "prepaid": prepaid_share * it_mw,
        "backstop": np.array([row.backstop is not None for row in contracts], dtype=bool),
        "lower": rent,
        "upper": rent,
        "at_start": np.ones(len(pieces), dtype=bool),
        "on_pipeline": ~energised,
    }


def _capex_per_it_mw(scenario: Scenario, contracts: list[Contract], product: np.ndarray) -> np.ndarray:
    """Return the cost of each build, musd per IT MW: as stated, or the usual cost of the product."""
    terms = scenario.leases
    hall = terms.colocation_capex
    usual = np.array([0.0, terms.shell_capex, hall, hall + terms.gpu_capex])[product]
    stated = [row.capex_musd_per_it_mw for row in contracts]
    return np.array([u if s is None else s for s, u in zip(stated, usual, strict=True)])


def add_finance(leases: Columns, scenario: Scenario, hyperscalers: Columns, restricted: np.ndarray) -> None:
    """Add rates, hazards and loan shares; builds that restricted cash pays for draw no loan.

    `restricted` is the restricted cash of each firm; where it covers part of what its builds still cost, the
    same part of each is financed already.
    """
    finance = scenario.finance
    tenant, backstop = leases["tenant"], leases["backstop"]
    safe = hyperscalers["investment_grade"][tenant] | backstop
    leases["default_hazard"] = np.where(
        safe, scenario.ai.default_investment_grade, scenario.ai.default_high_yield
    )
    leases["project_rate"] = finance.project_rate + np.where(safe, 0.0, finance.project_spread_high_yield)
    left = leases["capex"] - leases["capex_spent"]
    due = np.bincount(leases["landlord"], left, minlength=len(restricted))
    covered = np.divide(restricted, due, out=np.ones(len(due)), where=due > 0.0).clip(max=1.0)
    limit = np.where(safe, finance.loan_to_cost_investment_grade, finance.loan_to_cost_high_yield)
    borrows = finance.enabled and finance.debt_enabled
    leases["loan_share"] = limit * (1.0 - covered[leases["landlord"]]) * borrows
