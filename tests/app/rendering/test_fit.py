"""The image in a picture of another size."""

from __future__ import annotations

import numpy as np
import pytest

from app.pinhole import Pinhole
from app.rendering.fit import Fit
from tests.app.rendering import scenes


@pytest.mark.parametrize(
    ("image_wh", "size_wh", "inner_wh", "corner_px"),
    [
        ((640, 480), (640, 480), (640, 480), (0, 0)),
        ((640, 480), (320, 240), (320, 240), (0, 0)),
        # Bars at the sides, bars above and below.
        ((640, 480), (1280, 720), (960, 720), (160, 0)),
        ((1280, 720), (640, 480), (640, 360), (0, 60)),
        # So flat that a pixel is left.
        ((4000, 2), (100, 100), (100, 1), (0, 49)),
    ],
)
def test_an_image_is_shown_as_large_as_fits_in_the_middle(
    image_wh: tuple[int, int], size_wh: tuple[int, int], inner_wh: tuple[int, int], corner_px: tuple[int, int]
) -> None:
    fit = Fit.of(image_wh, size_wh)
    assert (fit.inner_wh, fit.corner_px) == (inner_wh, corner_px)
    assert fit.place(scenes.image(image_wh)).shape == (size_wh[1], size_wh[0], 3)


@pytest.mark.parametrize("size_wh", [(640, 480), (960, 720), (500, 300), (131, 257)])
def test_a_mark_in_the_image_is_where_its_pixel_is_said_to_be(size_wh: tuple[int, int]) -> None:
    image = np.zeros((240, 320, 3), np.uint8)
    image[100:120, 200:230] = 255  # its middle is (214.5, 109.5)
    fit = Fit.of((320, 240), size_wh)
    bright = fit.place(image)[..., 0].astype(float)
    bright[bright < 30] = 0  # the bars
    y, x = (np.average(axis, weights=bright) for axis in np.indices(bright.shape))
    np.testing.assert_allclose(fit.picture_from_image(np.array((214.5, 109.5))), (x, y), rtol=0, atol=0.1)


def test_the_picture_camera_projects_where_the_image_is_shown() -> None:
    camera = Pinhole(300.0, 310.0, 150.0, 130.0)
    fit = Fit.of((320, 240), (1280, 720))
    points = np.array([[0.1, -0.2, 2.0], [0.0, 0.0, 1.0], [-0.5, 0.4, 3.0]])
    shown = fit.picture_from_image(camera.project(points))
    np.testing.assert_allclose(fit.picture_camera(camera).project(points), shown, rtol=0, atol=1e-9)


def test_the_image_itself_is_left_alone() -> None:
    image = scenes.image()
    placed = Fit.of(scenes.SIZE, scenes.SIZE).place(image)
    placed[:] = 0
    np.testing.assert_array_equal(image, scenes.image())
