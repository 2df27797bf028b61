"""From a person's box to the network's crop and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.crop import Crop
from app.frame import Box
from tests import golden

_FRAME_WH = (640, 360)
_CROP_WH = (384, 512)


def _box(x: float, y: float, width: float, height: float) -> Box:
    return Box((x, y, x + width, y + height), 1.0)


def _crop(box: Box, frame_wh: tuple[int, int] = _FRAME_WH, size_wh: tuple[int, int] = _CROP_WH) -> Crop:
    crop = Crop.around(box, frame_wh, size_wh)
    assert crop is not None
    return crop


# Boxes whose crops differ in kind.
_BOXES = {
    # Well inside.
    "inside": _box(200, 80, 120, 200),
    # Reaching over the left and the top of the frame, and over its right and bottom.
    "top left": _box(-40, -30, 200, 260),
    "bottom right": _box(500, 200, 300, 400),
    # Much wider than high, and the other way round.
    "wide": _box(20, 150, 600, 60),
    "narrow": _box(300, 10, 20, 340),
    # All of the frame; a few pixels of it.
    "whole": _box(0, 0, 640, 360),
    "tiny": _box(100.5, 100.25, 3, 4),
}


@pytest.fixture(scope="module")
def released() -> dict[str, NDArray[np.float64]]:
    """What the released code made of two boxes of one frame."""
    return golden.load("e2e_seed2.npz")


@pytest.mark.parametrize("row", [0, 1])
def test_the_crop_is_that_of_the_released_code(released: dict[str, NDArray[np.float64]], row: int) -> None:
    x, y, width, height = released[f"box{row}"]
    crop = _crop(_box(float(x), float(y), float(width), float(height)))
    np.testing.assert_allclose(crop.source_xywh_px, released[f"padded{row}"], atol=1e-3)


@pytest.mark.parametrize("row", [0, 1])
def test_the_camera_is_that_of_the_released_code(released: dict[str, NDArray[np.float64]], row: int) -> None:
    x, y, width, height = released[f"box{row}"]
    camera = _crop(_box(float(x), float(y), float(width), float(height))).camera
    np.testing.assert_allclose((camera.fx, camera.fy), released[f"focal{row}"], rtol=0, atol=1e-3)
    np.testing.assert_allclose((camera.cx, camera.cy), released[f"princpt{row}"], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("box", "source_xywh_px"),
    [
        # 61 pixels wide from -20: the corner moves to 0 and the width stays, as in the released code. 60 x 80 has the
        # crop's shape.
        (_box(-20, 100, 61, 81), (-7.5, 90.0, 75.0, 100.0)),
        # The same over the top.
        (_box(100, -20, 61, 81), (92.5, -10.0, 75.0, 100.0)),
        # Over the right it is cut at the last pixel's centre: 579 to 639, 80 high.
        (_box(579, 100, 200, 81), (571.5, 90.0, 75.0, 100.0)),
        # Over the bottom: 279 to 359.
        (_box(100, 279, 61, 300), (92.5, 269.0, 75.0, 100.0)),
    ],
)
def test_a_box_over_the_border_is_clipped_first(box: Box, source_xywh_px: tuple[float, float, float, float]) -> None:
    np.testing.assert_allclose(_crop(box).source_xywh_px, source_xywh_px, atol=1e-9)


@pytest.mark.parametrize(
    "box",
    [
        # Beyond each side of the frame.
        _box(700, 100, 50, 50),
        _box(100, 400, 50, 50),
        # Starting on the last column and the last row: no width, no height.
        _box(639, 100, 50, 50),
        _box(100, 359, 50, 50),
        # No area at all, and less than none.
        _box(100, 100, 0, 50),
        _box(100, 100, 50, 0),
        _box(100, 100, -30, 50),
        # One pixel: from its first to its last pixel's centre is no way.
        _box(100, 100, 1, 1),
        # Not a number.
        Box((np.nan, 100.0, 200.0, 200.0), 1.0),
        Box((100.0, 100.0, np.nan, 200.0), 1.0),
    ],
)
def test_a_box_with_nothing_inside_the_frame_has_no_crop(box: Box) -> None:
    assert Crop.around(box, _FRAME_WH, _CROP_WH) is None


@pytest.mark.parametrize(
    "box",
    [
        # To the left, above, and both: as with the others there is nothing inside.
        _box(-100, 100, 50, 50),
        _box(100, -100, 50, 50),
        _box(-100, -100, 50, 50),
    ],
)
def test_a_box_left_of_or_above_the_frame_has_no_crop(box: Box) -> None:
    assert Crop.around(box, _FRAME_WH, _CROP_WH) is None


@pytest.mark.parametrize("box", _BOXES.values(), ids=_BOXES)
@pytest.mark.parametrize("size_wh", [(384, 512), (96, 128), (64, 64)])
def test_the_crop_has_the_shape_of_the_networks_input(box: Box, size_wh: tuple[int, int]) -> None:
    _, _, width, height = _crop(box, size_wh=size_wh).source_xywh_px
    assert width / height == pytest.approx(size_wh[0] / size_wh[1])


@pytest.mark.parametrize("box", _BOXES.values(), ids=_BOXES)
def test_frame_from_crop_undoes_crop_from_frame(box: Box) -> None:
    crop = _crop(box)
    points = np.random.default_rng(0).uniform(-100, 700, (5, 20, 2))
    np.testing.assert_allclose(crop.frame_from_crop(crop.crop_from_frame(points)), points, atol=1e-6)


@pytest.mark.parametrize("box", _BOXES.values(), ids=_BOXES)
def test_the_crops_corners_are_the_sources(box: Box) -> None:
    crop = _crop(box)
    x, y, width, height = crop.source_xywh_px
    corners = crop.frame_from_crop(np.array([(0.0, 0.0), _CROP_WH]))
    np.testing.assert_allclose(corners, [(x, y), (x + width, y + height)], atol=1e-6)


@pytest.mark.parametrize("box", _BOXES.values(), ids=_BOXES)
def test_the_camera_looks_through_the_middle_of_the_crop(box: Box) -> None:
    crop = _crop(box)
    principal = np.array([crop.camera.cx, crop.camera.cy])
    np.testing.assert_allclose(crop.crop_from_frame(principal), (192.0, 256.0), atol=1e-6)


@pytest.mark.parametrize("size_wh", [(384, 512), (96, 128)])
def test_the_camera_does_not_depend_on_the_crops_resolution(size_wh: tuple[int, int]) -> None:
    assert _crop(_BOXES["inside"], size_wh=size_wh).camera == _crop(_BOXES["inside"]).camera


def _dot(x: int, y: int) -> NDArray[np.uint8]:
    """A black frame with a white dot, smooth enough to have a centre at any scale."""
    rgb = np.zeros((_FRAME_WH[1], _FRAME_WH[0], 3), np.uint8)
    rgb[y, x] = 255
    return np.asarray(cv2.GaussianBlur(rgb.astype(np.float32) * 800, (0, 0), 9).clip(0, 255), np.uint8)


def _centre(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Centre of brightness, (2,) x, y."""
    weights = rgb.sum(-1).astype(np.float64)
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    return np.asarray([(x * weights).sum(), (y * weights).sum()] / weights.sum(), np.float64)


