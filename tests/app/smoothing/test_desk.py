"""Legs at a desk."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.scene import Placed
from app.smoothing.motion import LEGS, rows
from app.smoothing.settings import SmoothSettings
from models.joints import SMPLX_JOINTS
from tests.app.smoothing.moves import WH, angles, matrices, placed, scene, smoothed

HIPS_AND_KNEES = [SMPLX_JOINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee")]
STANDING = np.zeros((53, 3))


def person(*, below: bool, begins: bool = False) -> Placed:
    """Standing straight; hips and knees below the picture or in it."""
    one = placed(STANDING, begins=begins)
    joints_m = one.joints_m.copy()
    joints_m[HIPS_AND_KNEES, 1] += 3.0 if below else 0.0
    assert (one.camera.project(joints_m)[HIPS_AND_KNEES, 1] > WH[1]).all() == below
    return replace(one, joints_m=joints_m)


def bent_deg(out: Placed) -> np.ndarray:
    """(4,) of both hips and both knees."""
    return np.degrees(angles(matrices(out)[rows("hip", "knee")], np.eye(3)[None]))


def run(below: list[bool], settings: SmoothSettings) -> list[Placed]:
    scenes = [scene(k, person(below=hidden, begins=k == 0)) for k, hidden in enumerate(below)]
    return [out.people[0] for out in smoothed(settings, scenes)]


def test_legs_out_of_view_are_seated_from_the_first_frame_and_the_rest_is_not() -> None:
    for out in run([True] * 10, SmoothSettings()):
        assert (np.abs(bent_deg(out) - 85) < 3).all()
        others = np.delete(matrices(out), LEGS, 0)
        assert angles(others, np.eye(3)[None]).max() < 1e-6


def test_legs_in_view_stand_unless_they_are_to_be_seated() -> None:
    assert max(bent_deg(out).max() for out in run([False] * 10, SmoothSettings())) < 1e-3
    assert min(bent_deg(out).min() for out in run([False] * 10, SmoothSettings(desk=True))) > 80


def test_legs_sit_down_and_stand_up_only_after_half_a_second_and_not_at_once() -> None:
    settings = SmoothSettings(level="responsive")
    glimpse = run([False] * 20 + [True] * 10 + [False] * 20, settings)
    assert max(bent_deg(out).max() for out in glimpse) < 1e-3
    outs = run([False] * 20 + [True] * 60 + [False] * 60, settings)
    bent = np.array([bent_deg(out).mean() for out in outs])
    assert bent[:34].max() < 1e-3
    assert bent[70] > 80
    assert bent[79 + 14] > 80
    assert bent[-1] < 3
    assert np.abs(np.diff(bent)).max() < 12  # degrees a frame
