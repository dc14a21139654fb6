"""Columns are a way to reckon fast, never another result."""

import numpy as np


def test_the_columns_equal_the_one_by_one_twin(twins_of_a_month):
    assert set(twins_of_a_month) == {"dispatch_machines", "machine_value"}
    for columns, one_by_one in twins_of_a_month.values():
        together = np.array(columns())
        assert together.shape[-1] > 300
        # Functions such as exp may round the last digit differently over vectors.
        np.testing.assert_allclose(one_by_one(), together, rtol=1e-12, atol=1e-12)
