"""What is copied from the tables every month, and the blocks it is kept in.

Money, megawatts and hash are kept in full (float64) so that a saved run can be checked like the running one;
rates and prices that only describe are float32, months and row numbers int32, enumerations int8.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from agents.columns import Table
from agents.compiled import compiled
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

COPIED = ("int8", "int32", "float32", "float64")
"""Dtypes of recorded columns that are copied from those of a table in one loop."""

SHARES = {"present": "bool", "hash": "float64", "mw": "float64", "ai": "float64", "value": "float64"}
"""Sizes per firm on the four bases of concentration."""


@compiled
def _copy(
    month: int,
    rows: int,
    numbers: np.ndarray,
    amounts: np.ndarray,
    holdings: np.ndarray,
    small: np.ndarray,
    whole: np.ndarray,
    rates: np.ndarray,
    full: np.ndarray,
    which_small: np.ndarray,
    which_whole: np.ndarray,
    which_rates: np.ndarray,
    which_full: np.ndarray,
) -> None:
    """Copy columns of a table and what is held into the four blocks of a month."""
    _copy_columns(rows, numbers, which_small, small[month])
    _copy_columns(rows, numbers, which_whole, whole[month])
    _copy_columns(rows, amounts, which_rates, rates[month])
    _copy_columns(rows, amounts, which_full, full[month])
    for place in range(holdings.shape[0]):
        for row in range(rows):
            full[month, which_full.size + place, row] = holdings[place, row]


@compiled
def _copy_columns(rows: int, table: np.ndarray, which: np.ndarray, block: np.ndarray) -> None:
    for place in range(which.size):
        for row in range(rows):
            block[place, row] = table[which[place], row]


class Panel:
    """Columns of one table month after month: one block of [months, columns, rows] per dtype."""

    def __init__(self, dtypes: Mapping[str, str], months: int) -> None:
        """Make empty blocks for that many months."""
        self.dtypes = dict(dtypes)
        self.columns = {
            dtype: tuple(name for name in dtypes if dtypes[name] == dtype) for dtype in set(dtypes.values())
        }
        """Names of the columns in each block, in its order."""
        self.blocks: dict[str, np.ndarray] = {
            dtype: np.zeros((months, len(names), 0), dtype) for dtype, names in self.columns.items()
        }
        self.rows = np.zeros(months, dtype=np.int64)
        self.months = 0
        self.first = 0
        """Month of the first entry."""
        self._which: tuple[np.ndarray, ...] = ()

    def write(self, columns: Mapping[str, np.ndarray]) -> None:
        """Append a month; `columns` has one matrix [columns, rows] per dtype."""
        rows = next(iter(columns.values())).shape[1]
        month = self._begin_month(rows)
        for dtype, block in self.blocks.items():
            block[month, :, :rows] = columns[dtype]

    def copy(self, table: Table, holdings: np.ndarray) -> None:
        """Append a month of a table, and what its rows hold, [`HOLDINGS`, rows]."""
        month = self._begin_month(len(table))
        if not self._which:
            wanted = [tuple(name for name in self.columns[each] if name not in HOLDINGS) for each in COPIED]
            self._which = tuple(table.positions(names) if names else np.zeros(0, int) for names in wanted)
        blocks = [self.blocks[dtype] for dtype in COPIED]
        tables = table.stored("int64"), table.stored("float64")
        _copy(month, len(table), *tables, holdings, *blocks, *self._which)
        for place, name in enumerate(self.columns.get("bool", ())):
            self.blocks["bool"][month, place, : len(table)] = getattr(table, name)

    def forget(self) -> None:
        """Forget what was written, so that the next month takes its place."""
        self.first += self.months
        self.months = 0

    def matrix(self, name: str) -> np.ndarray:
        """Return a column as (months, rows of the last month), zero where a row did not exist yet."""
        months = self.months
        return self._block(name)[:months, : self.rows[months - 1] if months else 0]

    def index(self) -> tuple[np.ndarray, np.ndarray]:
        """Return month and row number of every recorded entry, months first."""
        rows = self.rows[: self.months]
        months, entries = np.nonzero(np.arange(rows.max(initial=0)) < rows[:, None])
        return months, entries

    def column(self, name: str, index: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Return the recorded entries of a column, in the order of `index`."""
        return self._block(name)[index]

    def _block(self, name: str) -> np.ndarray:
        dtype = self.dtypes[name]
        return self.blocks[dtype][:, self.columns[dtype].index(name)]

    def _begin_month(self, rows: int) -> int:
        """Make room for the rows of a month that is now appended, and return its place."""
        month = self.months
        held_months, _, held_rows = next(iter(self.blocks.values())).shape
        if month >= held_months or rows > held_rows:
            months = held_months if month < held_months else max(month + 1, 2 * held_months)
            self._grow(months, held_rows if rows <= held_rows else rows + rows // 4)
        self.rows[month] = rows
        self.months += 1
        return month

    def _grow(self, months: int, rows: int) -> None:
        for dtype, block in self.blocks.items():
            grown = np.zeros((months, block.shape[1], rows), dtype)
            grown[: self.months, :, : block.shape[2]] = block[: self.months]
            self.blocks[dtype] = grown
        kept = self.rows
        self.rows = np.zeros(months, dtype=np.int64)
        self.rows[: len(kept)] = kept
