"""Rotations as 6D, matrices and axis-angle, in NumPy, any leading shape.

6D (Zhou et al. 2019, "On the continuity of rotation representations") is a (3, 2) block in row-major order whose
columns a1, a2 become the first two columns of the matrix by Gram-Schmidt.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]

_TINY = 1e-12


def rot6d_to_matrix(rot6d: Array) -> Array:
    """(..., 6) -> (..., 3, 3), orthonormal with determinant one. Zero or parallel columns give some valid rotation."""
    a1, a2 = rot6d[..., 0::2], rot6d[..., 1::2]
    b1 = _normalised(a1, lambda: np.array([1.0, 0.0, 0.0]))
    b2 = _normalised(_without(a2, b1), lambda: _perpendicular(b1))
    b2 = _normalised(_without(b2, b1), lambda: _perpendicular(b1))  # once more, for columns that are nearly parallel
    matrix: Array = np.empty((*b1.shape, 3), b1.dtype)
    matrix[..., 0], matrix[..., 1] = b1, b2
    (x1, y1, z1), (x2, y2, z2) = np.moveaxis(b1, -1, 0), np.moveaxis(b2, -1, 0)
    matrix[..., 0, 2], matrix[..., 1, 2], matrix[..., 2, 2] = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    return matrix


def matrix_to_rot6d(matrix: Array) -> Array:
    """(..., 3, 3) -> (..., 6)."""
    return matrix[..., :2].reshape(*matrix.shape[:-2], 6)


def axis_angle_to_matrix(axis_angle: Array) -> Array:
    """Rodrigues' formula: (..., 3) radians -> (..., 3, 3)."""
    x, y, z = axis_angle[..., 0], axis_angle[..., 1], axis_angle[..., 2]
    angle = np.sqrt(x * x + y * y + z * z)
    small = angle < 1e-8
    safe = np.where(small, 1.0, angle)
    sin_over = np.where(small, 1.0, np.sin(safe) / safe)
    versine_over = np.where(small, 0.5, (1.0 - np.cos(safe)) / safe**2)
    vx, vy, vz = versine_over * x, versine_over * y, versine_over * z
    sx, sy, sz = sin_over * x, sin_over * y, sin_over * z
    vxy, vxz, vyz = vx * y, vx * z, vy * z
    rotation: Array = np.empty((*axis_angle.shape, 3), axis_angle.dtype)
    rotation[..., 0, 0] = 1.0 - vy * y - vz * z
    rotation[..., 0, 1] = vxy - sz
    rotation[..., 0, 2] = vxz + sy
    rotation[..., 1, 0] = vxy + sz
    rotation[..., 1, 1] = 1.0 - vx * x - vz * z
    rotation[..., 1, 2] = vyz - sx
    rotation[..., 2, 0] = vxz - sy
    rotation[..., 2, 1] = vyz + sx
    rotation[..., 2, 2] = 1.0 - vx * x - vy * y
    return rotation


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


def _normalised(vectors: Array, otherwise: Callable[[], Array]) -> Array:
    """Unit vectors; `otherwise` gives those for vectors of no length."""
    length = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    if length.size and length.min() > _TINY:
        return np.asarray(vectors / length)
    return np.where(length > _TINY, vectors / np.maximum(length, _TINY), otherwise())


def _without(vectors: Array, unit: Array) -> Array:
    return np.asarray(vectors - (unit * vectors).sum(-1, keepdims=True) * unit)


def _perpendicular(unit: Array) -> Array:
    """A unit vector at a right angle to each: the axis least along it, made orthogonal."""
    axis = np.eye(3)[np.abs(unit).argmin(-1)]
    across = _without(axis, unit)
    return np.asarray(across / np.linalg.norm(across, axis=-1, keepdims=True))
