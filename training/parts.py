"""Which vertices of a body are which part, its hands and its face, by the joints that move them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.body_file import BodyArrays
from models.joints import EYES, HAND_ROTATIONS, JAW, LEFT_HAND, RIGHT_HAND, SMPLX_BODY, SMPLX_JOINTS

_MOSTLY = 0.5  # share of a vertex's weights
_BEHIND_FACE_M = 0.06  # how far the face reaches back from the middle of its landmarks
_FOREHEAD_M = 0.345  # height at rest where the face ends
_HANDS = (("left_wrist", LEFT_HAND), ("right_wrist", RIGHT_HAND))

PARTS = 1 + len(SMPLX_BODY)  # of the body: what each of SMPL-X's first joints moves; fingers are their hand's
HAND_PARTS = 2 + len(HAND_ROTATIONS)  # of a hand: what the wrist and each finger joint moves; and all that is no hand
FACE_POINTS = 51  # landmarks of the face
WRISTS = tuple(SMPLX_JOINTS.index(wrist) for wrist, _ in _HANDS)


def part_of_vertices(arrays: BodyArrays) -> NDArray[np.int64]:
    """(V,) the part, 0 to PARTS - 1, that moves each vertex most."""
    weights = arrays.weights[:, :PARTS].copy()
    weights[:, SMPLX_JOINTS.index("head")] += arrays.weights[:, (JAW.start, *range(EYES.start, EYES.stop))].sum(1)
    for wrist, fingers in _HANDS:
        weights[:, SMPLX_JOINTS.index(wrist)] += arrays.weights[:, fingers].sum(1)
    return np.asarray(weights.argmax(1))


def hand_vertices(arrays: BodyArrays) -> NDArray[np.bool_]:
    """(2, V), the left hand's first: what wrist and fingers move."""
    weights = arrays.weights
    moved = [weights[:, SMPLX_JOINTS.index(wrist)] + weights[:, fingers].sum(1) for wrist, fingers in _HANDS]
    return np.stack(moved) > _MOSTLY


def part_of_hand_vertices(arrays: BodyArrays) -> NDArray[np.int64]:
    """(2, V), the left hand's first: 0 the palm, then the fingers' parts as `HAND_ROTATIONS`, HAND_PARTS - 1 the rest
    of the body."""
    hands = hand_vertices(arrays)
    moved = [arrays.weights[:, (wrist, *range(f.start, f.stop))] for wrist, (_, f) in zip(WRISTS, _HANDS, strict=True)]
    return np.where(hands, np.stack(moved).argmax(-1), HAND_PARTS - 1)


def face_vertices(arrays: BodyArrays) -> NDArray[np.bool_]:
    """(V,) the front of the head up to the hair."""
    head = arrays.weights[:, (SMPLX_JOINTS.index("head"), JAW.start, *range(EYES.start, EYES.stop))].sum(1) > _MOSTLY
    front = arrays.template[:, 2] > landmarks_at_rest(arrays)[:, 2].mean() - _BEHIND_FACE_M
    return np.asarray(head & front & (arrays.template[:, 1] < _FOREHEAD_M))


def landmarks_at_rest(arrays: BodyArrays) -> NDArray[np.float64]:
    """(51, 3) metres: the face's landmarks, ten of the brows first, the lips' outline in rows 31 to 42."""
    corners = arrays.template[arrays.faces[arrays.landmark_faces]]  # (51, 3, 3)
    return np.asarray((corners * arrays.landmark_weights[..., None]).sum(1))
