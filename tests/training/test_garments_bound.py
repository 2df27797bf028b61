"""Garments laid on the open body."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from models.joints import JAW, SMPLX_JOINTS
from tests.training.makehuman_folder import AROUND, base_of
from training.command import UnusableError
from training.garment_files import GarmentFile
from training.garments_bound import BaseMesh, Binder
from training.proportions import HEAD


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


def _rows(base: BaseMesh) -> GarmentFile:
    """Two bent rows of three teeth in the mouth, which rise to the back and overlap, and a strip of gum from one to the
    other."""
    teeth = [
        np.array((x, side * 0.004 + 0.3 * abs(x), -2 * abs(x)))
        + size * np.array(((-1, 0, 0), (1, 0, 0), (0, -side, 0)))
        for side in (1, -1)
        for x, size in ((-0.015, 0.003), (0.0, 0.006), (0.015, 0.003))
    ]
    gum = np.array(((-0.02, 0.02, -0.01), (0.02, 0.02, -0.01), (-0.02, -0.02, -0.01), (0.02, -0.02, -0.01)))
    points = np.concatenate((*teeth, gum)) + np.array((0.0, 0.2, 0.15))
    faces = np.concatenate((np.arange(18).reshape(6, 3), ((18, 19, 20), (19, 20, 21)))).astype(np.int32)
    return replace(_garment(points, base), faces=faces, corner_uv=np.zeros((8, 3, 2), np.float32))


def test_teeth_are_each_on_its_jaw_as_wholes(arrays: BodyArrays) -> None:
    base = base_of(arrays)
    bound = Binder(base, arrays).teeth(_rows(base))
    np.testing.assert_allclose(bound.points, _rows(base).points, atol=1e-5)  # the base mesh is the body
    on = [SMPLX_JOINTS[k] for k in bound.weights.argmax(1)]
    assert on == ["head"] * 9 + ["jaw"] * 9 + ["head"] * 2 + ["jaw"] * 2
    assert ((bound.weights == 0) | (bound.weights == 1)).all()
    assert bound.weights[9, JAW.start] == 1


def test_teeth_far_from_the_body_are_refused(arrays: BodyArrays) -> None:
    base = base_of(arrays)
    rows = _rows(base)
    with pytest.raises(UnusableError, match="nowhere near"):
        Binder(base, arrays).teeth(replace(rows, points=rows.points + 5.0))


def test_faces_move_teeth_by_their_shape_alone(arrays: BodyArrays) -> None:
    base = base_of(arrays)
    moves = Binder(base, arrays).teeth(_rows(base)).directions.reshape(-1, 22, 3)
    np.testing.assert_array_equal(moves, np.broadcast_to(moves[:, :1], moves.shape))  # no tooth from another
    assert np.abs(moves[:10]).max() > 0
    assert not moves[10:HEAD].any()
