"""Pose correctives against the plain product, however many vertices each joint moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import DTypeLike, NDArray
from scipy.spatial.transform import Rotation

from models.pose_correctives import PoseCorrectives, planar

VERTICES = 40


def directions(moved: Sequence[int], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """(V, 3, 9 * joints): each joint moves that many vertices, anywhere on the body."""
    rng = np.random.default_rng(0)
    made = np.zeros((VERTICES, 3, 9 * len(moved)), dtype)
    for joint, count in enumerate(moved):
        near = rng.permutation(VERTICES)[:count]
        made[near, :, 9 * joint : 9 * joint + 9] = rng.standard_normal((count, 3, 9))
    return made


def poses(joints: int) -> NDArray[np.float64]:
    """(joints + 1, 3, 3): with the root, which moves nothing."""
    return np.asarray(Rotation.random(joints + 1, np.random.default_rng(1)).as_matrix())


def added(made: NDArray[Any], rotations: NDArray[np.float64]) -> NDArray[np.float32]:
    """(V, 3): by how much zero vertices are moved."""
    shaped = np.zeros(3 * len(made), np.float32)
    PoseCorrectives(made).add_to(shaped, rotations)
    return shaped.reshape(3, -1).T


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "moved",
    [
        (40, 40, 40),  # as SMPL-X
        (3, 1, 7),  # as the open body
        (40, 3, 0, 25, 20, 5),  # some of each, one joint moves nothing
        (0, 0, 0),
    ],
)
def test_every_direction_counts_once(moved: Sequence[int], order: Any, dtype: DTypeLike) -> None:
    made = np.asarray(directions(moved, dtype), order=order)
    rotations = poses(len(moved))
    feature = (rotations[1:] - np.eye(3)).reshape(-1)
    np.testing.assert_allclose(added(made, rotations), made.astype(np.float64) @ feature, rtol=0, atol=1e-5)


def test_what_was_there_stays() -> None:
    made = directions((40, 5))
    shaped = np.arange(3 * VERTICES, dtype=np.float32)
    PoseCorrectives(made).add_to(shaped, poses(2))
    expected = np.arange(3 * VERTICES) + planar(added(made, poses(2)))
    np.testing.assert_allclose(shaped, expected, rtol=0, atol=1e-4)


def test_nothing_is_added_at_rest() -> None:
    assert not added(directions((40, 5)), np.tile(np.eye(3), (3, 1, 1))).any()


def test_directions_of_a_few_vertices_take_little_room() -> None:
    correctives = PoseCorrectives(directions((2, 3, 0)))
    assert [block.shape for block in correctives._blocks] == [(9, 6), (9, 9)]
    assert correctives._wide_directions.shape == (0, 3 * VERTICES)


def test_planar_keeps_each_axis_in_one_run() -> None:
    values = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(planar(values)[3], values[:, :, 3].T.reshape(-1))
    np.testing.assert_array_equal(planar(values[:, :, 0]), values[:, :, 0].T.reshape(-1))
