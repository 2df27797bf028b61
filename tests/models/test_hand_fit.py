"""Turning hands: as their joints lie where these are a hand's, not at all where they are not."""

from __future__ import annotations

import numpy as np
import pytest

from models.body_file import OPEN_BODY
from models.camera import FOCAL_PX, INPUT_WH
from models.hand_fit import _POINTS, HandFit, HandTargets
from models.joint_fit import Posture
from models.joints import SMPLX_JOINTS
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from models.smplx_body import SmplxBody

BETAS = np.linspace(-1, 1, 10)
WRISTS = [SMPLX_JOINTS.index("left_wrist"), SMPLX_JOINTS.index("right_wrist")]


@pytest.fixture(scope="module")
def body() -> SmplxBody:
    return SmplxBody.load(OPEN_BODY)


def _posture(seed: int) -> Posture:
    rng = np.random.default_rng(seed)
    rotations = axis_angle_to_matrix(rng.normal(0, 0.3, (55, 3)))
    rotations[0] = np.diag((1.0, -1.0, -1.0)) @ rotations[0]  # upright before the camera
    return Posture(rotations, np.array((0.1, 0.2, 40.0)))


def _points(body: SmplxBody, posture: Posture) -> Array:
    """(2, 20, 3) metres before the camera."""
    mesh = body.forward(posture.rotations, BETAS, np.zeros(10), posture.translation_m)
    return np.asarray(mesh.joints_m[_POINTS.reshape(2, 20)], np.float64)


def _targets(body: SmplxBody, posture: Posture, sure: tuple[float, float] = (1.0, 1.0)) -> HandTargets:
    """As a perfect HandNet sees them."""
    points = _points(body, posture)
    wrists = body.forward(posture.rotations, BETAS, np.zeros(10), posture.translation_m).joints_m[WRISTS]
    px = FOCAL_PX * points[..., :2] / points[..., 2:] + np.array(INPUT_WH) / 2
    return HandTargets(px, points[..., 2] - wrists[:, None, 2], np.array(sure))


def _turned(posture: Posture, turns: Array) -> Posture:
    """Both wrists turned by axis-angles (2, 3)."""
    rotations = posture.rotations.copy()
    rotations[WRISTS] = rotations[WRISTS] @ axis_angle_to_matrix(turns)
    return Posture(rotations, posture.translation_m)


def _apart_degrees(one: Posture, other: Posture) -> Array:
    """(2,) of the wrists."""
    between = one.rotations[WRISTS].swapaxes(-1, -2) @ other.rotations[WRISTS]
    return np.asarray(np.degrees(np.linalg.norm(matrix_to_axis_angle(between), axis=-1)))


def _fitted(body: SmplxBody, posture: Posture, targets: HandTargets) -> Posture:
    fit = HandFit(body)
    return fit.turned(posture, fit.found(posture, BETAS, targets))


@pytest.mark.parametrize("degrees", [5.0, 40.0, 120.0])
def test_hands_turn_most_of_the_way(body: SmplxBody, degrees: float) -> None:
    rng = np.random.default_rng(1)
    for seed in range(4):
        truth = _posture(seed)
        axes = rng.standard_normal((2, 3))
        guess = _turned(truth, np.radians(degrees) * axes / np.linalg.norm(axes, axis=1, keepdims=True))
        fitted = _fitted(body, guess, _targets(body, truth))
        np.testing.assert_allclose(_apart_degrees(fitted, truth), 0.3 * degrees, atol=1.5)


def test_a_hand_that_is_right_stays_and_nothing_but_wrists_turns(body: SmplxBody) -> None:
    truth = _posture(5)
    fitted = _fitted(body, truth, _targets(body, truth))
    assert _apart_degrees(fitted, truth).max() < 1.0
    fitted = _fitted(body, _turned(truth, np.full((2, 3), 0.4)), _targets(body, truth))
    others = np.delete(np.arange(55), WRISTS)
    np.testing.assert_array_equal(fitted.rotations[others], truth.rotations[others])
    np.testing.assert_array_equal(fitted.translation_m, truth.translation_m)


def test_a_hand_that_is_not_seen_stays(body: SmplxBody) -> None:
    truth = _posture(6)
    guess = _turned(truth, np.full((2, 3), 0.4))
    fitted = _fitted(body, guess, _targets(body, truth, sure=(0.0, 1.0)))
    left, right = _apart_degrees(fitted, guess)
    assert left < 1e-6
    assert right > 20


def test_a_hand_of_which_numbers_are_missing_stays(body: SmplxBody) -> None:
    truth = _posture(6)
    targets = _targets(body, truth)
    targets.px[0, 3] = np.nan
    guess = _turned(truth, np.full((2, 3), 0.4))
    left, right = _apart_degrees(_fitted(body, guess, targets), guess)
    assert left < 1e-6
    assert right > 20


def test_joints_that_are_no_hand_of_these_fingers_say_nothing(body: SmplxBody) -> None:
    truth = _posture(7)
    targets = _targets(body, truth)
    rng = np.random.default_rng(0)
    scattered = targets._replace(px=targets.px + rng.normal(0, 0.03 * FOCAL_PX / 40.0, targets.px.shape))
    guess = _turned(truth, np.full((2, 3), 0.4))
    assert _apart_degrees(_fitted(body, guess, scattered), guess).max() < 1e-6


def test_fingers_are_where_the_mesh_has_them(body: SmplxBody) -> None:
    posture = _posture(8)
    posture.rotations[: min(WRISTS)] = np.eye(3)
    posture.rotations[WRISTS] = np.eye(3)
    mesh = body.forward(posture.rotations, BETAS, np.zeros(10))
    found = HandFit(body)._fingers(posture.rotations, BETAS)
    expected = mesh.joints_m[_POINTS] - mesh.joints_m[WRISTS][:, None, None]
    np.testing.assert_allclose(found[:, :, :3], expected[:, :, :3], atol=1e-4)
    np.testing.assert_allclose(found[:, :, 3], expected[:, :, 3], atol=6e-3)  # tips are skin
