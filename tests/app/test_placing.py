"""From each crop's camera to the one camera of the take."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from app.boxes import Track
from app.confidence import Evidence, confidence, evidence
from app.crop import Crop
from app.estimator import Estimate, Estimates, Keypoints, Subject, hands_in_crop
from app.finish import smplx_rotations
from app.frame import PREDICTED, BodyParams, Box, Frame, Person
from app.pinhole import Pinhole
from app.placing import Place
from app.smoothing.shape import Shapes
from app.standing import fitted_shift, towards
from models.body_file import OPEN_BODY
from models.joints import BODY_JOINTS, HAND_JOINTS, SMPLX_JOINTS
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle, matrix_to_rot6d
from models.smplx_body import SmplxBody

WH = (640, 480)
CAMERA = Pinhole.from_fov(60.0, WH)
BOXES = {
    "middle": Box((240.0, 40.0, 400.0, 440.0), 0.9),
    "left, far": Box((30.0, 200.0, 65.0, 280.0), 0.9),
    "right, low": Box((500.0, 100.0, 640.0, 480.0), 0.9),
}
STANDING = np.diag((1.0, -1.0, -1.0))  # upright, facing the camera


@pytest.fixture(scope="module")
def body() -> SmplxBody:
    return SmplxBody.load(OPEN_BODY)


@pytest.fixture
def frame() -> Frame:
    return Frame(0, 0.0, np.zeros((WH[1], WH[0], 3), np.uint8), time.perf_counter())


def crop_of(box: Box) -> Crop:
    crop = Crop.around(box, WH, (288, 384))
    assert crop is not None
    return crop


def estimate(body: SmplxBody, box: Box, betas: Array | None = None, yaw: float = 0.4) -> Estimate:
    """Someone who fills a box, standing, before its crop's camera, and keypoints that agree."""
    crop = crop_of(box)
    rng = np.random.default_rng(0)
    rotations = np.tile(np.eye(3), (53, 1, 1))
    rotations[1:] = axis_angle_to_matrix(rng.normal(0, 0.1, (52, 3)))
    rotations[0] = STANDING @ axis_angle_to_matrix(np.array((0.0, yaw, 0.0)))
    shape = np.zeros(10) if betas is None else betas
    depth = crop.camera.fy * 1.75 / box.height_px
    middle = np.array(((box.xyxy_px[0] + box.xyxy_px[2]) / 2, (box.xyxy_px[1] + box.xyxy_px[3]) / 2))
    x, y = (middle - (crop.camera.cx, crop.camera.cy)) / (crop.camera.fx, crop.camera.fy) * depth
    rot6d = matrix_to_rot6d(rotations)
    params = BodyParams(rot6d, shape, np.zeros(10), np.array((x, y + 0.45, depth)))
    joints_m = joints(body, params)
    px = crop.crop_from_frame(crop.camera.project(joints_m))
    keypoints = np.zeros((25, 2), np.float32)
    for row, name in enumerate(BODY_JOINTS):
        joint = name.replace("L_", "left_").replace("R_", "right_").lower()
        keypoints[row] = px[SMPLX_JOINTS.index(joint)] if joint in SMPLX_JOINTS else px[15]
    hands = np.zeros((2, 20, 2), np.float32)
    boxes = np.zeros((3, 4), np.float32)
    for side, start in ((0, 25), (1, 40)):
        for row, name in enumerate(HAND_JOINTS):
            finger, knuckle = name.lower().split("_")
            joint = f"{('left', 'right')[side]}_{finger}{min(int(knuckle), 3)}"
            hands[side, row] = px[SMPLX_JOINTS.index(joint)]
        middle = px[start : start + 15].mean(0)
        boxes[side] = (*(middle - 15), *(middle + 15))
    boxes[2] = (*(px[15] - 12), *(px[15] + 12))
    return Estimate(
        Subject(Track(1, box, begins=True), crop),
        params,
        boxes,
        Keypoints(keypoints, hands, np.zeros(25, np.float32), np.zeros((2, 20), np.float32)),
    )


def joints(body: SmplxBody, params: BodyParams) -> Array:
    coefficients = np.concatenate((params.betas, params.expression))
    return np.asarray(body.skeleton(smplx_rotations(params.rot6d), coefficients[None])[0] + params.translation_m)


def before_crop(body: SmplxBody, one: Estimate) -> Array:
    """(55, 2) pixels of the frame."""
    return np.asarray(one.subject.crop.camera.project(joints(body, one.params)))


@pytest.mark.parametrize("pixel", [(319.5, 239.5), (0.0, 0.0), (600.0, 100.0), (-50.0, 700.0)])
def test_towards_turns_the_axis_to_the_pixels_ray_and_nothing_about_it(pixel: tuple[float, float]) -> None:
    turn = towards(CAMERA, np.array(pixel))
    np.testing.assert_allclose(CAMERA.project(turn @ np.array((0.0, 0.0, 2.0))), pixel, atol=1e-6)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-12)
    axis = np.cross((0, 0, 1), turn[:, 2])
    np.testing.assert_allclose(turn @ axis, axis, atol=1e-12)


