"""Quaternions against matrices, and the laws of the group."""

from __future__ import annotations

import numpy as np
import pytest

from app.smoothing import quaternions
from models.rotations import axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix

RNG = np.random.default_rng(0)
UNIT = RNG.normal(0, 1, (200, 3))
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)
VECTORS = {
    "any": RNG.normal(0, 1.2, (200, 3)),
    "small": RNG.normal(0, 1e-7, (200, 3)),
    "half turns": np.pi * UNIT,
    "axes": np.concatenate([np.eye(3) * angle for angle in (np.pi, -np.pi / 2, 3.1)]),
}


def quaternion(vectors: np.ndarray) -> np.ndarray:
    return quaternions.from_rot6d(matrix_to_rot6d(axis_angle_to_matrix(vectors)))


@pytest.mark.parametrize("vectors", VECTORS.values(), ids=VECTORS)
def test_6d_and_back(vectors: np.ndarray) -> None:
    rot6d = matrix_to_rot6d(axis_angle_to_matrix(vectors))
    q = quaternions.from_rot6d(rot6d)
    np.testing.assert_allclose(np.linalg.norm(q, axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(quaternions.to_rot6d(q), rot6d, atol=1e-9)
    # Columns of any length and angle mean the same as they do to `models.rotations`.
    skewed = RNG.normal(0, 3, (50, 6))
    np.testing.assert_allclose(
        quaternions.to_rot6d(quaternions.from_rot6d(skewed)), matrix_to_rot6d(rot6d_to_matrix(skewed)), atol=1e-9
    )


@pytest.mark.parametrize("vectors", VECTORS.values(), ids=VECTORS)
def test_the_exponential_is_rodrigues_formula_and_the_logarithm_its_inverse(vectors: np.ndarray) -> None:
    q = quaternions.exponential(vectors.T)
    np.testing.assert_allclose(rot6d_to_matrix(quaternions.to_rot6d(q)), axis_angle_to_matrix(vectors), atol=1e-9)
    again = quaternions.exponential(quaternions.logarithm(q))
    np.testing.assert_allclose(np.abs((again * q).sum(0)), 1, atol=1e-12)
    assert np.linalg.norm(quaternions.logarithm(q), axis=0).max() <= np.pi + 1e-9


def test_the_product_is_that_of_matrices_and_the_inverse_undoes() -> None:
    a, b = RNG.normal(0, 1, (2, 100, 3))
    p, q = quaternion(a), quaternion(b)
    both = rot6d_to_matrix(quaternions.to_rot6d(quaternions.product(p, q)))
    np.testing.assert_allclose(both, axis_angle_to_matrix(a) @ axis_angle_to_matrix(b), atol=1e-9)
    nothing = quaternions.product(p, quaternions.inverse(p))
    np.testing.assert_allclose(nothing, np.array([1.0, 0, 0, 0])[:, None].repeat(100, 1), atol=1e-12)


def test_between_leads_from_one_to_the_other_whichever_way_they_are_written() -> None:
    p, q = quaternion(RNG.normal(0, 1, (100, 3))), quaternion(RNG.normal(0, 1, (100, 3)))
    step = quaternions.between(p, -q)
    np.testing.assert_allclose(step, quaternions.between(p, q), atol=1e-12)
    np.testing.assert_allclose(np.abs((quaternions.turned(p, step) * q).sum(0)), 1, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_rotation_is_its_twist_and_a_swing_about_axes_across(axis: int) -> None:
    q = quaternion(RNG.normal(0, 0.8, (100, 3)))
    twist = quaternions.about_axis(q, axis)
    swing = quaternions.logarithm(quaternions.product(quaternions.inverse(twist), q))
    np.testing.assert_allclose(swing[axis], 0, atol=1e-9)
    np.testing.assert_allclose(np.delete(quaternions.logarithm(twist), axis, 0), 0, atol=1e-12)
