"""Skeletons and boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.rendering.eye import Eye
from app.rendering.fit import Fit
from app.rendering.lines import draw_boxes, draw_skeletons
from app.rendering.scene import View
from models.joints import SMPLX_PARENTS
from tests.app.rendering import scenes
from tests.models import open_body

FIT = Fit.of(scenes.SIZE, scenes.SIZE)
EYE = Eye.at_camera(scenes.CAMERA, FIT)


def blank() -> NDArray[np.uint8]:
    return np.full((240, 320, 3), 255, np.uint8)


def test_the_bones_are_those_of_the_body() -> None:
    parents = [-1 if parent < 0 else int(parent) for parent in open_body.arrays().parents]
    assert tuple(parents) == SMPLX_PARENTS


def test_bones_go_from_joint_to_joint() -> None:
    person = scenes.waving()
    picture = blank()
    draw_skeletons(picture, [person], EYE, on_mesh=False)
    joints = scenes.CAMERA.project(person.joints_m[:55].astype(np.float64))
    bones = [(child, parent) for child, parent in enumerate(SMPLX_PARENTS) if parent >= 0]
    for child, parent in bones:
        for share in (0.0, 0.3, 0.7, 1.0):
            x, y = (share * joints[child] + (1 - share) * joints[parent]).round().astype(int)
            if 0 <= x < 320 and 0 <= y < 240:
                assert (picture[y, x] < 250).any(), (child, parent)
    assert (picture < 250).any(-1).mean() < 0.1


def test_bones_behind_the_eye_are_left_out() -> None:
    person = scenes.person(at_m=(0.0, 0.0, 0.05))  # the picture's plane goes through it
    picture = blank()
    draw_skeletons(picture, [person], EYE, on_mesh=False)
    behind = scenes.person(at_m=(0.0, 0.0, -3.0))
    untouched = blank()
    draw_skeletons(untouched, [behind], EYE, on_mesh=False)
    assert (untouched == 255).all()


def test_the_nearer_skeleton_is_over_the_farther() -> None:
    people = [scenes.person(1, (0.0, 0.0, 2.0)), scenes.person(2, (0.0, 0.0, 4.0))]
    eye = Eye.around(people, View("orbit"), scenes.SIZE)
    pictures = [blank(), blank()]
    draw_skeletons(pictures[0], people, eye, on_mesh=False)
    draw_skeletons(pictures[1], people[::-1], eye, on_mesh=False)
    np.testing.assert_array_equal(pictures[0], pictures[1])


def test_a_box_is_on_its_border() -> None:
    person = scenes.person(at_m=(0.0, 0.0, 6.0))
    picture = blank()
    draw_boxes(picture, [person], FIT)
    left, top, right, bottom = (round(side) for side in person.box.xyxy_px)
    for x, y in ((left, (top + bottom) // 2), (right, (top + bottom) // 2), ((left + right) // 2, bottom)):
        assert (picture[y, x] < 250).any()
    assert (picture[(top + bottom) // 2, (left + right) // 2] == 255).all()
    assert (picture[:, : left - 5] == 255).all()
