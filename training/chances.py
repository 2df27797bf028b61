"""Drawing from weighted tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Rng = np.random.Generator
T = TypeVar("T")


def chosen(rng: Rng, table: Sequence[tuple[float, T]]) -> T:
    """The second of one of the pairs, as likely as the first says; the first ones need not sum to one."""
    weights = np.array([weight for weight, _ in table])
    return table[int(rng.choice(len(table), p=weights / weights.sum()))][1]
