"""The last stage: people have the mesh of their parameters."""

from __future__ import annotations

import time

import numpy as np
import pytest

from app.boxes import Track
from app.finish import Finish, smplx_rotations
from app.frame import BODY, JAW, LEFT_HAND, RIGHT_HAND, ROOT, BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole
from app.scene import Placed, Scene
from models import joints
from models.rotations import axis_angle_to_matrix, matrix_to_axis_angle, matrix_to_rot6d
from models.smplx_body import SmplxBody

_FRAME_WH = (640, 360)
_LEFT = Box((60.0, 5.0, 250.0, 350.0), 0.9)
_RIGHT = Box((380.0, 40.0, 640.0, 360.0), 0.6)
_CAMERA = Pinhole.from_fov(60.0, _FRAME_WH)
IDENTITY_6D = matrix_to_rot6d(np.eye(3))


@pytest.fixture(scope="module")
def frame() -> Frame:
    return Frame(3, 0.1, np.zeros((_FRAME_WH[1], _FRAME_WH[0], 3), np.uint8), time.perf_counter())


def _placed(track_id: int = 1, box: Box = _LEFT) -> Placed:
    rng = np.random.default_rng(track_id)
    rot6d = matrix_to_rot6d(axis_angle_to_matrix(rng.normal(0, 0.3, (53, 3))))
    params = BodyParams(rot6d, rng.normal(0, 1, 10), rng.normal(0, 1, 10), np.array([0.1, -0.2, 20.0]))
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


# Parts of `BodyParams.rot6d` and where they are in SMPL-X.


def _rotated_joints(row: int) -> list[str]:
    """The joints that are not at rest when one row of rot6d is not."""
    rot6d = np.tile(IDENTITY_6D, (53, 1))
    turn = np.array([0.3, -0.2, 0.5])
    rot6d[row] = matrix_to_rot6d(axis_angle_to_matrix(turn))
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
    rot6d = matrix_to_rot6d(axis_angle_to_matrix(np.random.default_rng(0).normal(0, 0.5, (53, 3))))
    np.testing.assert_array_equal(smplx_rotations(rot6d)[joints.EYES], np.tile(np.eye(3), (2, 1, 1)))