def test_fitted_shift_finds_the_place_that_made_the_picture() -> None:
    rng = np.random.default_rng(0)
    points, place = rng.normal(0, 0.4, (22, 3)), np.array((0.4, -0.2, 3.0))
    px = CAMERA.project(points + place)
    found = fitted_shift(CAMERA, points, px, np.array((0.0, 0.0, 4.0)), WH)
    np.testing.assert_allclose(found, place, atol=1e-4)
    # Points outside the frame are wrong, and count for nothing.
    px[0] = (-400.0, 10.0)
    np.testing.assert_allclose(fitted_shift(CAMERA, points, px, np.array((0.0, 0.0, 4.0)), WH), place, atol=1e-4)


def before_take(body: SmplxBody, frame: Frame, one: Estimate) -> Estimate:
    """The same person before the take's camera already, as fitting leaves them."""
    (placed,) = Place(body, lambda _: CAMERA, Shapes(locked=False))(Estimates(frame, (one,))).people
    return replace(one, params=placed.params, take_camera=CAMERA)


@pytest.mark.parametrize("name", BOXES)
def test_who_is_before_the_take_s_camera_stays_there(body: SmplxBody, frame: Frame, name: str) -> None:
    one = before_take(body, frame, estimate(body, BOXES[name]))
    (placed,) = Place(body, lambda _: CAMERA, Shapes())(Estimates(frame, (one,))).people
    assert placed.camera == CAMERA
    np.testing.assert_allclose(smplx_rotations(placed.params.rot6d), smplx_rotations(one.params.rot6d), atol=1e-6)
    np.testing.assert_allclose(placed.params.translation_m, one.params.translation_m, atol=1e-6)
    np.testing.assert_allclose(placed.joints_m, joints(body, placed.params), atol=1e-9)


@pytest.mark.parametrize("legs", [True, False])
@pytest.mark.parametrize("name", BOXES)
def test_of_another_shape_they_are_seen_where_they_were(body: SmplxBody, frame: Frame, name: str, legs: bool) -> None:
    """To about a pixel; limbs turn a little for it."""
    place = Place(body, lambda _: CAMERA, Shapes(), legs=legs)
    small, large = (
        before_take(body, frame, estimate(body, BOXES[name], betas)) for betas in (np.zeros(10), np.eye(10)[0])
    )
    for k in range(9):
        place(Estimates(Frame(k, k / 30, frame.rgb, 0.0), (small,)))
    (placed,) = place(Estimates(Frame(9, 0.3, frame.rgb, 0.0), (large,))).people
    np.testing.assert_allclose(placed.params.betas, 0, atol=1e-9)
    px = CAMERA.project(joints(body, large.params))[:22]
    inside = ((px >= 0) & (px < WH)).all(-1)
    inside &= legs | np.array([not name.endswith(("knee", "ankle", "foot")) for name in SMPLX_JOINTS[:22]])
    assert np.linalg.norm(CAMERA.project(placed.joints_m)[:22] - px, axis=-1)[inside].mean() < 2.0
    before, after = smplx_rotations(large.params.rot6d), smplx_rotations(placed.params.rot6d)
    turns = np.degrees(np.linalg.norm(matrix_to_axis_angle(after @ before.swapaxes(-1, -2)), axis=-1))
    assert turns[:22].mean() < 7
    assert turns.max() < 20
    assert not turns[22:].any()


@pytest.mark.parametrize(("name", "limit_px"), [("middle", 4.0), ("left, far", 1.0), ("right, low", 4.0)])
def test_only_the_root_turns_and_no_other_place_is_nearer(
    body: SmplxBody, frame: Frame, name: str, limit_px: float
) -> None:
    one = estimate(body, BOXES[name])
    (placed,) = Place(body, lambda _: CAMERA, Shapes())(Estimates(frame, (one,))).people
    before, after = smplx_rotations(one.params.rot6d), smplx_rotations(placed.params.rot6d)
    np.testing.assert_allclose(after[0], towards(CAMERA, one.subject.crop.centre_px) @ before[0], atol=1e-9)
    np.testing.assert_array_equal(after[1:], before[1:])
    np.testing.assert_allclose(placed.joints_m, joints(body, placed.params), atol=1e-9)
    px = before_crop(body, one)[:22]
    inside = ((px >= 0) & (px < WH)).all(-1)
    apart = np.linalg.norm(CAMERA.project(placed.joints_m)[:22] - px, axis=-1)[inside]
    assert np.median(apart) < limit_px
    for step in 0.02 * np.concatenate((np.eye(3), -np.eye(3))):
        other = CAMERA.project(placed.joints_m[:22] + step) - px
        assert (other[inside] ** 2).sum() > (apart**2).sum()


