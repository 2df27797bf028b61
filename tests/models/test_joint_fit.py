"""Fitting a body to joints: it finds the pose they came from, stays where nothing is known, and minds outliers."""

from __future__ import annotations

import numpy as np
import pytest

from models.body_file import OPEN_BODY
from models.camera import FOCAL_PX, INPUT_WH, VIRTUAL, Intrinsics
from models.joint_fit import (
    _BODY,
    _FITTED,
    _KNUCKLES,
    SEEN,
    JointFit,
    JointTargets,
    Posture,
    _projected,
    _small_axis_angle,
)
from models.joints import BODY_JOINTS, SMPLX_JOINTS
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle
from models.smplx_body import SmplxBody

BETAS = np.linspace(-1, 1, 10)
BODY_SURE = np.repeat((1.0, 0.0), (len(BODY_JOINTS), 8))  # but the knuckles
WRIST = BODY_JOINTS.index("L_Wrist")


@pytest.fixture(scope="module")
def body() -> SmplxBody:
    return SmplxBody.load(OPEN_BODY)


def _posture(seed: int, spread: float = 0.25) -> Posture:
    rng = np.random.default_rng(seed)
    rotations = axis_angle_to_matrix(rng.normal(0, spread, (55, 3)))
    rotations[0] = np.diag((1.0, -1.0, -1.0)) @ rotations[0]  # upright before the camera
    return Posture(rotations, np.array((0.1, 0.2, 40.0)))


def _joints(body: SmplxBody, posture: Posture) -> Array:
    """(33, 3) metres before the camera: the body's keypoints, then the knuckles."""
    mesh = body.forward(posture.rotations, BETAS, np.zeros(10), posture.translation_m)
    return np.asarray(mesh.joints_m[[*_BODY, *_KNUCKLES]], np.float64)


def _apart_m(body: SmplxBody, one: Posture, other: Posture) -> float:
    """How far joints are from one another, pelvis on pelvis."""
    first, second = _joints(body, one), _joints(body, other)
    return float(np.linalg.norm((first - first[0]) - (second - second[0]), axis=-1).mean())


def _targets(body: SmplxBody, posture: Posture) -> JointTargets:
    points = _joints(body, posture)
    px = FOCAL_PX * points[:, :2] / points[:, 2:] + np.array(INPUT_WH) / 2
    return JointTargets(px, points[:, 2] - points[0, 2], BODY_SURE.copy())


def _errors_px(body: SmplxBody, posture: Posture, targets: JointTargets) -> Array:
    return np.asarray(np.linalg.norm(_targets(body, posture).px - targets.px, axis=1))


def _nudged(posture: Posture, seed: int, spread: float) -> Posture:
    rng = np.random.default_rng(seed)
    rotations = posture.rotations.copy()
    rotations[:_FITTED] = axis_angle_to_matrix(rng.normal(0, spread, (_FITTED, 3))) @ rotations[:_FITTED]
    return Posture(rotations, posture.translation_m + rng.normal(0, (0.05, 0.05, 2.0)))


def test_keypoints_are_projected_where_the_mesh_has_them(body: SmplxBody) -> None:
    posture = _posture(1)
    off = JointFit(body).projected(posture, BETAS) - _targets(body, posture).px
    assert np.linalg.norm(off[:14], axis=-1).max() < 1e-3  # joints
    assert np.linalg.norm(off, axis=-1).max() < 4.0  # points of the surface are taken as carried by one joint


def test_a_pose_that_fits_stays(body: SmplxBody) -> None:
    posture = _posture(0)
    fitted = JointFit(body)(posture, BETAS, _targets(body, posture))
    # The points of the surface are taken as carried by one joint, which skin is not quite.
    assert np.degrees(np.linalg.norm(_turns(posture, fitted), axis=-1)).max() < 4.0
    np.testing.assert_allclose(fitted.translation_m, posture.translation_m, atol=0.1)


def test_joints_come_much_nearer_in_the_picture_and_in_space(body: SmplxBody) -> None:
    fit = JointFit(body)
    before, after, apart_before, apart_after, turned_before, turned_after = [], [], [], [], [], []
    for seed in range(12):
        truth = _posture(seed)
        targets, guess = _targets(body, truth), _nudged(truth, 100 + seed, 0.15)
        fitted = fit(guess, BETAS, targets)
        before.append(_errors_px(body, guess, targets).mean())
        after.append(_errors_px(body, fitted, targets).mean())
        apart_before.append(_apart_m(body, truth, guess))
        apart_after.append(_apart_m(body, truth, fitted))
        turned_before.append(np.linalg.norm(_turns(truth, guess), axis=-1).mean())
        turned_after.append(np.linalg.norm(_turns(truth, fitted), axis=-1).mean())
    assert np.mean(after) < 0.3 * np.mean(before)
    assert np.mean(apart_after) < 0.5 * np.mean(apart_before)
    assert np.mean(turned_after) < np.mean(turned_before)  # twists, which joints say nothing of, stay wrong


