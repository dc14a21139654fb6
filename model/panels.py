"""What is copied from the tables every month, and the blocks it is kept in.

Money, megawatts and hash are kept in full (float64) so that a saved run can be checked like the running one;
rates and prices that only describe are float32, months and row numbers int32, enumerations int8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from agents.tables import USES

HOLDINGS = (*USES, "secured_mw", "energised_mw", "hash_eh_s", "running_eh_s")
ACCOUNTS = (
    "cash",
    "restricted_cash",
    "bitcoin",
    "machines",
    "property",
    "corporate_debt",
    "project_debt",
    "prepayment",
    "capital",
    "earnings",
)
VALUES = ("enterprise_value", "equity_value", "value_mining", "value_leases", "value_pipeline")


def _of(dtype: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, dtype)


FIRM_PANEL = (
    _of("int8", "status", "exit_reason")
    | _of("int32", "owner", "exit_month", "distress_month", "chapter11_month", "maturity")
    | _of("float64", *ACCOUNTS, "btc", *VALUES, *HOLDINGS)
    | dict.fromkeys(
        ("expected_hashprice", "expected_decay", "coupon", "overhead", "equity_issued"), "float32"
    )
)
"""Firm columns copied each month; the holdings are summed over the firm's sites."""
FIRM_STATIC = (
    "kind",
    "listed",
    "strategy",
    "entry_month",
    "all_in_cost",
    "discount_rate",
    "lease_discount_rate",
)
"""Firm columns that do not change."""

SITE_PANEL = (
    _of("bool", "convertible")
    | _of("int8", "stage", "last_choice")
    | _of("int32", "owner", "host_site", "energisation", "last_move")
    | _of("float64", *USES, "secured_mw", "energised_mw", "hash_eh_s", "running_eh_s")
    | _of("float32", "power_cost", "fitted_it_mw", "uptime", "margin", "months_off")
)
"""Site columns copied each month; the nameplate hash is summed over generations."""
SITE_STATIC = (
    "region",
    "us",
    "tenure",
    "contract",
    "site_count",
    "operating_cost",
)
"""Site columns that do not change."""

SHARES = {"present": "bool", "hash": "float64", "mw": "float64", "ai": "float64", "value": "float64"}
"""Sizes per firm on the four bases of concentration."""


class Panel:
    """Columns of one table month after month: one block of (months, rows) per column, grown by doubling."""

    def __init__(self, dtypes: Mapping[str, str], months: int) -> None:
        """Make empty blocks for that many months."""
        self.blocks: dict[str, np.ndarray] = {
            name: np.zeros((months, 0), dtype) for name, dtype in dtypes.items()
        }
        self.rows = np.zeros(months, dtype=np.int64)
        self.months = 0
        self.first = 0
        """Month of the first entry."""

    def write(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append a month; `columns` has one array of equal length per declared column."""
        rows = len(next(iter(columns.values())))
        month = self.months
        self._reserve(month + 1, rows)
        for name, block in self.blocks.items():
            block[month, :rows] = columns[name]
        self.rows[month] = rows
        self.months += 1

    def forget(self) -> None:
        """Forget what was written, so that the next month takes its place."""
        self.first += self.months
        self.months = 0

    def matrix(self, name: str) -> np.ndarray:
        """Return a column as (months, rows of the last month), zero where a row did not exist yet."""
        months = self.months
        return self.blocks[name][:months, : self.rows[months - 1] if months else 0]

    def index(self) -> tuple[np.ndarray, np.ndarray]:
        """Return month and row number of every recorded entry, months first."""
        rows = self.rows[: self.months]
        months, entries = np.nonzero(np.arange(rows.max(initial=0)) < rows[:, None])
        return months, entries

    def column(self, name: str, index: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return the recorded entries of a column, in the order of `index`."""
        return self.blocks[name][index]

    def _reserve(self, months: int, rows: int) -> None:
        held_months, held_rows = next(iter(self.blocks.values())).shape
        if months <= held_months and rows <= held_rows:
            return
        shape = (
            held_months if months <= held_months else max(months, 2 * held_months),
            held_rows if rows <= held_rows else rows + rows // 4,
        )
        for name, block in self.blocks.items():
            grown = np.zeros(shape, block.dtype)
            grown[:held_months, :held_rows] = block
            self.blocks[name] = grown
        kept = self.rows
        self.rows = np.zeros(shape[0], dtype=np.int64)
        self.rows[: len(kept)] = kept
