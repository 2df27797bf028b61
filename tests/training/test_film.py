"""Frames: boxes bound what people changed in the picture, labels lie where the people are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.body_file import BodyArrays
from models.smplx_body import SmplxBody
from training.film import Actor, Camera, Film
from training.looks import random_look
from training.parts import face_vertices, hand_vertices

CAMERA: Camera = (120.0, 120.0, 79.5, 59.5)
BACKGROUND = np.full((120, 160, 3), (0, 255, 0), np.uint8)  # of a colour that nobody wears
UPRIGHT = np.diag((1.0, -1.0, -1.0))


@pytest.fixture(scope="module")
def film(arrays: BodyArrays) -> Film:
    return Film(arrays)


def _actor(x: float = 0.0, z: float = 3.0) -> Actor:
    rotations = np.tile(np.eye(3), (55, 1, 1))
    rotations[0] = UPRIGHT
    look = random_look(np.random.default_rng(1))
    return Actor(rotations, np.full(10, 0.3), np.zeros(10), np.array((x, 0.3, z)), look)


def _changed(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray((rgb != BACKGROUND).any(-1))


def test_a_box_is_around_what_changed(film: Film) -> None:
    filmed = film([_actor()], CAMERA, BACKGROUND)
    changed = _changed(filmed.rgb)
    rows, columns = np.flatnonzero(changed.any(1)), np.flatnonzero(changed.any(0))
    expected = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    np.testing.assert_allclose(filmed.boxes[0], expected, atol=1)
    assert 0.3 < filmed.seen[0] < 1.5  # arms are spread: the box is large


def test_meshes_project_onto_the_people(film: Film, arrays: BodyArrays) -> None:
    actor = _actor(x=0.2)
    filmed = film([actor], CAMERA, BACKGROUND)
    mesh = SmplxBody(arrays).forward(actor.rotations, actor.betas, actor.expression, actor.translation_m)
    np.testing.assert_allclose(filmed.vertices_m[0], mesh.vertices_m, atol=1e-4)
    np.testing.assert_allclose(filmed.joints_m[0], mesh.joints_m[:55], atol=1e-4)
    px = (filmed.joints_m[0, :, :2] / filmed.joints_m[0, :, 2:] * CAMERA[0] + CAMERA[2:]).round().astype(int)
    assert _changed(filmed.rgb)[px[:, 1], px[:, 0]].all()


def test_parts_have_boxes_and_who_reaches_out_of_the_frame_is_not_whole(film: Film, arrays: BodyArrays) -> None:
    filmed = film([_actor(), _actor(x=1.6)], CAMERA, BACKGROUND)
    assert filmed.whole.tolist() == [True, False]
    for row in range(2):
        px = filmed.vertices_m[row, :, :2] / filmed.vertices_m[row, :, 2:] * CAMERA[0] + CAMERA[2:]
        for part, box in zip((*hand_vertices(arrays), face_vertices(arrays)), filmed.part_boxes[row], strict=True):
            np.testing.assert_allclose(box, [*px[part].min(0), *px[part].max(0)], atol=1e-3)
    left, right, face = filmed.part_boxes[0]
    assert right[2] < face[0] < face[2] < left[0]  # of somebody who faces the camera, arms spread


def test_who_is_hidden_is_seen_less(film: Film) -> None:
    near, far = _actor(z=2.5), _actor(x=0.1, z=3.5)
    alone, both = film([far], CAMERA, BACKGROUND), film([near, far], CAMERA, BACKGROUND)
    assert both.seen[1] < 0.8 * alone.seen[0]
    assert both.seen[0] == pytest.approx(film([near], CAMERA, BACKGROUND).seen[0])
    torch.manual_seed(0)  # hair is drawn with random strands
    first = film([near, far], CAMERA, BACKGROUND)
    torch.manual_seed(0)
    second = film([near, far], CAMERA, BACKGROUND)
    assert np.array_equal(first.rgb, second.rgb)


def test_who_is_not_in_the_frame_has_no_box(film: Film) -> None:
    filmed = film([_actor(), _actor(x=9.0)], CAMERA, BACKGROUND)
    assert (filmed.boxes[1] == 0).all()
    assert filmed.seen[1] == 0


def test_a_finer_drawing_gives_the_same_frame(arrays: BodyArrays) -> None:
    coarse, fine = (Film(arrays, supersample)([_actor()], CAMERA, BACKGROUND) for supersample in (1, 3))
    assert coarse.rgb.shape == fine.rgb.shape
    np.testing.assert_allclose(coarse.boxes, fine.boxes, atol=1.5)
    assert (_changed(coarse.rgb) != _changed(fine.rgb)).mean() < 0.05


def test_pixels_that_are_not_square_are_refused(film: Film) -> None:
    with pytest.raises(ValueError, match="same focal length"):
        film([_actor()], (120.0, 110.0, 79.5, 59.5), BACKGROUND)


def test_gestures_are_those_of_the_actor(film: Film) -> None:
    still = _actor()
    rotations = still.rotations.copy()
    rotations[16] = UPRIGHT
    waving = replace(still, rotations=rotations)
    assert not np.array_equal(film([still], CAMERA, BACKGROUND).rgb, film([waving], CAMERA, BACKGROUND).rgb)
