"""How far each part can be believed: whether the networks' answers agree with one another, as a probability.

The keypoints of BodyNet and HandNet and the joints of the mesh are two answers to one question, given by different
heads; where they differ one of them is wrong. What that means is fitted: a logistic regression (Platt 1999) of "the
part is about right" on synthetic people with known truth, whom no network was trained on. Made by

    python -m training.calibrate --model DIR

which prints `BODY`, `HAND` and `FACE` anew for other weights; `python -m benchmarks.smoothness` shows how well the
probabilities hold.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.crop import Crop
from app.estimator import Estimate
from app.frame import Confidence
from models.joints import BODY_JOINTS, HAND_JOINTS, HAND_ROTATIONS, SMPLX_JOINTS

Array = NDArray[np.floating[Any]]

# What counts as right, millimetres of mean joint error: the body's with pelvis on pelvis, a hand's joints laid on the
# true ones as well as they can be, the face's with head on head.
RIGHT_MM = {"body": 150.0, "hand": 15.0, "face": 30.0}

# Weights of the evidence in the order of `Evidence`, the constant last.
BODY = (-1.34, 1.30, 0.00, 0.41)
HAND = (-0.95, -0.79, -0.16, -0.33, 2.34)
FACE = (0.79, -0.17, -0.73, 0.75)

_VISIBLE = 2  # in a hand's evidence
_HAND_VISIBLE = 0.4  # of its box, from which on a hand is more than a guess


class Evidence(NamedTuple):
    """Body (3,), hands (2, 4) and face (3,) evidence, each about 0 to 1."""

    body: Array
    hands: Array
    face: Array


def evidence(estimate: Estimate, projected_px: Array, joints_m: Array, frame_wh: tuple[int, int]) -> Evidence:
    """What speaks for and against an estimate.

    projected_px: (55, 2) the mesh's joints in pixels of the frame, joints_m: (55, 3) in metres, both before the crop's
    camera. Distances are shares of the crop's width.
    """
    crop = estimate.subject.crop
    mesh_px = crop.crop_from_frame(projected_px) / crop.size_wh[0]  # (55, 2) shares of the crop's width
    body_px = estimate.keypoints.body[_BODY_KEYPOINTS] / crop.size_wh[0]
    apart = np.linalg.norm(mesh_px[_BODY_MESH] - body_px, axis=-1)  # (14,)
    in_frame = ((projected_px[_BODY_MESH] >= 0) & (projected_px[_BODY_MESH] < frame_wh)).all(-1)
    body_apart = float(np.median(apart[in_frame])) if in_frame.any() else 1.0
    left, right, face = visible_shares(estimate.part_boxes, crop, frame_wh)
    body = np.array((_squashed(body_apart, 0.05), in_frame.mean(), estimate.subject.track.box.score))
    hands = np.stack(
        [
            _hand(estimate, side, mesh_px[_HAND_MESH[side]], body_apart, share)
            for side, share in enumerate((left, right))
        ]
    )
    return Evidence(body, hands, np.array((_facing(joints_m), face, body[0])))


def confidence(found: Evidence) -> Confidence:
    """The probabilities that the parts are about right; less for a hand that is mostly outside the frame, which is
    guessed, however near the guess may come."""
    left, right = (probability(HAND, hand) * min(1.0, float(hand[_VISIBLE]) / _HAND_VISIBLE) for hand in found.hands)
    return Confidence(probability(BODY, found.body), left, right, probability(FACE, found.face))


def visible_shares(boxes: NDArray[np.floating], crop: Crop, frame_wh: tuple[int, int]) -> tuple[float, float, float]:
    """How much of each part's box (3, 4) lies inside the frame, in [0, 1]: left hand, right hand, face."""
    low = crop.frame_from_crop(boxes[:, :2].astype(np.float64))
    high = crop.frame_from_crop(boxes[:, 2:].astype(np.float64))
    inside = np.clip(np.minimum(high, frame_wh) - np.maximum(low, 0.0), 0.0, None).prod(-1)
    left, right, face = inside / np.maximum((high - low).prod(-1), 1e-9)
    return float(left), float(right), float(face)


def _hand(estimate: Estimate, side: int, mesh: Array, body_apart: float, visible: float) -> Array:
    """(4,): how far the mesh's hand is from HandNet's, how differently the two are shaped, what of the hand's box is in
    the frame, how far the body's answers are apart."""
    crop_width = estimate.subject.crop.size_wh[0]
    seen = estimate.keypoints.hands[side, _HAND_KEYPOINTS] / crop_width  # (15, 2)
    x1, y1, x2, y2 = estimate.part_boxes[side]
    width = max(x2 - x1, y2 - y1, 1.0) / crop_width
    middle, mesh_middle = seen.mean(0), mesh.mean(0)
    apart = float(np.linalg.norm(middle - mesh_middle))
    unlike = float(np.linalg.norm((seen - middle) - (mesh - mesh_middle), axis=-1).mean())
    return np.array((_squashed(apart, 0.05), _squashed(unlike / width, 0.08), visible, _squashed(body_apart, 0.05)))


def _facing(joints_m: Array) -> float:
    """1 where the face looks into the camera, 0 where it looks away."""
    ahead = joints_m[_EYES].mean(0) - joints_m[_HEAD]
    return float(0.5 - 0.5 * ahead[2] / max(float(np.linalg.norm(ahead)), 1e-9))


def _squashed(value: float, scale: float) -> float:
    """0 for 0, towards 1 far beyond the scale."""
    return value / (value + scale)


def probability(weights: tuple[float, ...], values: Array) -> float:
    return float(1.0 / (1.0 + np.exp(-(values @ np.array(weights[:-1]) + weights[-1]))))


def _rows(keypoints: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of body keypoints that are joints of the skeleton, and of those joints."""
    names = [name.replace("L_", "left_").replace("R_", "right_").lower() for name in keypoints]
    pairs = [(row, SMPLX_JOINTS.index(name)) for row, name in enumerate(names) if name in SMPLX_JOINTS]
    found, mesh = np.array(pairs).T
    return found, mesh


_BODY_KEYPOINTS, _BODY_MESH = _rows(BODY_JOINTS)
_HAND_KEYPOINTS = np.array([HAND_JOINTS.index(f"{name[:-1].capitalize()}_{name[-1]}") for name in HAND_ROTATIONS])
_HAND_MESH = tuple(
    np.array([SMPLX_JOINTS.index(f"{side}_{name}") for name in HAND_ROTATIONS]) for side in ("left", "right")
)
_HEAD = SMPLX_JOINTS.index("head")
_EYES = [SMPLX_JOINTS.index(f"{side}_eye_smplhf") for side in ("left", "right")]
