"""Pictures of another size in a frame of this one."""

from __future__ import annotations

import numpy as np
import pytest

from app.sources.fitted import fitted


@pytest.mark.parametrize(
    ("given_wh", "rows", "columns"),
    [
        ((40, 30), slice(0, 30), slice(0, 40)),
        ((80, 60), slice(0, 30), slice(0, 40)),
        ((20, 15), slice(0, 30), slice(0, 40)),
        ((80, 30), slice(7, 22), slice(0, 40)),  # wide: between a black row more below
        ((30, 60), slice(0, 30), slice(12, 27)),  # upright
        ((4000, 3), slice(14, 15), slice(0, 40)),
    ],
)
def test_it_is_in_the_middle_whole_and_not_stretched(given_wh: tuple[int, int], rows: slice, columns: slice) -> None:
    picture = np.full((given_wh[1], given_wh[0], 3), 200, np.uint8)
    expected = np.zeros((30, 40, 3), np.uint8)
    expected[rows, columns] = 200
    np.testing.assert_array_equal(fitted(picture, (40, 30)), expected)


def test_what_fits_is_left_as_it_is() -> None:
    picture = np.zeros((30, 40, 3), np.uint8)
    assert fitted(picture, (40, 30)) is picture
