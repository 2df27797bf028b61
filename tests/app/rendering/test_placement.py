"""Meshes are drawn where the camera projects them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from app.pinhole import Pinhole
from app.rendering.fit import Fit
from app.rendering.renderer import Renderer, open_renderer
from app.rendering.scene import Scene
from tests.app.rendering import scenes

KINDS = ("moderngl", "pyrender")
BLACK = np.zeros((240, 320, 3), np.uint8)


@pytest.fixture(scope="module", params=KINDS)
def triangles(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    with open_renderer(request.param, scenes.TRIANGLE) as renderer:
        assert renderer.name == request.param
        yield renderer


@pytest.fixture(scope="module", params=KINDS)
def bodies(request: pytest.FixtureRequest) -> Iterator[Renderer]:
    with open_renderer(request.param, scenes.FACES) as renderer:
        yield renderer


def at_pixel(camera: Pinhole, x: float, y: float, *, depth_m: float, radius_px: float) -> NDArray[np.float64]:
    """(3, 3): a triangle facing the camera, whose middle it sees at that pixel."""
    corners = np.array((x, y)) + radius_px * np.array(((0, -1), (-0.75, 0.5), (0.75, 0.5)))
    across = (corners - (camera.cx, camera.cy)) / (camera.fx, camera.fy) * depth_m
    return np.column_stack((across, np.full(3, depth_m)))


def middle(picture: NDArray[np.uint8]) -> tuple[float, float]:
    """(x, y): the centre of what is drawn on black."""
    weight = picture.astype(float).sum(-1)
    y, x = (np.average(axis, weights=weight) for axis in np.indices(weight.shape))
    return float(x), float(y)


@pytest.mark.parametrize("depth_m", [0.4, 3.0, 40.0])
@pytest.mark.parametrize("pixel", [(159.5, 119.5), (20.0, 30.0), (300.3, 12.7), (40.25, 229.0), (290.0, 210.5)])
def test_a_small_triangle_is_where_the_camera_projects_it(
    triangles: Renderer, pixel: tuple[float, float], depth_m: float
) -> None:
    person = scenes.triangle(at_pixel(scenes.CAMERA, *pixel, depth_m=depth_m, radius_px=6))
    projected = scenes.CAMERA.project(person.vertices_m.astype(np.float64)).mean(0)
    found = middle(triangles.draw(Scene(BLACK, (person,), scenes.CAMERA), scenes.SIZE))
    np.testing.assert_allclose(found, projected, rtol=0, atol=0.2)
    np.testing.assert_allclose(found, pixel, rtol=0, atol=0.2)


def test_a_camera_that_looks_past_the_middle(triangles: Renderer) -> None:
    camera = Pinhole(280.0, 240.0, 100.0, 170.0)
    person = scenes.triangle(at_pixel(camera, 210.0, 60.0, depth_m=2.0, radius_px=8), camera=camera)
    found = middle(triangles.draw(Scene(BLACK, (person,), camera), scenes.SIZE))
    np.testing.assert_allclose(found, (210, 60), rtol=0, atol=0.1)


@pytest.mark.parametrize("size_wh", [(640, 480), (1280, 720), (200, 300)])
def test_in_a_picture_of_another_size_it_stays_on_the_image(triangles: Renderer, size_wh: tuple[int, int]) -> None:
    person = scenes.triangle(at_pixel(scenes.CAMERA, 100.0, 60.0, depth_m=2.0, radius_px=10))
    scene = Scene(BLACK, (person,), scenes.CAMERA)
    empty = triangles.draw(Scene(BLACK, (), scenes.CAMERA), size_wh)
    drawn = triangles.draw(scene, size_wh)
    expected = Fit.of(scenes.SIZE, size_wh).picture_from_image(np.array((100.0, 60.0)))
    changed = np.where((drawn != empty).any(-1, keepdims=True), drawn, 0).astype(np.uint8)
    np.testing.assert_allclose(middle(changed), expected, rtol=0, atol=0.1)


def test_a_person_estimated_before_another_camera_is_moved_before_the_scenes(bodies: Renderer) -> None:
    crop_camera = Pinhole(2500.0, 2500.0, 180.0, 90.0)
    person = scenes.person(at_m=(-0.3, 0.4, 25.0), camera=crop_camera)
    drawn = bodies.draw(Scene(BLACK, (person,), scenes.CAMERA), scenes.SIZE)
    assert (drawn == bodies.draw(Scene(BLACK, (person.under(scenes.CAMERA),), scenes.CAMERA), scenes.SIZE)).all()
    x, y = crop_camera.project(person.joints_m[0].astype(np.float64)).round().astype(int)
    assert drawn[y, x].any()


@pytest.mark.parametrize("at_m", [(0.0, 0.0, 3.0), (0.7, -0.2, 4.0), (-0.6, 0.3, 6.0)])
def test_the_outline_of_a_body_is_that_of_its_projection(bodies: Renderer, at_m: tuple[float, float, float]) -> None:
    person = scenes.waving(at_m=at_m)
    drawn = bodies.draw(Scene(BLACK, (person,), scenes.CAMERA), scenes.SIZE).max(-1) > 0
    points = scenes.CAMERA.project(person.vertices_m.astype(np.float64))
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    low, high = (columns[0], rows[0]), (columns[-1], rows[-1])
    np.testing.assert_allclose(low, points.min(0).clip(0), rtol=0, atol=1.0)
    np.testing.assert_allclose(high, np.minimum(points.max(0), np.array(scenes.SIZE) - 1), rtol=0, atol=1.0)
    # And inside of it: joints of the trunk and the limbs lie in the body.
    seen = scenes.CAMERA.project(person.joints_m[:20].astype(np.float64)).round().astype(int)
    inside = ((seen >= 0) & (seen < scenes.SIZE)).all(1)
    assert inside.sum() >= 15
    assert drawn[seen[inside, 1], seen[inside, 0]].all()
