"""Tables of columns and the views that make rows agents."""

import pickle

import numpy as np
import pytest

from agents.columns import Column, RowView, Table, among

COLUMNS = (
    Column("mw", "float64", "MW", "power"),
    Column("owner", "int64", "row", "who", -1),
    Column("hash", "float64", "EH/s", "by generation", width=3),
)


def table(rows: int = 2) -> Table:
    made = Table(COLUMNS)
    made.add(rows, {"mw": np.arange(rows) + 1.0})
    return made


def test_a_new_row_starts_at_the_declared_defaults() -> None:
    made = table()
    assert made.owner.tolist() == [-1, -1]
    assert made.hash.shape == (2, 3)


def test_growth_keeps_every_earlier_row() -> None:
    made = table(2)
    made.hash[1] = 7.0
    made.add(500)
    assert len(made) == 502
    assert made.mw[:2].tolist() == [1.0, 2.0]
    assert made.hash[1].tolist() == [7.0, 7.0, 7.0]


def test_assignment_writes_into_the_column_instead_of_replacing_it() -> None:
    made = table()
    view = made.mw
    made.mw = np.array([5.0, 6.0])
    assert view is made.mw
    assert view.tolist() == [5.0, 6.0]


def test_a_misspelt_column_is_an_error_in_both_directions() -> None:
    made = table()
    with pytest.raises(AttributeError, match="no column 'mv'"):
        _ = made.mv
    with pytest.raises(AttributeError, match="no column 'mv'"):
        made.mv = 1.0
    with pytest.raises(AttributeError, match="no column 'mv'"):
        made.add(1, {"mv": 1.0})


def test_columns_of_one_dtype_are_had_at_once_live_or_copied() -> None:
    made = Table((*COLUMNS, Column("load", "float64", "MW", "draw", 0.5)))
    made.add(2, {"mw": [1.0, 2.0]})
    assert made.together(("load", "mw")).tolist() == [[0.5, 0.5], [1.0, 2.0]]
    made.together(("mw",))[:] = 9.0
    assert made.mw.tolist() == [1.0, 2.0]
    made.matrix("float64")[made.positions(("load",))] = 3.0
    assert made.load.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("name", ["mw", "hash"])
def test_a_column_that_is_not_finite_throughout_is_named(name: str) -> None:
    made = table(3)
    assert made.undefined() == []
    getattr(made, name)[1] = np.nan
    assert made.undefined() == [name]


def test_nobody_is_among_any_rows() -> None:
    owner = np.array([2, -1, 0, 2, 1])
    assert among(owner, np.array([2, 0]), 3).tolist() == [True, False, True, True, False]
    assert not among(owner, np.zeros(0, dtype=int), 3).any()


def test_a_pickled_table_comes_back_with_its_rows_and_still_grows() -> None:
    made = pickle.loads(pickle.dumps(table()))
    made.add(40)
    assert made.mw[:2].tolist() == [1.0, 2.0]
    made.mw[0] = 9.0
    assert made._store["mw"][0] == 9.0
    made.add(400)
    assert made.mw[0] == 9.0


def test_an_agent_reads_and_writes_its_own_row() -> None:
    class Agent:
        mw = RowView("mw")
        hash = RowView("hash")

        def __init__(self, of: Table, row: int) -> None:
            self.table, self.row = of, row

    made = table()
    agent = Agent(made, 1)
    agent.mw = 11.0
    made.add(100)
    agent.mw += 1.0
    assert made.mw[1] == 12.0
    assert isinstance(agent.mw, float)
    own = agent.hash
    own[0] = 99.0
    assert made.hash[1, 0] == 0.0
