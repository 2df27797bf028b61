"""From boxes to parameters."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.boxes import Sighting, Track
from app.crop import Crop
from app.estimator import BodyView, Estimates, Estimator, absolute_hands
from app.frame import BODY, JAW, LEFT_HAND, RIGHT_HAND, ROOT, Box, Frame
from engines.bundle import GRAPHS, Bundle
from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from models.rotations import axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix
from models.smplx_body import SmplxBody
from tests.standins import DATA

Floats = NDArray[np.float64]

_FRAME_WH = (640, 360)
_LEFT = Box((60.0, 5.0, 250.0, 350.0), 0.9)
_RIGHT = Box((380.0, 40.0, 640.0, 360.0), 0.6)
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
