"""The open body turns as SMPL-X does: every joint, about which axis, moves what where; and it is symmetric."""

from __future__ import annotations

import numpy as np
import pytest

from models.body_file import OPEN_BODY
from models.joints import SMPLX_JOINTS
from tests.models.open_body import FLIP, Array, Degrees, arrays, body, mesh, mirror, other_side, points, pose, swap
from training.poses import HANDS, POSES, Pose

# Joint, turn in degrees about x, y and z, the point looked at, and where it goes.
_CHIN = "face_contour_8"
_TURNS: tuple[tuple[str, Degrees, str, str], ...] = (
    ("pelvis", (30, 0, 0), "head", "+z"),
    ("pelvis", (0, 30, 0), "nose", "+x"),
    ("pelvis", (0, 0, -30), "head", "+x"),
    *((spine, (20, 0, 0), "head", "+z") for spine in ("spine1", "spine2", "spine3", "neck")),
    *((spine, (0, 20, 0), "nose", "+x") for spine in ("spine1", "spine2", "spine3", "neck", "head")),
    *((spine, (0, 0, -20), "head", "+x") for spine in ("spine1", "spine2", "spine3", "neck")),
    ("head", (20, 0, 0), "nose", "-y"),
    ("head", (0, 0, -20), "left_ear", "-y"),
    ("jaw", (10, 0, 0), _CHIN, "-y -z"),
    ("jaw", (0, 10, 0), _CHIN, "+x"),
    ("left_eye_smplhf", (0, 20, 0), "left_eye", "+x"),
    ("left_eye_smplhf", (20, 0, 0), "left_eye", "-y"),
    ("left_hip", (-40, 0, 0), "left_knee", "+z"),
    ("left_hip", (0, 0, 30), "left_knee", "+x"),
    ("left_hip", (0, 30, 0), "left_big_toe", "+x"),
    ("left_knee", (50, 0, 0), "left_ankle", "-z"),
    ("left_ankle", (30, 0, 0), "left_big_toe", "-y"),
    ("left_ankle", (0, 20, 0), "left_big_toe", "+x"),
    ("left_ankle", (0, 0, 20), "left_small_toe", "+y"),
    ("left_foot", (-25, 0, 0), "left_big_toe", "+y"),
    ("left_collar", (0, 0, 15), "left_shoulder", "+y"),
    ("left_collar", (0, -15, 0), "left_shoulder", "+z"),
    ("left_shoulder", (0, 0, -60), "left_wrist", "-y"),
    ("left_shoulder", (0, -60, 0), "left_wrist", "+z"),
    ("left_shoulder", (-60, 0, 0), "left_thumb", "+y"),
    ("left_elbow", (0, -60, 0), "left_wrist", "+z"),
    ("left_elbow", (-60, 0, 0), "left_thumb", "+y"),
    ("left_wrist", (0, 0, -50), "left_middle", "-y"),
    ("left_wrist", (0, -25, 0), "left_middle", "+z"),
    ("left_wrist", (-60, 0, 0), "left_thumb", "+y"),
    *((f"left_{finger}{k}", (0, 0, -30), f"left_{finger}", "-y") for finger in ("index", "middle") for k in (1, 2, 3)),
    *((f"left_{finger}{k}", (0, 0, -30), f"left_{finger}", "-y") for finger in ("ring", "pinky") for k in (1, 2, 3)),
    *((f"left_{finger}1", (0, -15, 0), f"left_{finger}", "+z") for finger in ("index", "middle", "ring", "pinky")),
    *((f"left_thumb{k}", (0, 25, 0), "left_thumb", "+x -z") for k in (1, 2, 3)),
    ("left_thumb1", (25, 0, 0), "left_thumb", "-y"),
)


def _direction(words: str) -> Array:
    """From signed axes such as "-y -z" to a vector of unit length."""
    found = np.zeros(3)
    for word in words.split():
        found["xyz".index(word[1])] = float(f"{word[0]}1")
    return np.asarray(found / np.linalg.norm(found))


def _mirrored(words: str) -> str:
    return " ".join({"+x": "-x", "-x": "+x"}.get(word, word) for word in words.split())


_RIGHT = tuple(
    (swap(joint), (x, -y, -z), swap(point), _mirrored(to))
    for joint, (x, y, z), point, to in _TURNS
    if joint.startswith("left_")
)


@pytest.mark.parametrize(("joint", "turn", "point", "to"), [*_TURNS, *_RIGHT])
def test_joint_turns_as_in_smplx(joint: str, turn: Degrees, point: str, to: str) -> None:
    moved = points(mesh(pose(**{joint: turn})))[point] - points(mesh(pose()))[point]
    assert np.linalg.norm(moved) > 0.002
    assert moved @ _direction(to) > 0.7 * np.linalg.norm(moved)


