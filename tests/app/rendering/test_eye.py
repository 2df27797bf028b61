"""From where a picture is seen."""

from __future__ import annotations

import numpy as np
import pytest

from app.frame import Person
from app.rendering.eye import Eye
from app.rendering.fit import Fit
from app.rendering.scene import View
from tests.app.rendering import scenes

SQUARE = (400, 400)
MIDDLE = np.array((199.5, 199.5))


@pytest.fixture(scope="module")
def someone() -> Person:
    return scenes.person(at_m=(0.4, -0.3, 5.0))


def test_the_camera_view_sees_what_the_camera_saw(someone: Person) -> None:
    eye = Eye.at_camera(scenes.CAMERA, Fit.of(scenes.SIZE, scenes.SIZE))
    points = someone.vertices_m.astype(np.float64)
    np.testing.assert_allclose(eye.project(points), scenes.CAMERA.project(points), rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("view", "right", "down"),
    [
        # Which ways of the camera's axes are to the right and down in the picture.
        (View("orbit"), (1, 0, 0), (0, 1, 0)),
        (View("side"), (0, 0, 1), (0, 1, 0)),
        (View("top"), (1, 0, 0), (0, 0, -1)),
        (View("orbit", yaw_deg=90), (0, 0, 1), (0, 1, 0)),
        (View("orbit", pitch_deg=90), (1, 0, 0), (0, 0, -1)),
        (View("orbit", yaw_deg=180), (-1, 0, 0), (0, 1, 0)),
    ],
)
def test_views_go_around_the_pelvis(
    someone: Person, view: View, right: tuple[float, ...], down: tuple[float, ...]
) -> None:
    eye = Eye.around([someone], view, SQUARE)
    pelvis = someone.joints_m[0].astype(np.float64)
    np.testing.assert_allclose(eye.project(pelvis), MIDDLE, rtol=0, atol=0.01)
    for way, along in ((right, 0), (down, 1)):
        moved = eye.project(pelvis + 0.1 * np.array(way)) - MIDDLE
        assert moved[along] > 5
        assert abs(moved[1 - along]) < 0.01


@pytest.mark.parametrize("kind", ["side", "top", "orbit"])
def test_everyone_is_in_the_picture(kind: str) -> None:
    people = [scenes.person(1, (-2.0, 0.0, 3.0)), scenes.person(2, (1.5, 0.2, 7.0)), scenes.person(3)]
    eye = Eye.around(people, View(kind), (320, 200))  # type: ignore[arg-type]
    for person in people:
        points = eye.project(person.vertices_m.astype(np.float64))
        assert (points > -0.5).all()
        assert (points < np.array((320, 200)) - 0.5).all()


def test_one_person_fills_most_of_the_picture(someone: Person) -> None:
    points = Eye.around([someone], View("side"), SQUARE).project(someone.vertices_m.astype(np.float64))
    assert np.ptp(points[:, 1]) > 0.6 * SQUARE[1]


def test_zoom_and_pan(someone: Person) -> None:
    pelvis, head = someone.joints_m[[0, 15]].astype(np.float64)
    plain = Eye.around([someone], View("side"), SQUARE)
    moved = Eye.around([someone], View("side", zoom=2, pan=(0.25, -0.1)), SQUARE)
    np.testing.assert_allclose(moved.project(pelvis), MIDDLE + np.array((100, -40)), rtol=0, atol=0.01)
    span = plain.project(head) - plain.project(pelvis)
    np.testing.assert_allclose(moved.project(head) - moved.project(pelvis), 2 * span, rtol=0, atol=0.01)


def test_nobody_is_seen_from_somewhere_too() -> None:
    assert np.isfinite(Eye.around([], View("side"), SQUARE).project(np.zeros(3))).all()
