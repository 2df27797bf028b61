"""Proportions beyond those of the body's own shapes, for drawing: how large the head is, how broad the shoulders are,
how long the trunk is.

People in photographs vary more in these than the body's ten coefficients say, and differ in the mean: by MediaPipe's
landmarks of both, drawn people had small heads, broad shoulders and long trunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from training.chances import Rng

Array = NDArray[np.float64]

HEAD = 20  # the coefficient, after those of shape and expression, of the head's size; shoulders and trunk follow

_MEANS = (0.08, -0.1, -0.07)  # of head, shoulders and trunk, as shares of their size
_DEVIATIONS = (0.07, 0.08, 0.07)
_MOST = 2.0  # deviations
_HIPS = 0.4  # how much of the shoulders' widening hips take part in

_ARM = ("shoulder", "elbow", "wrist", "index", "middle", "pinky", "ring", "thumb")
_LEG = ("hip", "knee", "ankle", "foot")
_ON_HEAD = ("head", "jaw", "eye_smplhf")


def random_proportions(rng: Rng) -> Array:
    """(3,) coefficients of head, shoulders and trunk."""
    return np.asarray(_MEANS + np.clip(rng.normal(0, 1, 3), -_MOST, _MOST) * _DEVIATIONS)


def with_proportions(arrays: BodyArrays) -> BodyArrays:
    """The body with three directions of shape more, 23 in all: coefficients of one make head, width and trunk twice as
    large. Arms, legs and head move as wholes, only the head is scaled."""
    at, joints = arrays.template, arrays.regressor @ arrays.template
    place = dict(zip(SMPLX_JOINTS, joints, strict=True))
    hips, shoulders = (_middle(place, name)[1] for name in ("hip", "shoulder"))

    reach = abs(place["left_shoulder"][0])

    def wider(points: Array) -> Array:
        risen = np.clip((points[:, 1] - hips) / (shoulders - hips), 0, 1)
        return _along(0, np.clip(points[:, 0], -reach, reach) * (_HIPS + (1 - _HIPS) * risen))

    def longer(points: Array) -> Array:
        return _along(1, np.clip(points[:, 1], hips, shoulders) - hips)

    wholes = [_ON_HEAD, *([f"{side}_{part}" for part in limb] for side in ("left", "right") for limb in (_ARM, _LEG))]
    weights = np.stack([_weights(arrays, names) for names in wholes], -1)  # (V, 5)
    ends = np.stack([place[names[0]] for names in wholes])  # (5, 3), where they hang on the trunk
    loose = 1 - weights.sum(-1, keepdims=True)
    larger = weights[:, :1] * (at - place["head"])
    directions = [larger, *(loose * field(at) + weights @ field(ends) for field in (wider, longer))]
    return replace(arrays, shape_directions=np.concatenate((arrays.shape_directions, np.stack(directions, -1)), -1))


def _middle(place: Mapping[str, Array], joint: str) -> Array:
    return np.asarray((place[f"left_{joint}"] + place[f"right_{joint}"]) / 2)


def _weights(arrays: BodyArrays, parts: Sequence[str]) -> Array:
    """(V,) how much joints whose names contain one of these move each vertex."""
    moving = [any(part in name for part in parts) for name in SMPLX_JOINTS]
    return np.asarray(arrays.weights[:, moving].sum(1), np.float64)


def _along(axis: int, way: Array) -> Array:
    """(P,) -> (P, 3)."""
    return np.asarray(way[:, None] * np.eye(3)[axis])