def test_every_joint_is_looked_at() -> None:
    assert {joint for joint, *_ in (*_TURNS, *_RIGHT)} == set(SMPLX_JOINTS)


def assert_mirrored(rotations: Array) -> None:
    left, right = mesh(rotations), mesh(other_side(rotations))
    np.testing.assert_allclose(right.vertices_m[mirror()] * FLIP, left.vertices_m, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("joint", "turn"), [(joint, turn) for joint, turn, *_ in _TURNS])
def test_turned_mesh_is_the_other_sides_in_a_mirror(joint: str, turn: Degrees) -> None:
    assert_mirrored(pose(**{joint: turn}))


@pytest.mark.parametrize("name", POSES)
def test_whole_pose_is_the_other_one_in_a_mirror(name: str) -> None:
    assert_mirrored(POSES[name].rotations())


@pytest.mark.parametrize("name", HANDS)
def test_right_hand_is_the_left_in_a_mirror(name: str) -> None:
    left, right = Pose(left_hand=name).rotations(), Pose(right_hand=name).rotations()
    np.testing.assert_allclose(other_side(left), right, atol=1e-12)
    assert_mirrored(left)


def test_mean_hands_are_the_relaxed_ones() -> None:
    left, right = body().hand_mean
    np.testing.assert_allclose(left, HANDS["relaxed"].rotations(), atol=1e-9)
    np.testing.assert_allclose(right, left * (1, -1, -1), atol=1e-9)


# The rest pose


def test_rest_pose_is_smplxs() -> None:
    found = mesh(pose())
    at = points(found)
    np.testing.assert_allclose(at["pelvis"], (0, -0.35, 0.01), atol=2e-3)
    assert 1.6 < np.ptp(found.vertices_m, axis=0)[1] < 1.8
    assert at["head"][1] > at["pelvis"][1] > at["left_knee"][1] > at["left_big_toe"][1]
    assert at["nose"][2] > at["head"][2] + 0.05
    assert at["left_wrist"][0] > 0.5 > -0.5 > at["right_wrist"][0]


@pytest.mark.parametrize(("start", "end"), [("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "middle")])
def test_arms_are_level(start: str, end: str) -> None:
    at = points(mesh(pose()))
    bone = at[f"left_{end}"] - at[f"left_{start}"]
    assert abs(np.degrees(np.arcsin(bone[1] / np.linalg.norm(bone)))) < 12


def test_palms_face_down_with_straight_fingers() -> None:
    at = points(mesh(pose()))
    for finger in ("index", "middle", "ring", "pinky"):
        whole = at[f"left_{finger}"] - at[f"left_{finger}1"]
        parts = [at[f"left_{finger}{k}"] for k in (1, 2, 3)] + [at[f"left_{finger}"]]
        assert np.linalg.norm(np.diff(parts, axis=0), axis=1).sum() < 1.02 * np.linalg.norm(whole)
    assert at["left_thumb"][2] > at["left_index"][2] > at["left_pinky"][2]


def test_contour_goes_from_the_right_ear_over_the_chin_to_the_left() -> None:
    at = points(mesh(pose()))
    contour = np.array([at[f"face_contour_{k}"] for k in range(17)])
    assert (np.diff(contour[:, 0]) > 0).all()
    assert contour[8, 1] < contour[:, 1].min() + 0.001
    assert abs(contour[8, 0]) < 0.005
    np.testing.assert_allclose(contour[::-1] * FLIP, contour, atol=0.005)


# The file


def test_weights_and_regressor_are_shares() -> None:
    weights, regressor = arrays().weights.astype(np.float64), arrays().regressor
    assert np.count_nonzero(weights, axis=1).max() <= 8
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(regressor.sum(1), 1, atol=1e-5)


def test_rest_pose_has_no_correctives() -> None:
    np.testing.assert_allclose(mesh(pose()).vertices_m, arrays().template, rtol=0, atol=1e-6)


def test_file_is_small_and_says_what_it_is() -> None:
    assert OPEN_BODY.stat().st_size <= 6_000_000
    assert arrays().shape_space == "wb-track-open-1"
    assert "CC0" in arrays().licence
    with np.load(OPEN_BODY) as file:
        assert file["joint_names"].tolist() == list(SMPLX_JOINTS)
        assert len(set(file["expression_actions"].tolist())) == 52
        assert file["expression_map"].shape == (10, 52)
        assert len(set(file["expression_names"].tolist())) == 10
        low, high = file["expression_range"].T
        assert (low < 0).all()
        assert (high > 0).all()
