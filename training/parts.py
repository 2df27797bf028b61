"""Which vertices of a body are its hands and its face, by the joints that move them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.body_file import BodyArrays
from models.joints import EYES, JAW, LEFT_HAND, RIGHT_HAND, SMPLX_JOINTS

_MOSTLY = 0.5  # share of a vertex's weights
_BEHIND_FACE_M = 0.06  # how far the face reaches back from the middle of its landmarks
_FOREHEAD_M = 0.345  # height at rest where the face ends
_HANDS = (("left_wrist", LEFT_HAND), ("right_wrist", RIGHT_HAND))


def hand_vertices(arrays: BodyArrays) -> NDArray[np.bool_]:
    """(2, V), the left hand's first: what wrist and fingers move."""
    weights = arrays.weights
    moved = [weights[:, SMPLX_JOINTS.index(wrist)] + weights[:, fingers].sum(1) for wrist, fingers in _HANDS]
    return np.stack(moved) > _MOSTLY


def face_vertices(arrays: BodyArrays) -> NDArray[np.bool_]:
    """(V,) the front of the head up to the hair."""
    head = arrays.weights[:, (SMPLX_JOINTS.index("head"), JAW.start, *range(EYES.start, EYES.stop))].sum(1) > _MOSTLY
    front = arrays.template[:, 2] > landmarks_at_rest(arrays)[:, 2].mean() - _BEHIND_FACE_M
    return np.asarray(head & front & (arrays.template[:, 1] < _FOREHEAD_M))


def landmarks_at_rest(arrays: BodyArrays) -> NDArray[np.float64]:
    """(51, 3) metres: the face's landmarks, ten of the brows first, the lips' outline in rows 31 to 42."""
    corners = arrays.template[arrays.faces[arrays.landmark_faces]]  # (51, 3, 3)
    return np.asarray((corners * arrays.landmark_weights[..., None]).sum(1))
