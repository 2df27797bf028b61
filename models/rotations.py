"""Rotations as 6D, matrices and axis-angle, in NumPy, any leading shape.

6D (Zhou et al. 2019, "On the continuity of rotation representations") is a (3, 2) block in row-major order whose
columns a1, a2 become the first two columns of the matrix by Gram-Schmidt.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

_TINY = 1e-12


def rot6d_to_matrix(rot6d: Array) -> Array:
    """(..., 6) -> (..., 3, 3), orthonormal with determinant one. Zero or parallel columns give some valid rotation."""
    a1, a2 = rot6d[..., 0::2], rot6d[..., 1::2]
    b1 = _normalised(a1, np.array([1.0, 0.0, 0.0]))
    b2 = _normalised(_without(a2, b1), _perpendicular(b1))
    b2 = _normalised(_without(b2, b1), _perpendicular(b1))  # once more, for columns that are nearly parallel
    return np.stack((b1, b2, np.cross(b1, b2)), -1)


def matrix_to_rot6d(matrix: Array) -> Array:
    """(..., 3, 3) -> (..., 6)."""
    return matrix[..., :2].reshape(*matrix.shape[:-2], 6)


def axis_angle_to_matrix(axis_angle: Array) -> Array:
    """Rodrigues' formula: (..., 3) radians -> (..., 3, 3)."""
    angle = np.linalg.norm(axis_angle, axis=-1)[..., None, None]
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    sin_over = np.where(small, 1.0, np.sin(safe) / safe)
    versine_over = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    x, y, z = np.moveaxis(axis_angle, -1, 0)
    zero = np.zeros_like(x)
    cross = np.stack((zero, -z, y, z, zero, -x, -y, x, zero), -1).reshape(*axis_angle.shape[:-1], 3, 3)
    identity = np.eye(3, dtype=axis_angle.dtype)
    rotation: Array = identity + sin_over * cross + versine_over * (cross @ cross)
    return rotation.astype(axis_angle.dtype, copy=False)


def matrix_to_axis_angle(matrix: Array) -> Array:
    """(..., 3, 3) -> (..., 3) radians, angles in [0, pi]. Exact through pi: by way of the quaternion."""
    quaternion = matrix_to_quaternion(matrix)
    w, xyz = quaternion[..., :1], quaternion[..., 1:]
    length = np.linalg.norm(xyz, axis=-1, keepdims=True)
    angle = 2.0 * np.arctan2(length, w)
    small = length < _TINY
    return xyz * np.where(small, 2.0, angle / np.where(small, 1.0, length))


def nearest_axis_angle(axis_angle: Array, reference: Array) -> Array:
    """The same rotations (..., 3), each written as the multiple of its axis that is nearest to a reference axis-angle.

    An angle and the one a whole turn away are the same rotation; past half a turn the shortest form jumps to the other
    side.
    """
    angle = np.linalg.norm(axis_angle, axis=-1, keepdims=True)
    other = axis_angle * (1.0 - 2.0 * np.pi / np.maximum(angle, _TINY))
    near = np.linalg.norm(axis_angle - reference, axis=-1, keepdims=True)
    far = np.linalg.norm(other - reference, axis=-1, keepdims=True)
    return np.where((angle > _TINY) & (far < near), other, axis_angle)


def matrix_to_quaternion(matrix: Array) -> Array:
    """(..., 3, 3) -> (..., 4) as w, x, y, z with w >= 0.

    Of the four ways to read a unit quaternion from a matrix, the one with the largest divisor (Shepperd 1978).
    """
    m = matrix
    diagonal = np.stack((m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]), -1)
    trace = diagonal.sum(-1, keepdims=True)
    squares = np.concatenate((1.0 + trace, 1.0 - trace + 2.0 * diagonal), -1)  # (..., 4), four times w^2, x^2, y^2, z^2
    wx, wy, wz = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    sw, sx, sy, sz = np.moveaxis(squares, -1, 0)
    # Rows: the quaternion times four of its own w, x, y or z.
    candidates = np.stack(
        [np.stack(row, -1) for row in ((sw, wx, wy, wz), (wx, sx, xy, xz), (wy, xy, sy, yz), (wz, xz, yz, sz))], -2
    )  # (..., 4, 4)
    best = squares.argmax(-1)[..., None, None]
    quaternion = np.take_along_axis(candidates, best, -2)[..., 0, :]
    quaternion = quaternion / np.linalg.norm(quaternion, axis=-1, keepdims=True)
    return np.asarray(np.where(quaternion[..., :1] < 0, -quaternion, quaternion))


def _normalised(vectors: Array, otherwise: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), otherwise)


def _without(vectors: Array, unit: Array) -> Array:
    return np.asarray(vectors - (unit * vectors).sum(-1, keepdims=True) * unit)


def _perpendicular(unit: Array) -> Array:
    """A unit vector at a right angle to each: the axis least along it, made orthogonal."""
    axis = np.eye(3)[np.abs(unit).argmin(-1)]
    across = _without(axis, unit)
    return np.asarray(across / np.linalg.norm(across, axis=-1, keepdims=True))
