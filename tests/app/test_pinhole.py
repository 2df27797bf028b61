"""The camera without distortion, and moving a body from one such camera to another."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from app.crop import Crop
from app.frame import Box
from app.pinhole import Pinhole

_FRAME_WH = (640, 360)


@pytest.mark.parametrize(
    ("fov_deg", "size_wh"),
    [
        # The default, on landscape and portrait.
        (60.0, (640, 360)),
        (60.0, (360, 640)),
        # Narrow and wide.
        (10.0, (1920, 1080)),
        (120.0, (641, 481)),
    ],
)
def test_from_fov_sees_that_angle_across_the_width(fov_deg: float, size_wh: tuple[int, int]) -> None:
    camera = Pinhole.from_fov(fov_deg, size_wh)
    edge = math.tan(math.radians(fov_deg / 2))
    # The image reaches half a pixel further than the centres of its first and last columns.
    left, right = camera.project(np.array([(-edge, 0.0, 1.0), (edge, 0.0, 1.0)]))[:, 0]
    assert (left, right) == pytest.approx((-0.5, size_wh[0] - 0.5))


@pytest.mark.parametrize(
    ("size_wh", "middle"),
    [
        # An even number of pixels has its middle between two of them, an odd number on one.
        ((640, 360), (319.5, 179.5)),
        ((641, 361), (320.0, 180.0)),
    ],
)
def test_cameras_look_through_the_middle_of_the_image(size_wh: tuple[int, int], middle: tuple[float, float]) -> None:
    for camera in (Pinhole.from_fov(50, size_wh), Pinhole.from_focal(700, size_wh)):
        assert (camera.cx, camera.cy) == middle


def test_from_focal_has_that_focal_length_both_ways() -> None:
    camera = Pinhole.from_focal(700, _FRAME_WH)
    assert (camera.fx, camera.fy) == (700, 700)


@pytest.mark.parametrize(
    ("point_m", "pixel"),
    [
        # Straight ahead, near and far.
        ((0.0, 0.0, 1.0), (300.0, 200.0)),
        ((0.0, 0.0, 50.0), (300.0, 200.0)),
        # To the right and down.
        ((1.0, 0.0, 2.0), (800.0, 200.0)),
        ((0.0, 0.5, 2.0), (300.0, 400.0)),
        # To the left and up, twice as far.
        ((-1.0, -0.5, 4.0), (50.0, 100.0)),
    ],
)
def test_project(point_m: tuple[float, float, float], pixel: tuple[float, float]) -> None:
    np.testing.assert_allclose(Pinhole(1000, 800, 300, 200).project(np.array(point_m)), pixel)


def test_project_takes_any_leading_shape() -> None:
    camera = Pinhole(1000, 800, 300, 200)
    points = np.random.default_rng(0).uniform(1, 2, (2, 5, 3))
    projected = camera.project(points)
    assert projected.shape == (2, 5, 2)
    np.testing.assert_allclose(projected[1, 3], camera.project(points[1, 3]))


def test_a_point_in_the_cameras_plane_is_nowhere_and_raises_nothing() -> None:
    projected = Pinhole(1000, 800, 300, 200).project(np.array([(1.0, 0.0, 0.0), (0.0, 0.0, 0.0)]))
    assert not np.isfinite(projected).all(-1).any()


def _crop_camera() -> Pinhole:
    crop = Crop.around(Box((380.0, 40.0, 520.0, 300.0), 1.0), _FRAME_WH, (384, 512))
    assert crop is not None
    return crop.camera


_CAMERAS = {
    # The default and a given one.
    "fov": Pinhole.from_fov(60, _FRAME_WH),
    "focal": Pinhole.from_focal(1500, _FRAME_WH),
    # Not square pixels.
    "oblong": Pinhole(800, 900, 310, 200),
    # The same camera again.
    "same": _crop_camera(),
}


@pytest.mark.parametrize("camera", _CAMERAS.values(), ids=_CAMERAS)
@pytest.mark.parametrize("anchor_m", [(0.0, 0.0, 20.0), (-0.3, 0.6, 21.0), (1.5, -0.8, 40.0)])
def test_the_anchor_is_seen_at_the_same_pixel(camera: Pinhole, anchor_m: tuple[float, float, float]) -> None:
    anchor, before = np.array(anchor_m), _crop_camera()
    moved = anchor + camera.shift_from(before, anchor)
    np.testing.assert_allclose(camera.project(moved), before.project(anchor), atol=1e-9)


@pytest.mark.parametrize(
    ("focal_px", "depth_m"),
    [
        # Half the focal length, half as far; twice, twice as far; the same, where it was.
        (2000.0, 10.0),
        (8000.0, 40.0),
        (4000.0, 20.0),
    ],
)
def test_depth_scales_with_the_focal_length(focal_px: float, depth_m: float) -> None:
    anchor = np.array([0.2, -0.4, 20.0])
    shift = Pinhole.from_focal(focal_px, _FRAME_WH).shift_from(Pinhole(4000, 4000, 100, 50), anchor)
    assert anchor[2] + shift[2] == pytest.approx(depth_m)


def test_nothing_moves_between_equal_cameras() -> None:
    shift = _crop_camera().shift_from(_crop_camera(), np.array([0.2, -0.4, 20.0]))
    np.testing.assert_allclose(shift, 0, atol=1e-12)


def _person(at_m: tuple[float, float, float]) -> NDArray[np.float64]:
    """Points of a body 0.6 m wide, 1.7 m high, 0.2 m deep, whose first is its root."""
    points = np.random.default_rng(0).uniform((-0.3, -0.85, -0.1), (0.3, 0.85, 0.1), (200, 3))
    points[0] = 0
    return np.asarray(points + np.array(at_m), np.float64)


@pytest.mark.parametrize(
    "focal_px",
    [
        # Hardly shorter than the crop's own, and much longer: depths grow, perspective weakens.
        5000.0,
        50000.0,
    ],
)
def test_a_far_body_looks_alike_before_both_cameras(focal_px: float) -> None:
    before, camera = _crop_camera(), Pinhole.from_focal(focal_px, _FRAME_WH)
    body = _person((0.5, 0.2, 40.0))
    moved = body + camera.shift_from(before, body[0])
    np.testing.assert_allclose(camera.project(moved), before.project(body), atol=1.0)


def test_a_small_far_body_looks_alike_before_the_crops_camera_and_the_default_one() -> None:
    before, camera = _crop_camera(), _CAMERAS["fov"]
    body = _person((0.5, 0.2, 40.0))
    small = body[0] + (body - body[0]) * 0.1
    moved = small + camera.shift_from(before, small[0])
    np.testing.assert_allclose(camera.project(moved), before.project(small), atol=1.0)
