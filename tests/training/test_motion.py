"""Poses are rotations, come again with their seed, and are poses that people can take."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from models.joints import EYES, JAW, LEFT_HAND, RIGHT_HAND, SMPLX_JOINTS
from training.motion import PoseSampler, random_jaw
from training.skeleton import INDEX, Skeleton, mirrored

POSES = 200


@pytest.fixture(scope="module")
def poses(arrays: BodyArrays) -> NDArray[np.float64]:
    rng, sampler = np.random.default_rng(0), PoseSampler(arrays.regressor @ arrays.template, arrays.parents)
    return np.stack([sampler(rng) for _ in range(POSES)])


def test_poses_are_rotations(poses: NDArray[np.float64]) -> None:
    assert poses.shape == (POSES, len(SMPLX_JOINTS), 3, 3)
    assert np.isfinite(poses).all()
    np.testing.assert_allclose(poses @ poses.swapaxes(-1, -2), np.broadcast_to(np.eye(3), poses.shape), atol=1e-9)
    np.testing.assert_allclose(np.linalg.det(poses), 1, atol=1e-9)


def test_a_seed_gives_the_same_pose(arrays: BodyArrays) -> None:
    sampler = PoseSampler(arrays.regressor @ arrays.template, arrays.parents)
    assert np.array_equal(sampler(np.random.default_rng(7)), sampler(np.random.default_rng(7)))


def test_knees_bend_backward_and_elbows_inward(poses: NDArray[np.float64]) -> None:
    vectors = Rotation.from_matrix(poses.reshape(-1, 3, 3)).as_rotvec(degrees=True).reshape(POSES, -1, 3)
    for side, sign in (("left", 1), ("right", -1)):
        assert vectors[:, INDEX[f"{side}_knee"], 0].min() >= -1e-6
        assert (sign * vectors[:, INDEX[f"{side}_elbow"], 1]).max() < 20  # an arm at rest is a little bent
        assert np.linalg.norm(vectors[:, INDEX[f"{side}_elbow"]], axis=-1).max() < 170


def test_people_stand_upright_and_look_ahead_on_the_whole(poses: NDArray[np.float64]) -> None:
    assert (poses[:, 0, 1, 1] > 0.7).mean() > 0.9
    assert (poses[:, 0, 2, 2] > 0.7).mean() > 0.9


@pytest.mark.parametrize(("aside_deg", "least", "most"), [(0, 0.5, 0.9), (60, 0.5, 0.9), (180, 0.0, 0.1)])
def test_people_look_into_a_camera_that_is_not_behind_them(
    arrays: BodyArrays, aside_deg: float, least: float, most: float
) -> None:
    joints = arrays.regressor @ arrays.template
    rng, sampler, skeleton = (
        np.random.default_rng(0),
        PoseSampler(joints, arrays.parents),
        Skeleton(joints, arrays.parents),
    )
    camera = np.array((np.sin(np.radians(aside_deg)), 0.0, np.cos(np.radians(aside_deg))))
    heads = np.stack([skeleton.place(sampler(rng, camera), "head")[0] for _ in range(150)])
    into = heads[..., 2] @ camera > np.cos(np.radians(30))
    assert least <= into.mean() < most


def test_hands_and_elbows_are_not_in_the_body(poses: NDArray[np.float64], arrays: BodyArrays) -> None:
    skeleton = Skeleton(arrays.regressor @ arrays.template, arrays.parents)
    inside = [skeleton.inside(pose, side) for pose in poses for side in ("left", "right")]
    assert np.mean(inside) < 0.1


def test_hands_are_sometimes_alike(poses: NDArray[np.float64]) -> None:
    alike = np.isclose(mirrored(poses[:, LEFT_HAND]), poses[:, RIGHT_HAND]).all((1, 2, 3)).mean()
    assert 0.15 < alike < 0.45


def test_jaw_and_eyes_are_left_to_others(poses: NDArray[np.float64]) -> None:
    assert (poses[:, JAW] == np.eye(3)).all()
    assert (poses[:, EYES] == np.eye(3)).all()


def test_jaws_open_downward() -> None:
    rng = np.random.default_rng(0)
    vectors = Rotation.from_matrix(np.stack([random_jaw(rng) for _ in range(200)])).as_rotvec(degrees=True)
    assert vectors[:, 0].min() >= 0
    assert vectors[:, 0].max() < 25
    assert (vectors[:, 0] < 5).mean() > 0.5
