"""From boxes to parameters, and from parameters to people with a mesh."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.boxes import Sighting, Track
from app.confidence import visible_shares
from app.crop import Crop
from app.estimator import BodyView, Estimate, Estimates, Estimator, Keypoints, Subject, absolute_hands
from app.finish import Finish, smplx_rotations
from app.frame import BODY, JAW, LEFT_HAND, RIGHT_HAND, ROOT, BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole
from app.scene import Placed, Scene
from engines.bundle import GRAPHS, Bundle
from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models import joints
from models.rotations import axis_angle_to_matrix, matrix_to_axis_angle, matrix_to_rot6d, rot6d_to_matrix
from models.smplx_body import SmplxBody
from tests.standins import DATA

Floats = NDArray[np.float64]

_FRAME_WH = (640, 360)
_LEFT = Box((60.0, 5.0, 250.0, 350.0), 0.9)
_RIGHT = Box((380.0, 40.0, 640.0, 360.0), 0.6)
_CAMERA = Pinhole.from_fov(60.0, _FRAME_WH)
_OUTSIDE = Box((700.0, 100.0, 800.0, 300.0), 0.8)

IDENTITY_6D = matrix_to_rot6d(np.eye(3))


def _matrices(axis_angle: Floats) -> Floats:
    return axis_angle_to_matrix(axis_angle).astype(np.float64)


def _random_hands(seed: int) -> Floats:
    """(2, 15, 3) axis-angle, up to some 60 degrees."""
    return np.random.default_rng(seed).normal(0, 0.4, (2, 15, 3))


# What the network says of the hands is relative to the mean hands.


def test_hands_that_are_the_mean_come_out_as_the_mean() -> None:
    mean = _random_hands(0)
    absolute = absolute_hands(np.tile(IDENTITY_6D, (2, 15, 1)), mean)
    np.testing.assert_allclose(rot6d_to_matrix(absolute), _matrices(mean), atol=1e-9)


def test_a_flat_mean_leaves_the_hands_as_they_are() -> None:
    hands = matrix_to_rot6d(_matrices(_random_hands(1)))
    np.testing.assert_allclose(absolute_hands(hands, np.zeros((2, 15, 3))), hands, atol=1e-9)


def test_the_mean_is_added_as_axis_angles() -> None:
    relative, mean = _random_hands(2), _random_hands(3)
    absolute = absolute_hands(matrix_to_rot6d(_matrices(relative)), mean)
    np.testing.assert_allclose(rot6d_to_matrix(absolute), _matrices(relative + mean), atol=1e-9)


def test_each_finger_has_its_own_mean() -> None:
    mean = np.zeros((2, 15, 3))
    mean[1, 4] = (0.0, 0.0, 0.5)
    absolute = absolute_hands(np.tile(IDENTITY_6D, (2, 15, 1)), mean)
    changed = np.abs(absolute - IDENTITY_6D).max(-1) > 1e-9
    assert np.argwhere(changed).tolist() == [[1, 4]]


# The stages, on the tiny network.


@pytest.fixture(scope="module")
def estimator(tiny_bundle: Path, body: SmplxBody) -> Iterator[Estimator]:
    graphs = Bundle.load(tiny_bundle).graphs
    with Estimator({name: OnnxRuntimeEngine(graphs[name]) for name in GRAPHS}, body.hand_mean) as estimator:
        yield estimator


@pytest.fixture(scope="module")
def frame() -> Frame:
    bgr = cv2.imread(str(DATA / "frame.png"))
    assert bgr is not None
    rgb = np.asarray(cv2.resize(bgr, _FRAME_WH)[..., ::-1], np.uint8).copy()
    return Frame(3, 0.1, rgb, time.perf_counter())


def _sighting(frame: Frame, *boxes: Box) -> Sighting:
    return Sighting(frame, tuple(Track(row, box, begins=True) for row, box in enumerate(boxes, start=1)))


def _estimates(estimator: Estimator, sighting: Sighting) -> Estimates:
    return estimator.parts(estimator.body(sighting))


def test_the_body_stage_drops_boxes_with_nothing_in_the_frame(estimator: Estimator, frame: Frame) -> None:
    view = estimator.body(_sighting(frame, _OUTSIDE, _LEFT))
    assert isinstance(view, BodyView)
    assert [(subject.track.track_id, subject.track.box) for subject in view.subjects] == [(2, _LEFT)]
    assert view.crops.shape == (1, 128, 96, 3)


@pytest.mark.parametrize(
    "boxes",
    [
        # Nobody was found, or nobody in the frame.
        (),
        (_OUTSIDE,),
    ],
)
def test_nobody_is_estimated_where_there_is_nobody(estimator: Estimator, frame: Frame, boxes: tuple[Box, ...]) -> None:
    assert _estimates(estimator, _sighting(frame, *boxes)) == Estimates(frame, ())


def test_the_crop_is_the_part_of_the_frame_around_the_box(estimator: Estimator, frame: Frame) -> None:
    view = estimator.body(_sighting(frame, _LEFT))
    assert isinstance(view, BodyView)
    assert view.subjects[0].crop == Crop.around(_LEFT, _FRAME_WH, (96, 128))
    np.testing.assert_array_equal(view.crops[0], view.subjects[0].crop.warp(frame.rgb))


def test_two_people_in_a_frame_are_estimated_as_each_alone(estimator: Estimator, frame: Frame) -> None:
    both = _estimates(estimator, _sighting(frame, _LEFT, _RIGHT)).people
    alone = [_estimates(estimator, _sighting(frame, box)).people[0] for box in (_LEFT, _RIGHT)]
    assert [person.subject.track.track_id for person in both] == [1, 2]
    for found, expected in zip(both, alone, strict=True):
        assert found.subject.track.box == expected.subject.track.box
        np.testing.assert_allclose(found.part_boxes, expected.part_boxes, atol=1e-3)
        for name in ("rot6d", "betas", "expression", "translation_m"):
            np.testing.assert_allclose(
                getattr(found.params, name), getattr(expected.params, name), atol=1e-4, err_msg=name
            )


def test_two_people_are_not_the_same(estimator: Estimator, frame: Frame) -> None:
    """Or else the test above would say nothing."""
    left, right = _estimates(estimator, _sighting(frame, _LEFT, _RIGHT)).people
    assert np.abs(left.params.rot6d - right.params.rot6d).max() > 0.01
    assert np.abs(left.params.betas - right.params.betas).max() > 0.001


def test_the_order_of_the_boxes_is_that_of_the_people(estimator: Estimator, frame: Frame) -> None:
    forth = _estimates(estimator, _sighting(frame, _LEFT, _RIGHT)).people
    back = _estimates(estimator, _sighting(frame, _RIGHT, _LEFT)).people
    np.testing.assert_allclose(back[1].params.rot6d, forth[0].params.rot6d, atol=1e-4)
    np.testing.assert_allclose(back[0].params.rot6d, forth[1].params.rot6d, atol=1e-4)


def test_parameters_have_the_shapes_they_promise(estimator: Estimator, frame: Frame) -> None:
    (person,) = _estimates(estimator, _sighting(frame, _LEFT)).people
    params = person.params
    shapes = [value.shape for value in (params.rot6d, params.betas, params.expression, params.translation_m)]
    assert shapes == [(53, 6), (10,), (10,), (3,)]
    assert person.part_boxes.shape == (3, 4)


def test_each_graphs_rotations_land_in_their_rows(estimator: Estimator, body: SmplxBody, frame: Frame) -> None:
    view = estimator.body(_sighting(frame, _LEFT))
    assert isinstance(view, BodyView)
    rot6d = estimator.parts(view).people[0].params.rot6d
    hand = estimator._engines["hand"].run({"crop": view.crops, "boxes": view.part_boxes[:, :2]})
    face = estimator._engines["face"].run({"crop": view.crops, "box": view.part_boxes[:, 2]})
    pose = estimator._engines["pose"].run(
        {
            "body_features": view.features,
            "body_joints": view.joints,
            "hand_features": hand["features"],
            "hand_joints": hand["joints"],
        }
    )
    left, right = absolute_hands(hand["rot6d"][0], body.hand_mean)
    for part, expected in (
        (ROOT, pose["root_rot6d"]),
        (BODY, pose["body_rot6d"][0]),
        (LEFT_HAND, left),
        (RIGHT_HAND, right),
        (JAW, face["jaw_rot6d"]),
    ):
        np.testing.assert_allclose(rot6d[part], expected, atol=1e-5)


def test_a_body_of_another_space_gets_its_mean_shape_and_all_rotations(
    estimator: Estimator, body: SmplxBody, frame: Frame
) -> None:
    other = Estimator(estimator._engines, body.hand_mean, mean_shape=True)
    own, mean = (_estimates(each, _sighting(frame, _LEFT)).people[0].params for each in (estimator, other))
    assert np.abs(own.betas).max() > 0
    assert np.abs(own.expression).max() > 0
    np.testing.assert_array_equal(mean.betas, np.zeros(10))
    np.testing.assert_array_equal(mean.expression, np.zeros(10))
    np.testing.assert_array_equal(mean.rot6d, own.rot6d)
    np.testing.assert_array_equal(mean.translation_m, own.translation_m)


def test_leaving_the_estimator_closes_every_graph(tiny_bundle: Path, body: SmplxBody) -> None:
    graphs = Bundle.load(tiny_bundle).graphs
    engines = {name: OnnxRuntimeEngine(graphs[name]) for name in GRAPHS}
    with Estimator(engines, body.hand_mean):
        pass
    for name, engine in engines.items():
        with pytest.raises(EngineError, match=f"{name} was run after it was closed"):
            engine.run({})


# The last stage.


def _estimate(track_id: int = 1, box: Box = _LEFT) -> Estimate:
    crop = Crop.around(box, _FRAME_WH, (384, 512))
    assert crop is not None
    rng = np.random.default_rng(track_id)
    rot6d = matrix_to_rot6d(_matrices(rng.normal(0, 0.3, (53, 3))))
    params = BodyParams(rot6d, rng.normal(0, 1, 10), rng.normal(0, 1, 10), np.array([0.1, -0.2, 20.0]))
    inside = np.tile(np.array([180, 240, 200, 260], np.float32), (3, 1))
    keypoints = Keypoints(np.zeros((25, 2), np.float32), np.zeros((2, 20, 2), np.float32), np.zeros(25, np.float32))
    return Estimate(Subject(Track(track_id, box, begins=False), crop), params, inside, keypoints)


def _placed(track_id: int = 1, box: Box = _LEFT) -> Placed:
    params = _estimate(track_id, box).params
    sure = Confidence(0.6, 0.7, 0.8, 0.9)
    return Placed(Track(track_id, box, begins=False), params, _CAMERA, np.zeros((55, 3)), sure, flags=4)


def test_people_have_the_mesh_of_their_parameters(body: SmplxBody, frame: Frame) -> None:
    placed = _placed()
    (person,) = Finish(body)(Scene(frame, (placed,))).people
    params = placed.params
    mesh = body.forward(smplx_rotations(params.rot6d), params.betas, params.expression, params.translation_m)
    np.testing.assert_array_equal(person.vertices_m, mesh.vertices_m)
    np.testing.assert_array_equal(person.joints_m, mesh.joints_m)
    assert person.params is params


def test_people_keep_their_number_box_camera_confidence_and_flags(body: SmplxBody, frame: Frame) -> None:
    placed = (_placed(4, _LEFT), _placed(7, _RIGHT))
    result = Finish(body)(Scene(frame, placed))
    assert result.frame is frame
    assert [(person.track_id, person.box) for person in result.people] == [(4, _LEFT), (7, _RIGHT)]
    for person, before in zip(result.people, placed, strict=True):
        assert (person.camera, person.confidence, person.flags) == (_CAMERA, before.confidence, 4)


@pytest.mark.parametrize("count", [0, 1, 2])
def test_whoever_looks_next_is_told_of_everyone(body: SmplxBody, frame: Frame, count: int) -> None:
    told: list[tuple[Frame, tuple[Person, ...]]] = []
    finish = Finish(body, lambda seen, people: told.append((seen, people)))
    result = finish(Scene(frame, tuple(_placed(k) for k in range(count))))
    assert [(seen.index, len(people)) for seen, people in told] == [(frame.index, count)]
    assert all(seen is person for seen, person in zip(told[0][1], result.people, strict=True))


def _part_box(xyxy_px: tuple[float, float, float, float], crop: Crop) -> NDArray[np.float32]:
    """A box of the frame in crop pixels, (4,)."""
    corners = crop.crop_from_frame(np.array(xyxy_px, float).reshape(2, 2))
    return corners.reshape(4).astype(np.float32)


@pytest.mark.parametrize(
    ("xyxy_px", "share"),
    [
        # Well inside, and as large as the frame.
        ((100, 50, 150, 120), 1.0),
        ((0, 0, 640, 360), 1.0),
        # Beyond each side.
        ((-80, 50, -20, 120), 0.0),
        ((650, 50, 700, 120), 0.0),
        ((100, -90, 150, -20), 0.0),
        ((100, 380, 150, 420), 0.0),
        # Half over each side; over a corner a quarter.
        ((-30, 50, 30, 120), 0.5),
        ((610, 50, 670, 120), 0.5),
        ((100, -30, 150, 30), 0.5),
        ((100, 330, 150, 390), 0.5),
        ((610, 330, 670, 390), 0.25),
        # Larger than the frame, twice as wide.
        ((-320, 0, 960, 360), 0.5),
        # Turned round or without an area: nothing of it can be seen.
        ((150, 50, 100, 120), 0.0),
        ((150, 120, 100, 50), 0.0),
        ((100, 50, 100, 50), 0.0),
    ],
)
def test_visible_shares(xyxy_px: tuple[float, float, float, float], share: float) -> None:
    crop = _estimate().subject.crop
    boxes = np.stack(
        [_part_box((100, 50, 150, 120), crop), _part_box(xyxy_px, crop), _part_box((-9, -9, -5, -5), crop)]
    )
    assert visible_shares(boxes, crop, _FRAME_WH) == pytest.approx((1.0, share, 0.0), abs=1e-4)


# Parts of `BodyParams.rot6d` and where they are in SMPL-X.


def _rotated_joints(row: int) -> list[str]:
    """The joints that are not at rest when one row of rot6d is not."""
    rot6d = np.tile(IDENTITY_6D, (53, 1))
    turn = np.array([0.3, -0.2, 0.5])
    rot6d[row] = matrix_to_rot6d(_matrices(turn))
    found = matrix_to_axis_angle(smplx_rotations(rot6d))
    moved = np.flatnonzero(np.abs(found).max(-1) > 1e-6)
    np.testing.assert_allclose(found[moved], np.tile(turn, (len(moved), 1)), atol=1e-9)
    return [joints.SMPLX_JOINTS[joint] for joint in moved]


@pytest.mark.parametrize(
    ("row", "joint"),
    [
        # The root.
        (ROOT.start, "pelvis"),
        # The body's first, some in the middle, its last.
        (BODY.start, "left_hip"),
        (BODY.start + 11, "neck"),
        (BODY.start + 19, "left_wrist"),
        (BODY.stop - 1, "right_wrist"),
        # First and last of each hand.
        (LEFT_HAND.start, "left_index1"),
        (LEFT_HAND.stop - 1, "left_thumb3"),
        (RIGHT_HAND.start, "right_index1"),
        (RIGHT_HAND.start + 6, "right_pinky1"),
        (RIGHT_HAND.stop - 1, "right_thumb3"),
        # The jaw, last here and in the middle there.
        (JAW.start, "jaw"),
    ],
)
def test_each_rotation_lands_at_its_joint(row: int, joint: str) -> None:
    assert _rotated_joints(row) == [joint]


def test_every_row_moves_a_joint_of_its_own_and_none_moves_the_eyes() -> None:
    moved = [joint for row in range(53) for joint in _rotated_joints(row)]
    assert sorted(moved) == sorted(set(joints.SMPLX_JOINTS) - {"left_eye_smplhf", "right_eye_smplhf"})


def test_the_eyes_are_at_rest() -> None:
    rot6d = matrix_to_rot6d(_matrices(np.random.default_rng(0).normal(0, 0.5, (53, 3))))
    np.testing.assert_array_equal(smplx_rotations(rot6d)[joints.EYES], np.tile(np.eye(3), (2, 1, 1)))
