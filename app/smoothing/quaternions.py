"""Unit quaternions with the component first, (4, ...) as w, x, y, z: a whole body's rotations in one fast operation.

q and -q are the same rotation. Rotation vectors are (3, ...) radians.
"""

from __future__ import annotations

import numpy as np

from models.rotations import Array

_TINY = 1e-12


def from_rot6d(rot6d: Array) -> Array:
    """(N, 6) as `BodyParams.rot6d` -> (4, N). Columns that are zero or parallel give some valid rotation."""
    columns = np.asarray(rot6d, np.float64).T  # (6, N)
    a1, a2 = columns[0::2], columns[1::2]
    b1 = a1 / np.maximum(_length(a1), _TINY)
    a2 = a2 - (b1 * a2).sum(0) * b1
    b2 = a2 / np.maximum(_length(a2), _TINY)
    return from_columns(b1, b2)


def from_columns(b1: Array, b2: Array) -> Array:
    """The first two columns of matrices, (3, N) each -> (4, N).

    Four times the outer product of the quaternion with itself can be read off a matrix; of its rows, which are all the
    quaternion times one of its own elements, the one with the largest diagonal is taken (Shepperd 1978).
    """
    x1, y1, z1 = b1
    x2, y2, z2 = b2
    x3, y3, z3 = y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2
    products = np.empty((4, 4, b1.shape[1]))
    products[0, 0] = 1.0 + x1 + y2 + z3
    products[1, 1] = 1.0 + x1 - y2 - z3
    products[2, 2] = 1.0 - x1 + y2 - z3
    products[3, 3] = 1.0 - x1 - y2 + z3
    products[0, 1] = products[1, 0] = z2 - y3
    products[0, 2] = products[2, 0] = x3 - z1
    products[0, 3] = products[3, 0] = y1 - x2
    products[1, 2] = products[2, 1] = y1 + x2
    products[1, 3] = products[3, 1] = z1 + x3
    products[2, 3] = products[3, 2] = z2 + y3
    diagonal = products[_EACH, _EACH]  # (4, N)
    best = products[diagonal.argmax(0), :, np.arange(b1.shape[1])].T  # (4, N)
    return np.asarray(best / np.maximum(np.sqrt((best * best).sum(0)), _TINY))


_EACH = np.arange(4)


def to_rot6d(q: Array) -> Array:
    """(4, N) -> (N, 6)."""
    w, x, y, z = q
    rot6d = np.empty((q.shape[1], 6))
    rot6d[:, 0] = 1.0 - 2.0 * (y * y + z * z)
    rot6d[:, 1] = 2.0 * (x * y - w * z)
    rot6d[:, 2] = 2.0 * (x * y + w * z)
    rot6d[:, 3] = 1.0 - 2.0 * (x * x + z * z)
    rot6d[:, 4] = 2.0 * (x * z - w * y)
    rot6d[:, 5] = 2.0 * (y * z + w * x)
    return rot6d


def product(p: Array, q: Array) -> Array:
    """p q, (4, ...) each."""
    terms = p[:, None] * q[None]  # (4, 4, ...): all products of an element of each
    return np.asarray((_SIGNED_SUMS @ terms.reshape(16, -1)).reshape(terms.shape[1:]))


# (4, 16): which of those make w, x, y and z (Hamilton's rules).
_SIGNED_SUMS = np.array(
    (
        ((1, 0, 0, 0), (0, -1, 0, 0), (0, 0, -1, 0), (0, 0, 0, -1)),
        ((0, 1, 0, 0), (1, 0, 0, 0), (0, 0, 0, 1), (0, 0, -1, 0)),
        ((0, 0, 1, 0), (0, 0, 0, -1), (1, 0, 0, 0), (0, 1, 0, 0)),
        ((0, 0, 0, 1), (0, 0, 1, 0), (0, -1, 0, 0), (1, 0, 0, 0)),
    ),
    np.float64,
).reshape(4, 16)


def inverse(q: Array) -> Array:
    """The conjugate, (4, ...)."""
    return np.concatenate((q[:1], -q[1:]))


def between(p: Array, q: Array) -> Array:
    """The rotation vector (3, ...) that turns p into q: p exp(v) = q, the shorter way."""
    return logarithm(product(inverse(p), q))


def turned(q: Array, vector: Array) -> Array:
    """q exp(v), of unit length, (4, ...)."""
    moved = product(q, exponential(vector))
    return np.asarray(moved / _length(moved))


def logarithm(q: Array) -> Array:
    """(4, ...) -> rotation vectors (3, ...) of at most half a turn."""
    xyz = np.where(q[0] < 0.0, -q[1:], q[1:])
    length = _length(xyz)
    angle = 2.0 * np.arctan2(length, np.abs(q[0]))
    return np.asarray(xyz * np.where(length > _TINY, angle / np.maximum(length, _TINY), 2.0))


def exponential(vector: Array) -> Array:
    """Rotation vectors (3, ...) -> (4, ...)."""
    half = 0.5 * _length(vector)
    q = np.empty((4, *vector.shape[1:]))
    q[0] = np.cos(half)
    q[1:] = vector * (0.5 * np.sinc(half / np.pi))
    return q


def about_axis(q: Array, axis: int) -> Array:
    """The part of rotations (4, ...) that turns about x (0), y (1) or z (2): (4, ...). q = twist * swing.

    The projection of the quaternion on the axis (Huyghe 1947; Dobrowolski 2015, "Swing-twist decomposition in Clifford
    algebra"). A swing of half a turn leaves the twist open: none is taken.
    """
    w, along = q[0], q[1 + axis]
    length = np.sqrt(w * w + along * along)
    known = length > 1e-9
    safe = np.where(known, length, 1.0)
    twist = np.zeros_like(q)
    twist[0] = np.where(known, w / safe, 1.0)
    twist[1 + axis] = np.where(known, along / safe, 0.0)
    return twist


def _length(vectors: Array) -> Array:
    return np.asarray(np.sqrt((vectors * vectors).sum(0)))