@pytest.mark.parametrize(
    ("name", "dot"),
    [
        # A crop that enlarges: near its middle and near two corners.
        ("inside", (260, 180)),
        ("inside", (200, 100)),
        ("inside", (320, 270)),
        # Over the border.
        ("top left", (20, 20)),
        ("bottom right", (620, 340)),
        # One that reduces.
        ("whole", (320, 180)),
        ("whole", (40, 320)),
    ],
)
@pytest.mark.parametrize("size_wh", [(384, 512), (96, 128)])
def test_the_warp_puts_a_point_where_crop_from_frame_says(
    name: str, dot: tuple[int, int], size_wh: tuple[int, int]
) -> None:
    crop = _crop(_BOXES[name], size_wh=size_wh)
    pixels = crop.warp(_dot(*dot))
    assert pixels.max() > 100
    np.testing.assert_allclose(_centre(pixels), crop.crop_from_frame(np.array(dot, float)), atol=0.5)


@pytest.mark.parametrize("name", ["top left", "bottom right", "whole", "wide"])
def test_the_warp_is_black_outside_the_frame_and_white_inside_a_white_one(name: str) -> None:
    crop = _crop(_BOXES[name])
    white = np.full((_FRAME_WH[1], _FRAME_WH[0], 3), 255, np.uint8)
    y, x = np.mgrid[: _CROP_WH[1], : _CROP_WH[0]]
    where = crop.frame_from_crop(np.stack((x, y), -1).astype(np.float64))  # (H, W, 2)
    limit = np.array(_FRAME_WH) - 1.0
    inside = ((where >= 0.05) & (where <= limit - 0.05)).all(-1)
    outside = ((where <= -1.05) | (where >= limit + 1.05)).any(-1)
    pixels = crop.warp(white)
    assert inside.any()
    assert outside.any()
    assert (pixels[inside] == 255).all()
    assert not pixels[outside].any()


def test_the_warp_keeps_the_order_of_colours() -> None:
    rgb = np.full((_FRAME_WH[1], _FRAME_WH[0], 3), (200, 120, 40), np.uint8)
    pixels = _crop(_BOXES["inside"]).warp(rgb)
    assert (pixels.shape, pixels.dtype.name) == ((512, 384, 3), "uint8")
    assert (pixels[256, 192] == (200, 120, 40)).all()


@pytest.mark.parametrize("finer", [3, 4, 9])
def test_what_is_made_smaller_is_averaged(finer: int) -> None:
    """A frame that is all stripes of a pixel is grey, and edges are where they were."""
    height, width = 200 * finer, 150 * finer
    frame = np.zeros((height, width, 3), np.uint8)
    frame[:, ::2] = 255
    frame[: 100 * finer] = 0
    crop = _crop(_box(10 * finer, 10 * finer, 100 * finer, 150 * finer), (width, height), (150, 200))
    seen = crop.warp(frame)
    x, edge = np.rint(crop.crop_from_frame(np.array((60 * finer, 100 * finer - 0.5)))).astype(int)
    assert seen[: edge - 1, x].max() < 3
    assert np.abs(seen[edge + 2 : edge + 20, x - 10 : x + 10].astype(int) - 128).max() < 30


@pytest.mark.parametrize("name", ["inside", "top left", "bottom right"])
def test_a_large_frame_gives_the_crop_of_a_small_one(name: str) -> None:
    """Of a smooth picture, by whatever way."""
    y, x = np.mgrid[:360, :640]
    sharp = np.stack((x % 256, y % 256, (x + y) // 4 % 256), -1).astype(np.uint8)
    small = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 9), np.uint8)
    large = np.asarray(cv2.resize(small, None, fx=4, fy=4, interpolation=cv2.INTER_LINEAR), np.uint8)
    one = _crop(_BOXES[name], size_wh=(96, 128))
    x, y, width, height = one.source_xywh_px
    other = Crop((4 * x + 1.5, 4 * y + 1.5, 4 * width, 4 * height), one.size_wh)
    difference = np.abs(one.warp(small).astype(int) - other.warp(large).astype(int))
    assert np.median(difference) <= 1
    assert np.percentile(difference, 99) < 12
