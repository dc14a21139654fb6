"""Leases at the start: what contracts pay and cost, and how far their builds are."""

from __future__ import annotations

import numpy as np

from agents.tables import LeaseStatus, Product
from model.baseline_checks import BaselineError
from model.baseline_contracts import Piece
from model.baseline_inputs import Inputs
from model.baseline_sites import Columns
from model.funding import loan_share

MONTHS = 12
PRODUCTS = {
    "powered_shell": Product.SHELL,
    "colocation": Product.COLOCATION,
    "gpu_cloud": Product.CLOUD,
}
ALIASES = {"Amazon Web Services": "Amazon", "Google": "Alphabet"}
"""Tenants whose name in ai_contracts.csv differs from the one in hyperscalers.csv."""
UNNAMED = {"neocloud": "Other neoclouds", "hyperscaler": "Other cloud and enterprise"}
"""Where tenants without a row of their own in hyperscalers.csv belong, by class."""


def lease_columns(inputs: Inputs, sites: Columns, pieces: list[Piece]) -> Columns:
    """Return the columns of the lease table, one row per piece, and `on_pipeline`.

    A contract's value is stated over its whole term, so that its yearly rent is an average: it starts with
    that and does not escalate.
    """
    contracts = [piece.contract for piece in pieces]
    site = np.array([piece.site for piece in pieces], dtype=np.int64)
    it_mw = np.array([piece.it_mw for piece in pieces])
    rent = np.array([row.value_musd / row.term_years / row.critical_it_mw for row in contracts])
    prepaid = np.array([row.prepaid_share * row.value_musd / row.critical_it_mw for row in contracts])
    use = np.array([PRODUCTS[row.product] for row in contracts], dtype=np.int64)
    terms = inputs.scenario.leases
    margin = np.array([0.0, terms.shell_margin, terms.colocation_margin, terms.cloud_margin])
    columns = {
        "tenant": _tenants(inputs, pieces),
        "site": site,
        "landlord": sites["owner"][site],
        "product": use,
        "gross_mw": np.array([piece.mw for piece in pieces]),
        "it_mw": it_mw,
        "rent": rent,
        "rent_now": rent,
        "operating_margin": margin[use],
        "term": np.array([round(MONTHS * row.term_years) for row in contracts], dtype=np.int64),
        "tenant_capex_share": np.array([row.tenant_capex_share for row in contracts]),
        "prepaid": prepaid * it_mw,
        "backstop": np.array([row.backstop is not None for row in contracts], dtype=bool),
        "lower": rent,
        "upper": rent,
        "at_start": np.ones(len(pieces), dtype=bool),
        "on_pipeline": np.array([not piece.energised for piece in pieces], dtype=bool),
    }
    return columns | _progress(inputs, sites, pieces, columns)


def _tenants(inputs: Inputs, pieces: list[Piece]) -> np.ndarray:
    """Return the hyperscaler row of each piece's tenant."""
    rows = {row.firm: index for index, row in enumerate(inputs.tables.hyperscalers)}
    tenants = []
    for contract in (piece.contract for piece in pieces):
        name = ALIASES.get(contract.tenant, contract.tenant)
        name = name if name in rows else UNNAMED[contract.tenant_class]
        if name not in rows:
            raise BaselineError(f"hyperscalers.csv: no row named '{name}', which tenants without a row need")
        tenants.append(rows[name])
    return np.array(tenants, dtype=np.int64)


def _progress(inputs: Inputs, sites: Columns, pieces: list[Piece], columns: Columns) -> Columns:
    """Return dates, status, and what builds cost and have cost, evenly from signing to delivery.

    Pieces on energised megawatts deliver from the contract's start; pieces on a pipeline follow when it
    energises.
    """
    contracts, calendar = [piece.contract for piece in pieces], inputs.calendar
    signed = np.array([calendar.month(f"{row.date:%Y-%m}") for row in contracts], dtype=np.int64)
    start = np.array([calendar.month(row.start) for row in contracts], dtype=np.int64)
    powered = np.where(columns["on_pipeline"], sites["energisation"][columns["site"]], start)
    delivery = np.maximum(start, powered)
    delivers = ~columns["on_pipeline"] & (start <= 0)
    cost = _capex_per_it_mw(inputs, pieces, columns["product"])
    capex = cost * columns["it_mw"] * (1.0 - columns["tenant_capex_share"])
    progress = np.clip(-signed / np.maximum(delivery - signed, 1), 0.0, 1.0)
    return {
        "status": np.where(delivers, LeaseStatus.DELIVERING, LeaseStatus.BUILDING),
        "ever_delivered": delivers,
        "signed": signed,
        "promised": delivery,
        "delivery": delivery,
        "capex": capex,
        "capex_spent": np.where(delivers, capex, capex * progress),
    }


def _capex_per_it_mw(inputs: Inputs, pieces: list[Piece], use: np.ndarray) -> np.ndarray:
    """Return the cost of each build, musd per IT MW: as stated, or the usual cost of the product."""
    terms = inputs.scenario.leases
    hall = terms.colocation_capex
    usual = np.array([0.0, terms.shell_capex, hall, hall + terms.gpu_capex])[use]
    stated = [piece.contract.capex_musd_per_it_mw for piece in pieces]
    return np.array([u if s is None else s for s, u in zip(stated, usual, strict=True)])


def add_finance(inputs: Inputs, leases: Columns, hyperscalers: Columns) -> None:
    """Add rates, hazards and loan shares; builds that restricted cash pays for draw no loan.

    Where a landlord's restricted cash covers part of what its builds still cost, that part draws none.
    """
    finance, ai = inputs.scenario.finance, inputs.scenario.ai
    safe = hyperscalers["investment_grade"][leases["tenant"]] | leases["backstop"]
    leases["default_hazard"] = np.where(safe, ai.default_investment_grade, ai.default_high_yield)
    leases["project_rate"] = finance.project_rate + np.where(safe, 0.0, finance.project_spread_high_yield)
    restricted = np.array([row.restricted_cash_musd for row in inputs.tables.miners])
    left = leases["capex"] - leases["capex_spent"]
    due = np.bincount(leases["landlord"], left, minlength=len(restricted))
    covered = np.divide(restricted, due, out=np.ones(len(due)), where=due > 0.0).clip(max=1.0)
    limit = np.array([loan_share(each, False, inputs.scenario) for each in safe.tolist()])
    # Lenders fund what neither the tenant nor reserved cash has paid for.
    prepaid = np.divide(
        leases["prepaid"], leases["capex"], out=np.ones(len(left)), where=leases["capex"] > 0.0
    )
    leases["loan_share"] = limit * (1.0 - covered[leases["landlord"]]) * (1.0 - prepaid.clip(max=1.0))
