"""Rotations against SciPy's, at the angles where formulas break, and the 6D convention."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.rotations import (
    axis_angle_to_matrix,
    matrix_to_axis_angle,
    matrix_to_quaternion,
    matrix_to_rot6d,
    nearest_axis_angle,
    rot6d_to_matrix,
)

Array = NDArray[np.float64]
IDENTITY_6D = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0])

# Where sin(a) / a, arctan2 and the sign of the axis are delicate.
ANGLES = [0.0, 1e-15, 1e-9, 1e-8, 1e-4, 1.0, np.pi / 2, np.pi - 1e-4, np.pi - 1e-8, np.pi - 1e-15, np.pi]
BATCHES: list[tuple[int, ...]] = [(), (1,), (5,), (2, 3), (0,)]


def random_rotations(count: int = 200, seed: int = 0) -> Rotation:
    return Rotation.random(count, rng=np.random.default_rng(seed))


def random_axes(count: int = 50, seed: int = 1) -> Array:
    """Unit vectors, the coordinate axes among them, (count + 6, 3)."""
    vectors = np.random.default_rng(seed).standard_normal((count, 3))
    return np.concatenate((vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.eye(3), -np.eye(3)))


def assert_near(found: NDArray[Any], expected: NDArray[Any], limit: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=limit)


def assert_rotations(matrices: NDArray[Any], limit: float = 1e-9) -> None:
    """Orthonormal, determinant one."""
    gram = matrices @ np.swapaxes(matrices, -1, -2)
    assert_near(gram, np.broadcast_to(np.eye(3), gram.shape), limit)
    assert_near(np.linalg.det(matrices), np.ones(matrices.shape[:-2]), limit)


def test_axis_angle_to_matrix_is_scipys() -> None:
    rotations = random_rotations()
    assert_near(axis_angle_to_matrix(rotations.as_rotvec()), rotations.as_matrix())


def test_matrix_to_axis_angle_is_scipys() -> None:
    rotations = random_rotations()
    assert_near(matrix_to_axis_angle(rotations.as_matrix()), rotations.as_rotvec(), 1e-9)


def test_matrix_to_quaternion_is_scipys() -> None:
    rotations = random_rotations()
    expected = rotations.as_quat(canonical=True, scalar_first=True)
    assert_near(matrix_to_quaternion(rotations.as_matrix()), expected)


@pytest.mark.parametrize("angle", ANGLES)
def test_axis_angle_to_matrix_at_a_delicate_angle(angle: float) -> None:
    rotvec = angle * random_axes()
    # Below 1e-8 rad the difference between the formula and its limit is under 1e-16.
    assert_near(axis_angle_to_matrix(rotvec), Rotation.from_rotvec(rotvec).as_matrix())


@pytest.mark.parametrize("angle", ANGLES)
def test_matrix_to_axis_angle_at_a_delicate_angle_is_the_same_rotation(angle: float) -> None:
    matrices = Rotation.from_rotvec(angle * random_axes()).as_matrix()
    found = matrix_to_axis_angle(matrices)
    assert_near(Rotation.from_rotvec(found).as_matrix(), matrices)


@pytest.mark.parametrize("angle", ANGLES)
def test_matrix_to_axis_angle_gives_the_angle_between_zero_and_half_a_turn(angle: float) -> None:
    matrices = Rotation.from_rotvec(angle * random_axes()).as_matrix()
    lengths = np.linalg.norm(matrix_to_axis_angle(matrices), axis=-1)
    assert_near(lengths, np.full(len(lengths), angle), 1e-9)
    assert lengths.max() <= np.pi + 1e-12


def test_axis_angle_round_trip_in_float64() -> None:
    rotvec = random_rotations(seed=2).as_rotvec()
    assert_near(matrix_to_axis_angle(axis_angle_to_matrix(rotvec)), rotvec, 1e-9)


def test_rot6d_round_trip() -> None:
    matrices = random_rotations(seed=3).as_matrix()
    assert_near(rot6d_to_matrix(matrix_to_rot6d(matrices)), matrices)


def test_rot6d_is_the_first_two_columns_row_by_row() -> None:
    matrix = np.arange(9.0).reshape(3, 3)
    assert_near(matrix_to_rot6d(matrix), np.array([0.0, 1.0, 3.0, 4.0, 6.0, 7.0]))


def test_rot6d_keeps_the_direction_of_the_first_column_and_the_plane_of_both() -> None:
    a1, a2 = np.array([0.0, 0.0, 2.0]), np.array([3.0, 0.0, 5.0])
    found = rot6d_to_matrix(np.stack((a1, a2), -1).reshape(6))
    assert_near(found, np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]))


def test_identity_6d_is_no_rotation() -> None:
    assert_near(rot6d_to_matrix(IDENTITY_6D), np.eye(3))


def test_unnormalised_rot6d_gives_rotations() -> None:
    assert_rotations(rot6d_to_matrix(np.random.default_rng(4).standard_normal((200, 6)) * 7.0))


@pytest.mark.parametrize(
    ("a1", "a2"),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),  # nothing at all
        ((0.0, 0.0, 0.0), (0.0, 1.0, 0.0)),  # no first column
        ((0.0, 0.0, 0.0), (3.0, 0.0, 0.0)),  # no first column, the second along its replacement
        ((0.0, 2.0, 0.0), (0.0, 0.0, 0.0)),  # no second column
        ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0)),  # equal
        ((0.0, 0.0, 1.0), (0.0, 0.0, -4.0)),  # opposite
        ((1.0, 2.0, 3.0), (2.0, 4.0, 6.0)),  # parallel, off the axes
        ((1e-20, 0.0, 0.0), (0.0, 1e-20, 0.0)),  # too short to have a direction
    ],
)
def test_degenerate_rot6d_still_gives_a_rotation(a1: tuple[float, ...], a2: tuple[float, ...]) -> None:
    assert_rotations(rot6d_to_matrix(np.stack((a1, a2), -1).reshape(6)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearly_parallel_rot6d_still_gives_a_rotation(dtype: type[np.floating[Any]]) -> None:
    a1 = random_axes()
    a2 = 2 * a1 + 1e-6 * np.roll(a1, 1, -1)
    assert_rotations(rot6d_to_matrix(np.stack((a1, a2), -1).reshape(-1, 6).astype(dtype)), 1e-5)


@pytest.mark.parametrize("angle", [1e-6, 1.0, 3.0, np.pi])
def test_nearest_axis_angle_keeps_the_rotation(angle: float) -> None:
    rotvec = angle * random_axes()
    reference = 4.0 * random_axes(seed=5)
    found = nearest_axis_angle(rotvec, reference)
    assert_near(Rotation.from_rotvec(found).as_matrix(), Rotation.from_rotvec(rotvec).as_matrix(), 1e-9)


def test_nearest_axis_angle_is_no_farther_than_either_branch() -> None:
    rotvec = random_rotations(seed=6).as_rotvec()
    reference = 4.0 * np.random.default_rng(7).standard_normal(rotvec.shape)
    turn = 2 * np.pi * rotvec / np.linalg.norm(rotvec, axis=-1, keepdims=True)
    distances = [np.linalg.norm(branch - reference, axis=-1) for branch in (rotvec, rotvec - turn)]
    found = np.linalg.norm(nearest_axis_angle(rotvec, reference) - reference, axis=-1)
    assert_near(found, np.minimum(*distances), 1e-9)


def test_nearest_axis_angle_follows_a_turn_past_half_a_turn() -> None:
    axis = random_axes(1)[0]
    written: NDArray[np.floating[Any]] = np.zeros(3)
    for angle in np.linspace(0.1, 1.9 * np.pi, 60):
        short = matrix_to_axis_angle(axis_angle_to_matrix(angle * axis))
        written = nearest_axis_angle(short, written)
        assert_near(written, angle * axis, 1e-7)


def test_nearest_axis_angle_of_no_rotation_is_zero() -> None:
    assert_near(nearest_axis_angle(np.zeros((2, 3)), np.full((2, 3), 4.0)), np.zeros((2, 3)))


@pytest.mark.parametrize("batch", BATCHES)
def test_any_leading_shape_is_kept(batch: tuple[int, ...]) -> None:
    rotvec = np.random.default_rng(8).standard_normal((*batch, 3))
    matrices = axis_angle_to_matrix(rotvec)
    assert matrices.shape == (*batch, 3, 3)
    assert matrix_to_rot6d(matrices).shape == (*batch, 6)
    assert rot6d_to_matrix(matrix_to_rot6d(matrices)).shape == (*batch, 3, 3)
    assert matrix_to_quaternion(matrices).shape == (*batch, 4)
    assert matrix_to_axis_angle(matrices).shape == (*batch, 3)
    assert nearest_axis_angle(rotvec, rotvec).shape == (*batch, 3)


@pytest.mark.parametrize("batch", BATCHES[2:4])
def test_a_batch_is_its_members_one_by_one(batch: tuple[int, ...]) -> None:
    rot6d = np.random.default_rng(9).standard_normal((*batch, 6))
    matrices, vectors = rot6d_to_matrix(rot6d), matrix_to_axis_angle(rot6d_to_matrix(rot6d))
    for index in np.ndindex(*batch):
        alone = rot6d_to_matrix(rot6d[index])
        assert_near(matrices[index], alone)
        assert_near(vectors[index], matrix_to_axis_angle(alone))


@pytest.mark.parametrize("angle", [0.0, 1e-4, 1.0, np.pi - 1e-3])
def test_float32_matrices_give_the_rotation_to_float32(angle: float) -> None:
    matrices = Rotation.from_rotvec(angle * random_axes()).as_matrix()
    found = matrix_to_axis_angle(matrices.astype(np.float32))
    assert_near(Rotation.from_rotvec(found).as_matrix(), matrices, 2e-6)
