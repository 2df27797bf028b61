"""Hands and face of the shipped body."""

from __future__ import annotations

import numpy as np

from models.body_file import BodyArrays
from training.parts import face_vertices, hand_vertices, landmarks_at_rest


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
