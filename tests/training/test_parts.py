"""Hands and face of the shipped body."""

from __future__ import annotations

import numpy as np

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from training.parts import (
    HAND_PARTS,
    PARTS,
    face_vertices,
    hand_vertices,
    landmarks_at_rest,
    part_of_hand_vertices,
    part_of_vertices,
)


def test_hands_lie_beyond_the_wrists(arrays: BodyArrays) -> None:
    left, right = hand_vertices(arrays)
    assert arrays.template[left, 0].min() > 0.6
    assert arrays.template[right, 0].max() < -0.6
    assert abs(int(left.sum()) - int(right.sum())) <= 2
    assert left.sum() > 200


def test_the_face_is_in_front_and_around_its_landmarks(arrays: BodyArrays) -> None:
    face, landmarks = arrays.template[face_vertices(arrays)], landmarks_at_rest(arrays)
    assert landmarks.shape == (51, 3)
    assert (face.min(0) < landmarks.min(0)).all()
    assert (face.max(0) > landmarks.max(0)).all()
    assert np.abs(face[:, 0]).max() < 0.13
    assert face[:, 2].min() > 0
    assert len(face) > 500
    assert not (hand_vertices(arrays) & face_vertices(arrays)).any()


def test_brows_come_first_and_lips_from_row_31(arrays: BodyArrays) -> None:
    landmarks = landmarks_at_rest(arrays)
    assert landmarks[:10, 1].min() > landmarks[31:43, 1].max()
    assert landmarks[:5, 0].max() < 0 < landmarks[5:10, 0].min()


def test_parts_are_where_their_joints_are(arrays: BodyArrays) -> None:
    part, template, joints = part_of_vertices(arrays), arrays.template, arrays.regressor @ arrays.template
    assert PARTS == 22
    assert set(part) == set(range(PARTS))
    for name, beyond in (("left_wrist", 1), ("right_wrist", -1)):
        of_hand = template[part == SMPLX_JOINTS.index(name)]
        assert (beyond * of_hand[:, 0]).min() > beyond * joints[SMPLX_JOINTS.index(name), 0] - 0.06
        assert np.abs(of_hand[:, 0]).max() == np.abs(template[:, 0]).max()  # the finger tips too
    head = SMPLX_JOINTS.index("head")
    assert (part[face_vertices(arrays)] == head).mean() > 0.9
    knee = template[part == SMPLX_JOINTS.index("left_knee")]  # moves the shin
    assert knee[:, 0].min() > 0
    assert joints[SMPLX_JOINTS.index("left_ankle"), 1] < knee[:, 1].mean() < joints[SMPLX_JOINTS.index("left_knee"), 1]


def test_hands_are_palm_and_fingers_and_nothing_else_is(arrays: BodyArrays) -> None:
    parts, joints = part_of_hand_vertices(arrays), arrays.regressor @ arrays.template
    assert np.array_equal(parts == HAND_PARTS - 1, ~hand_vertices(arrays))
    for side, first in enumerate((25, 40)):
        assert set(parts[side]) == set(range(HAND_PARTS))
        tips = arrays.template[parts[side] == 3]  # of the index finger
        tip = joints[first + 2]
        assert np.linalg.norm(tips.mean(0) - tip) < 0.03
        assert np.abs(tips[:, 0]).max() > np.abs(tip[0])