def test_only_the_body_turns_and_stays_made_of_rotations(body: SmplxBody) -> None:
    truth = _posture(3)
    guess = _nudged(truth, 4, 0.3)
    fitted = JointFit(body)(guess, BETAS, _targets(body, truth))
    assert np.linalg.norm(_turns(guess, fitted), axis=-1).max() > 0.1
    assert np.array_equal(fitted.rotations[_FITTED:], guess.rotations[_FITTED:])
    np.testing.assert_allclose(
        fitted.rotations @ fitted.rotations.swapaxes(-1, -2), np.tile(np.eye(3), (55, 1, 1)), atol=1e-9
    )


def test_what_is_not_sure_moves_nothing(body: SmplxBody) -> None:
    guess = _posture(5)
    nowhere = JointTargets(np.full((33, 2), 1e3), np.full(33, 5.0), np.zeros(33))
    fitted = JointFit(body)(guess, BETAS, nowhere)
    np.testing.assert_allclose(fitted.rotations, guess.rotations, atol=1e-9)
    np.testing.assert_allclose(fitted.translation_m, guess.translation_m, atol=1e-9)


def test_a_keypoint_that_is_not_sure_may_be_anything(body: SmplxBody) -> None:
    truth = _posture(6)
    guess, targets = _nudged(truth, 7, 0.15), _targets(body, truth)
    targets.sure[WRIST] = 0.0
    fitted = JointFit(body)(guess, BETAS, targets)
    targets.px[WRIST] = np.nan
    np.testing.assert_array_equal(JointFit(body)(guess, BETAS, targets).rotations, fitted.rotations)
    assert not np.array_equal(fitted.rotations, guess.rotations)


def test_one_joint_far_off_is_not_followed(body: SmplxBody) -> None:
    truth = _posture(6)
    targets = _targets(body, truth)
    targets.px[WRIST] += 120.0
    fitted = JointFit(body)(truth, BETAS, targets)
    others = np.delete(_errors_px(body, fitted, _targets(body, truth)), WRIST)
    assert others.max() < 4.0


def test_an_arm_follows_its_knuckles_that_are_clearly_seen(body: SmplxBody) -> None:
    """Though its wrist's heatmap is off, and the wrist itself hardly bends."""
    elbow, wrist = SMPLX_JOINTS.index("left_elbow"), SMPLX_JOINTS.index("left_wrist")
    for seed in range(4):
        guess = _posture(seed)
        rotations = guess.rotations.copy()
        rotations[elbow] = axis_angle_to_matrix(np.array((0.0, 0.3, 0.5))) @ rotations[elbow]
        truth = Posture(rotations, guess.translation_m)
        targets = _targets(body, truth)
        blurred = targets._replace(px=targets.px.copy(), depth_m=np.full(33, np.nan))
        blurred.px[WRIST] = _targets(body, guess).px[WRIST]
        seen = blurred._replace(sure=np.ones(33))
        without, follows = (_errors_px(body, JointFit(body)(guess, BETAS, each), targets) for each in (blurred, seen))
        assert follows[WRIST] < 0.5 * without[WRIST]
        assert follows[len(BODY_JOINTS) : len(BODY_JOINTS) + 4].mean() < 0.5 * without[len(BODY_JOINTS) :][:4].mean()
        fitted = JointFit(body)(guess, BETAS, seen)
        assert np.degrees(np.linalg.norm(_turns(guess, fitted), axis=-1))[wrist] < 10


@pytest.mark.parametrize(("turn", "least", "share"), [(0.6, 0.25, 0.4), (-0.6, 0.1, 0.7)])
def test_depth_turns_an_arm_that_looks_the_same(body: SmplxBody, turn: float, least: float, share: float) -> None:
    """An arm forward and an arm back have nearly the same outline; depths tell them apart. Forward, where the outline
    agrees, the arm comes most of the way; back, a third of it: depths are believed so little."""
    guess = _posture(0, spread=0.0)
    shoulder, wrist = SMPLX_JOINTS.index("left_shoulder"), SMPLX_JOINTS.index("left_wrist")
    rotations = guess.rotations.copy()
    rotations[shoulder] = axis_angle_to_matrix(np.array((0.0, turn, 0.0)))
    truth = Posture(rotations, guess.translation_m)
    targets = _targets(body, truth)
    fitted, mirrored = (
        JointFit(body)(guess, BETAS, each) for each in (targets, targets._replace(depth_m=-targets.depth_m))
    )
    found, other = (np.sign(turn) * matrix_to_axis_angle(each.rotations[shoulder])[1] for each in (fitted, mirrored))
    assert found > least
    assert other < 0  # nothing but the depths differs
    there, wanted, first = (
        body.forward(p.rotations, BETAS, np.zeros(10)).joints_m[wrist] for p in (fitted, truth, guess)
    )
    assert np.linalg.norm(there - wanted) < share * np.linalg.norm(first - wanted)


