"""Garments laid on the open body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from tests.training.makehuman_folder import AROUND, base_of
from training.garment_files import GarmentFile
from training.garments_bound import BaseMesh, Binder


def _garment(points: np.ndarray, base: BaseMesh) -> GarmentFile:
    hides = np.zeros(len(base.points), bool)
    hides[base.of_body[:7]] = True
    corners = np.zeros((1, 3, 2), np.float32)
    return GarmentFile(points, np.zeros((1, 3), np.int32), corners, hides, np.zeros((2, 2, 4), np.uint8))


def test_a_garment_of_the_body_itself_stays_on_it(arrays: BodyArrays) -> None:
    base = base_of(arrays)
    skin = arrays.template[::97].astype(float)
    bound = Binder(base, arrays)(_garment(skin, base))
    np.testing.assert_allclose(bound.points, skin, atol=1e-4)
    assert bound.points.shape == (len(skin), 3)
    assert bound.directions.shape == (arrays.shape_directions.shape[2], 3 * len(skin))
    np.testing.assert_allclose(bound.weights.sum(1), 1.0, atol=1e-5)
    assert bound.hides.sum() == 7


def test_a_garment_comes_along_from_another_pose_and_size(arrays: BodyArrays) -> None:
    turn = Rotation.from_euler("xyz", (10, -20, 30), degrees=True).as_matrix()
    base = base_of(arrays)
    away = replace(base, points=1.2 * base.points @ turn.T + (0.1, 0.2, 0.3))
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)
    ring = np.stack((0.3 * np.cos(angle), np.full(AROUND, -0.1), 0.3 * np.sin(angle)), 1)  # far off the skin
    bound = Binder(away, arrays)(_garment(1.2 * ring @ turn.T + (0.1, 0.2, 0.3), away))
    np.testing.assert_allclose(bound.points, ring, atol=2e-3)
