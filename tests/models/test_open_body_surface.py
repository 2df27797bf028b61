"""The open body's skin in motion: the mouth opens, eyes close, a fist closes, limbs keep their girth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from models.body_file import OPEN_BODY
from tests.models.open_body import NONE, Array, Degrees, Ring, mesh, owned, points, pose
from training.poses import POSES, Pose

# Landmarks in iBUG's numbers, of which `face_0` is the 17th: what faces each other on the lips and on the lids.
_LIPS = ((61, 67), (62, 66), (63, 65))
_LIDS = {"right": ((37, 41), (38, 40)), "left": ((43, 47), (44, 46))}
_FINGERS = ("index", "middle", "ring", "pinky")


def gaps_m(pairs: tuple[tuple[int, int], ...], rotations: Array, expression: Array = NONE) -> Array:
    at = points(mesh(rotations, expression=expression))
    return np.array([np.linalg.norm(at[f"face_{a - 17}"] - at[f"face_{b - 17}"]) for a, b in pairs])


def _distance_m(some: NDArray[np.float32], others: NDArray[np.float32]) -> float:
    distance, _ = cKDTree(others).query(some)
    return float(np.min(distance))


def expression(**coefficients: float) -> Array:
    """By name of the direction, with _ for blanks."""
    with np.load(OPEN_BODY) as file:
        names = [str(name).replace(" ", "_").replace(",", "") for name in file["expression_names"]]
    found = np.zeros(10)
    for name, value in coefficients.items():
        found[names.index(name)] = value
    return found


def test_mouth_opens_with_the_jaw() -> None:
    gaps = np.array([gaps_m(_LIPS, pose(jaw=(degrees, 0, 0))) for degrees in (0, 5, 10, 20)])
    assert (gaps[0] < 0.003).all()
    assert (np.diff(gaps, axis=0) > 0.004).all()


def test_lips_part_without_the_jaw() -> None:
    gaps = gaps_m(_LIPS, pose(), expression(upper_lip_up=2, lower_lip_down=2))
    assert (gaps > gaps_m(_LIPS, pose()) + 0.003).all()


@pytest.mark.parametrize("side", ["left", "right"])
def test_blinking_closes_the_lids(side: str) -> None:
    gaps = np.array([gaps_m(_LIDS[side], pose(), expression(blink=value)) for value in (-0.5, 0, 1, 2)])
    assert (np.diff(gaps, axis=0) < -0.001).all()
    assert (gaps[1] > 0.006).all()
    assert (gaps[3] < 0.0025).all()


def test_one_eye_closes_alone() -> None:
    wink = expression(blink=1, left_eye_closed_right_eye_open=2)
    assert (gaps_m(_LIDS["left"], pose(), wink) < 0.0025).all()
    np.testing.assert_allclose(gaps_m(_LIDS["right"], pose(), wink), gaps_m(_LIDS["right"], pose()), atol=5e-4)


def test_lids_stay_when_the_eyes_turn() -> None:
    turned = pose(left_eye_smplhf=(0, 25, 0), right_eye_smplhf=(0, 25, 0))
    pairs = (*_LIDS["left"], *_LIDS["right"])
    np.testing.assert_allclose(gaps_m(pairs, turned), gaps_m(pairs, pose()), atol=1e-3)


@pytest.mark.parametrize("finger", _FINGERS)
def test_fist_closes_to_the_palm_and_not_through_it(finger: str) -> None:
    """The palm faces down: y is height."""
    vertices = mesh(Pose(left_hand="fist").rotations()).vertices_m
    tip, hand = vertices[owned(f"left_{finger}3", share=0.8)], vertices[owned("left_wrist", share=0.8)]
    assert _distance_m(tip, hand) < 0.01
    _, across = cKDTree(hand[:, [0, 2]]).query(tip[:, [0, 2]], k=12)
    palm, back = hand[across, 1].min(1), hand[across, 1].max(1)  # (K,) over each vertex of the tip
    assert (tip[:, 1] < back - 0.015).all()
    assert (tip[:, 1] < palm + 0.006).all()  # the palm's flesh gives way so far


def test_pinch_brings_thumb_and_index_together() -> None:
    vertices = mesh(Pose(left_hand="pinch").rotations()).vertices_m
    assert _distance_m(vertices[owned("left_index3")], vertices[owned("left_thumb3")]) < 0.004


# Part of the limb, the pose, and the least girth against that at rest. Candy wrappers would have a third of it.
@pytest.mark.parametrize("share", [0.5, 0.7, 0.85, 0.95, 1.0])
@pytest.mark.parametrize("turn", [{"left_wrist": (90, 0, 0)}, {"left_wrist": (-90, 0, 0)}, {"left_elbow": (60, 0, 0)}])
def test_twisted_forearm_keeps_its_girth(share: float, turn: dict[str, Degrees]) -> None:
    ring = Ring("left_elbow", "left_wrist", share)
    assert ring.girth_m(pose(**turn)) > 0.95 * ring.girth_m(pose())


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3, 0.5])
@pytest.mark.parametrize(
    "turn",
    [
        {"left_shoulder": (0, 0, 85)},
        {"left_shoulder": (0, 0, -70)},
        {"left_shoulder": (70, 0, 0)},
        {"left_shoulder": (-70, 0, 0)},
        {"left_shoulder": (0, -90, 0)},
    ],
)
def test_upper_arm_keeps_its_girth(share: float, turn: dict[str, Degrees]) -> None:
    ring = Ring("left_shoulder", "left_elbow", share)
    assert ring.girth_m(pose(**turn)) > 0.85 * ring.girth_m(pose())


def test_shoulder_keeps_its_girth_with_the_arms_up() -> None:
    ring = Ring("left_shoulder", "left_elbow", 0.1)
    assert ring.girth_m(POSES["arms up"].rotations()) > 0.9 * ring.girth_m(pose())
