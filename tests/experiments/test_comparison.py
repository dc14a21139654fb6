"""Two tables are the same to the last bit, or it is said where they are not."""

import numpy as np
import pandas as pd
import pytest

from experiments.comparison import differences

MONTHS = pd.date_range("2025-11-01", periods=3, freq="MS", name="month")


def table(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns, index=MONTHS)


def lines(stored: pd.DataFrame, found: pd.DataFrame, tolerance: float = 0.0) -> list[str]:
    return [str(difference) for difference in differences("series", stored, found, tolerance)]


def test_equal_tables_do_not_differ_even_where_nothing_is_known():
    one = table(gap=[1.0, np.nan, np.inf], firm=["a", None, "b"], us=[True, False, True])
    assert not lines(one, one.copy())


def test_the_last_bit_counts_unless_there_is_a_tolerance():
    one, other = table(gap=[1.0, 2.0, 0.0]), table(gap=[1.0, np.nextafter(2.0, 3.0), 1e-12])
    assert lines(one, other)
    assert not lines(one, other, 1e-6)
    assert lines(one, table(gap=[1.0, 2.0 * (1 + 2e-6), 0.0]), 1e-6)
    assert lines(one, table(gap=[1.0, np.nan, 0.0]), 1e-6)


def test_a_difference_names_column_first_month_and_the_largest_one():
    (line,) = lines(table(gap=[1.0, 2.0, 3.0]), table(gap=[1.0, 2.5, 5.0]))
    assert line == "series.gap: 2 of 3 values differ, first in 2025-12; most in 2026-01: 5 instead of 3"
    (difference,) = differences("series", table(gap=[1.0, 2.0, 3.0]), table(gap=[1.0, 2.5, 5.0]))
    assert difference.largest == 2.0


def test_words_and_dates_are_compared_too():
    (line,) = lines(table(firm=["a", "b", "c"]), table(firm=["a", "x", "c"]))
    assert line == "series.firm: 1 of 3 values differs, first in 2025-12: x instead of b"
    (line,) = lines(table(end=MONTHS), table(end=[MONTHS[0], pd.NaT, MONTHS[2]]))
    assert "NaT instead of 2025-12" in line


def test_rows_have_numbers_where_there_are_no_months():
    one, other = pd.DataFrame({"rent": [1.0, 2.0]}), pd.DataFrame({"rent": [1.0, 3.0]})
    assert lines(one, other)[0].startswith("series.rent: 1 of 2 values differs, first in row 1;")


def test_columns_that_are_gone_or_new_are_told():
    assert lines(table(gap=1.0), table(rent=1.0)) == ["series.gap: gone", "series.rent: new"]


@pytest.mark.parametrize(
    ("found", "what"),
    [
        (table(gap=1.0).iloc[:2], "series: 2 rows instead of 3"),
        (table(gap=1.0).shift(1, freq="MS"), "series: other months, first 2025-12 instead of 2025-11"),
    ],
)
def test_other_rows_are_told_before_their_numbers(found, what):
    assert lines(table(gap=1.0), found) == [what]