def test_legs_that_are_not_to_help_do_not(body: SmplxBody, frame: Frame) -> None:
    small, large = (
        before_take(body, frame, estimate(body, BOXES["middle"], betas)) for betas in (np.zeros(10), np.eye(10)[0])
    )
    place = Place(body, lambda _: CAMERA, Shapes(), legs=False)
    for k in range(3):
        place(Estimates(Frame(k, k / 30, frame.rgb, 0.0), (small,)))
    (placed,) = place(Estimates(Frame(3, 0.1, frame.rgb, 0.0), (large,))).people
    before, after = smplx_rotations(large.params.rot6d), smplx_rotations(placed.params.rot6d)
    for name in ("left_hip", "right_knee", "left_ankle"):
        np.testing.assert_allclose(after[SMPLX_JOINTS.index(name)], before[SMPLX_JOINTS.index(name)], atol=1e-9)


def test_a_locked_shape_is_placed_so_that_it_fits_the_picture(body: SmplxBody, frame: Frame) -> None:
    """A frame that makes someone larger than they are has them no nearer than the others do."""
    place = Place(body, lambda _: CAMERA, Shapes())
    small, large = (estimate(body, BOXES["middle"], betas) for betas in (np.zeros(10), np.eye(10)[0] * 2))
    for k in range(3):
        place(Estimates(Frame(k, k / 30, frame.rgb, 0.0), (small,)))
    (placed,) = place(Estimates(Frame(3, 0.1, frame.rgb, 0.0), (large,))).people
    np.testing.assert_allclose(placed.params.betas, 0, atol=1e-9)
    px = before_crop(body, large)[:22]
    assert np.linalg.norm(CAMERA.project(placed.joints_m)[:22] - px, axis=-1).mean() < 12
    (raw,) = Place(body, lambda _: CAMERA, Shapes(locked=False))(Estimates(frame, (large,))).people
    assert raw.joints_m[0, 2] > placed.joints_m[0, 2]


def test_a_predicted_person_is_flagged(body: SmplxBody, frame: Frame) -> None:
    seen = estimate(body, BOXES["middle"])
    lost = replace(seen, subject=replace(seen.subject, track=replace(seen.subject.track, missed=2)))
    people = Place(body, lambda _: CAMERA, Shapes())(Estimates(frame, (seen, lost))).people
    assert [person.flags for person in people] == [0, PREDICTED]


def test_whoever_looks_next_is_told_at_once_where_everyone_is(body: SmplxBody, frame: Frame) -> None:
    told: list[tuple[Frame, tuple[Person, ...]]] = []
    place = Place(body, lambda _: CAMERA, Shapes(), lambda seen, people: told.append((seen, people)))
    one = estimate(body, BOXES["middle"])
    (placed,) = place(Estimates(frame, (one,))).people
    ((seen, (person,)),) = told
    assert seen is frame
    assert person.track_id == 1
    params = placed.params
    mesh = body.forward(smplx_rotations(params.rot6d), params.betas, params.expression, params.translation_m)
    outline, all_px = CAMERA.project(person.vertices_m), CAMERA.project(mesh.vertices_m)
    np.testing.assert_allclose(outline.min(0), all_px.min(0), atol=6)
    np.testing.assert_allclose(outline.max(0), all_px.max(0), atol=6)


# Confidence


def found(body: SmplxBody, one: Estimate) -> Evidence:
    joints_m = joints(body, one.params)
    return evidence(one, one.subject.crop.camera.project(joints_m), joints_m, WH)


def moved_body(one: Estimate) -> Estimate:
    return Estimate(one.subject, one.params, one.part_boxes, replace(one.keypoints, body=one.keypoints.body + 60))


def left_outside(one: Estimate) -> Estimate:
    boxes = one.part_boxes.copy()
    boxes[0, ::2] -= 900
    return Estimate(one.subject, one.params, boxes, one.keypoints)


def test_a_hand_outside_the_frame_is_not_believed(body: SmplxBody) -> None:
    one = estimate(body, BOXES["middle"])
    sure, outside = confidence(found(body, one)), confidence(found(body, left_outside(one)))
    assert outside.left_hand < 0.05
    assert sure.left_hand > 0.5
    assert outside.right_hand == sure.right_hand


def test_networks_that_agree_are_believed_more_than_those_that_do_not(body: SmplxBody) -> None:
    one = estimate(body, BOXES["middle"])
    sure = confidence(found(body, one))
    assert confidence(found(body, moved_body(one))).body < sure.body - 0.1
    away = confidence(found(body, estimate(body, BOXES["middle"], yaw=np.pi)))
    assert away.body == pytest.approx(sure.body, abs=0.02)
    for value in (sure.body, sure.left_hand, sure.right_hand, sure.face):
        assert 0 < value < 1


def test_hand_keypoints_in_the_crop() -> None:
    """A right hand's cells are shares of its box; a left hand's are those of a hand turned back one cell short."""
    joints_cells = np.zeros((1, 2, 20, 3), np.float32)
    joints_cells[0, 0, :, 0], joints_cells[0, 1, :, 0], joints_cells[..., 1] = 2.0, 3.0, 6.0
    boxes = np.array([[[100, 50, 180, 130], [10, 20, 90, 100]]], np.float32)
    px = hands_in_crop(joints_cells, boxes, 8)
    np.testing.assert_allclose(px[0, 0], np.tile((130, 110), (20, 1)))
    np.testing.assert_allclose(px[0, 1], np.tile((40, 80), (20, 1)))
