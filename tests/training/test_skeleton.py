"""Joints in space against the body itself, and wrists that come to where they are sent."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from models.smplx_body import SmplxBody
from training.skeleton import INDEX, SIGNS, Skeleton, mirrored, turn, unit

SIDES = pytest.mark.parametrize("side", ["left", "right"])


@pytest.fixture(scope="module")
def skeleton(arrays: BodyArrays) -> Skeleton:
    return Skeleton(arrays.regressor @ arrays.template, arrays.parents)


def _rest() -> NDArray[np.float64]:
    return np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))


def test_places_are_those_of_the_body(skeleton: Skeleton, arrays: BodyArrays) -> None:
    pose = Rotation.random(len(SMPLX_JOINTS), rng=np.random.default_rng(0)).as_matrix()
    joints = SmplxBody(arrays).forward(pose, np.zeros(10), np.zeros(10)).joints_m
    for name in ("pelvis", "left_foot", "right_thumb3", "jaw"):
        world, place = skeleton.place(pose, name)
        np.testing.assert_allclose(place, joints[INDEX[name]], atol=1e-5)
        np.testing.assert_allclose(world @ world.T, np.eye(3), atol=1e-9)


@SIDES
def test_the_wrist_comes_to_a_target_within_reach(skeleton: Skeleton, side: str) -> None:
    rng = np.random.default_rng(1)
    reached = 0
    for _ in range(200):
        pose = _rest()
        pose[0] = Rotation.random(rng=rng).as_matrix()
        _, shoulder = skeleton.place(pose, f"{side}_shoulder")
        target = shoulder + unit(rng.normal(size=3)) * rng.uniform(0.1, 0.48)
        skeleton.reach(rng, pose, side, target, rng.normal(0, 40))
        _, shoulder = skeleton.place(pose, f"{side}_shoulder")
        _, wrist = skeleton.place(pose, f"{side}_wrist")
        if 0.13 < np.linalg.norm(target - shoulder) < 0.48:  # the arm's length is 0.50
            np.testing.assert_allclose(wrist, target, atol=1e-3)
            reached += 1
    assert reached > 150


@SIDES
def test_a_target_out_of_reach_is_pointed_at(skeleton: Skeleton, side: str) -> None:
    pose, rng = _rest(), np.random.default_rng(0)
    target = np.array((0.3, 0.5, 2.0))
    skeleton.reach(rng, pose, side, target, 0.0)
    _, shoulder = skeleton.place(pose, f"{side}_shoulder")
    _, wrist = skeleton.place(pose, f"{side}_wrist")
    np.testing.assert_allclose(unit(wrist - shoulder), unit(target - shoulder), atol=1e-6)
    assert np.linalg.norm(wrist - shoulder) > 0.49


@SIDES
def test_elbows_bend_forward_and_hang(skeleton: Skeleton, side: str) -> None:
    pose, rng = _rest(), np.random.default_rng(0)
    _, shoulder = skeleton.place(pose, f"{side}_shoulder")
    target = shoulder + np.array((0.0, 0.0, 0.35))
    skeleton.reach(rng, pose, side, target, 0.0)
    bend = Rotation.from_matrix(pose[INDEX[f"{side}_elbow"]]).as_rotvec()
    assert bend[1] * SIGNS[side] < -0.5
    _, elbow = skeleton.place(pose, f"{side}_elbow")
    assert elbow[1] < shoulder[1] - 0.05


@SIDES
def test_a_hand_in_the_chest_is_inside(skeleton: Skeleton, side: str) -> None:
    pose, rng = _rest(), np.random.default_rng(0)
    assert not skeleton.inside(pose, side)
    _, chest = skeleton.place(pose, "spine2")
    skeleton.reach(rng, pose, side, chest, 0.0)
    assert skeleton.inside(pose, side)


def test_mirrored_rotations_are_those_of_the_other_side() -> None:
    np.testing.assert_allclose(mirrored(turn(10, 20, 30)), turn(10, -20, -30), atol=1e-12)
    many = np.stack([turn(10, 20, 30), turn(-50, 3, 0)])
    np.testing.assert_allclose(mirrored(mirrored(many)), many)
