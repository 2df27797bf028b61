"""Poses for the tests of the body, and what they are compared with."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.joints import SMPLX_JOINTS, SMPLX_POINTS

Array = NDArray[np.float64]
Raw = dict[str, Any]
JOINTS = len(SMPLX_JOINTS)
REST = np.broadcast_to(np.eye(3), (JOINTS, 3, 3))
NONE = np.zeros(10)
LANDMARKS = slice(len(SMPLX_POINTS) - 17 - 51, len(SMPLX_POINTS) - 17)


def random_pose(seed: int = 0) -> Array:
    """(55, 3, 3), up to a radian or so a joint."""
    turns = 0.5 * np.random.default_rng(seed).standard_normal((JOINTS, 3))
    return np.asarray(Rotation.from_rotvec(turns).as_matrix())


def one_hot(k: int) -> Array:
    return np.asarray(np.eye(10)[k])


def on_faces(vertices: NDArray[Any], triangles: NDArray[Any], faces: NDArray[Any], weights: Array) -> Array:
    """Points (P, 3) on faces (P,) of `triangles` by barycentric weights (P, 3)."""
    points = [w @ vertices[triangles[face]].astype(np.float64) for face, w in zip(faces, weights, strict=True)]
    return np.array(points, np.float64)


def assert_near(found: NDArray[Any], expected: NDArray[Any], limit: float = 1e-5) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=limit)


@contextmanager
def fake_chumpy() -> Iterator[type[Any]]:
    """`chumpy.Ch` as pickles name it, while the block lasts."""

    class Ch:
        def __init__(self, x: NDArray[Any]) -> None:
            self.x = x
            self.dtype = x.dtype

    Ch.__module__, Ch.__qualname__ = "chumpy.ch", "Ch"
    module = types.ModuleType("chumpy.ch")
    module.__dict__["Ch"] = Ch
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "chumpy", types.ModuleType("chumpy"))
        patch.setitem(sys.modules, "chumpy.ch", module)
        yield Ch