def test_joints_stay_where_they_are_seen_before_a_camera_that_is_near(body: SmplxBody) -> None:
    """Depths are left alone, and no keypoint is an outlier."""
    near, fit = Intrinsics(554.0, 554.0, 319.5, 239.5), JointFit(body, SEEN)
    for seed in range(4):
        far = _posture(seed)
        there = Posture(far.rotations, np.array((0.1, 0.2, 2.2)))
        flat = 250.0 * (_joints(body, far) - far.translation_m)[:25, :2] + (325.0, 260.0)  # as without perspective
        targets = JointTargets(flat, np.full(25, 9.0), np.ones(25))
        before, after = (fit.projected(p, BETAS, near) - flat for p in (there, fit(there, BETAS, targets, near)))
        assert np.linalg.norm(after, axis=-1).mean() < min(1.5, 0.2 * np.linalg.norm(before, axis=-1).mean())


@pytest.mark.parametrize(("depth", "limit_px"), [(0.45, 15.0), (0.6, 5.0), (0.9, 5.0)])
def test_somebody_near_a_wide_lens_is_seen_where_they_were_without_perspective(
    body: SmplxBody, depth: float, limit_px: float
) -> None:
    """As a webcam has them: half of the body outside the picture, hands that would be behind the camera."""
    near, fit = Intrinsics(554.0, 554.0, 319.5, 239.5), JointFit(body, SEEN)
    apart_px = []
    for seed in range(12):
        far = _posture(seed, spread=0.35)
        neck = _joints(body, far)[BODY_JOINTS.index("Neck")]
        flat = 0.9 * near.fx / depth * (_joints(body, far) - neck)[:25, :2] + (325.0, 300.0)
        seen = ((flat >= 0) & (flat < (640, 480))).all(-1)
        there = Posture(far.rotations, far.translation_m - neck + (0.0, 0.1 * depth, depth))
        fitted = fit(there, BETAS, JointTargets(flat, np.zeros(25), seen.astype(np.float64)), near)
        apart_px.append(np.median(np.linalg.norm(fit.projected(fitted, BETAS, near) - flat, axis=-1)[seen]))
        assert _joints(body, fitted)[:25][seen, 2].min() > 0.1
    assert max(apart_px) < limit_px


def test_keypoints_move_with_turns_and_translation_as_least_squares_thinks(body: SmplxBody) -> None:
    """The slopes against differences of small moves."""
    fit, posture = JointFit(body), _posture(7)
    local, rest = posture.rotations[:_FITTED], body.rest_points(BETAS)
    posed = fit._posed(local, rest, posture.translation_m)
    scale = FOCAL_PX / posed.points[:, 2:] * np.ones(2)
    slopes = fit._moved_by(posed, scale, np.ones(33)).reshape(3, 33, -1)  # (3, 33, 69)
    tiny = 1e-6
    for column in (0, 2, 3 * SMPLX_JOINTS.index("left_knee") + 1, 3 * SMPLX_JOINTS.index("neck"), 66, 67, 68):
        moved, translation = local.copy(), posture.translation_m.copy()
        if column < 3 * _FITTED:
            joint, axis = divmod(column, 3)
            turn = axis_angle_to_matrix(tiny * posed.parents[joint].T @ np.eye(3)[axis])
            moved[joint] = turn @ moved[joint]
        else:
            translation[column - 3 * _FITTED] += tiny
        points = fit._posed(moved, rest, translation).points
        across = (_projected(points, VIRTUAL) - _projected(posed.points, VIRTUAL)) / tiny  # (33, 2)
        behind = ((points[:, 2] - points[0, 2]) - (posed.points[:, 2] - posed.points[0, 2])) / tiny
        np.testing.assert_allclose(slopes[:2, :, column].T, across, atol=1e-2)
        np.testing.assert_allclose(slopes[2, :, column], behind, atol=1e-4)


@pytest.mark.parametrize("degrees", [0.0, 1e-7, 0.5, 30.0, 150.0, 179.9, 180.0])
def test_small_turns_have_the_axis_angle_of_any(degrees: float) -> None:
    rng = np.random.default_rng(0)
    axis = rng.standard_normal((_FITTED, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    matrix = axis_angle_to_matrix(np.radians(degrees) * axis)
    np.testing.assert_allclose(_small_axis_angle(matrix), matrix_to_axis_angle(matrix), atol=1e-9)


def _turns(one: Posture, other: Posture) -> Array:
    between = one.rotations[:_FITTED] @ other.rotations[:_FITTED].swapaxes(-1, -2)
    return matrix_to_axis_angle(between)
