"""Drawing from weighted tables."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from training.chances import chosen


def test_entries_come_as_often_as_their_weights_say() -> None:
    rng = np.random.default_rng(0)
    drawn = Counter(chosen(rng, ((3, "a"), (1, "b"), (0, "never"))) for _ in range(4000))
    assert drawn["a"] / 4000 == pytest.approx(0.75, abs=0.03)
    assert drawn["a"] + drawn["b"] == 4000
