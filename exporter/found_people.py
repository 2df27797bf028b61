"""Does a reduced detector find whom the full one finds?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SURE = 0.4  # the score from which tracking takes a box for a person
_LEAST_OVERLAP = 0.9
_MOST_SCORE_DIFFERENCE = 0.1


@dataclass(frozen=True)
class FoundPeople:
    """The people that the full detector is sure of: how many, the mean overlap (intersection over union) with the
    nearest box of the reduced one, and the largest difference of their scores."""

    people: int
    mean_overlap: float
    score_difference: float

    @property
    def hold(self) -> bool:
        """Whether the reduced detector is as good. Of nobody it is not known."""
        near = self.mean_overlap >= _LEAST_OVERLAP and self.score_difference <= _MOST_SCORE_DIFFERENCE
        return self.people > 0 and near


def compare(found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]) -> FoundPeople:
    """Boxes (N, K, 4) and scores (N, K) of both detectors on the same pictures."""
    image, row = np.nonzero(expected["scores"] >= _SURE)
    if not len(image):
        return FoundPeople(0, 0.0, 1.0)
    overlaps = _overlaps(found["boxes"][image], expected["boxes"][image, row][:, None])  # (M, K)
    nearest = overlaps.argmax(1)
    apart = np.abs(found["scores"][image, nearest] - expected["scores"][image, row])
    return FoundPeople(len(image), float(overlaps.max(1).mean()), float(apart.max()))


def _overlaps(boxes: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Intersection over union of boxes (..., 4)."""
    low, high = np.maximum(boxes[..., :2], others[..., :2]), np.minimum(boxes[..., 2:], others[..., 2:])
    common = np.clip(high - low, 0, None).prod(-1)
    union = _area(boxes) + _area(others) - common
    return np.asarray(common / np.maximum(union, 1e-9))


def _area(boxes: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((boxes[..., 2:] - boxes[..., :2]).clip(0).prod(-1))
