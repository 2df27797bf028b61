"""Targets against the labels they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from models.camera import FOCAL_PX, INPUT_WH
from models.hand_fit import HAND_DEPTH_M
from models.joints import BODY_JOINTS, HAND_JOINTS, SMPLX_POINTS
from models.networks.config import NetworkConfig
from tests.conftest import FINE, TINY
from training.body.shapes import PELVIS_M
from training.dense import BODY, HAND
from training.scene import DENSE_PX, HAND_PX
from training.sizes import NETWORK
from training.store import Store
from training.targets import (
    BODY_DEPTH_M,
    BODY_POINTS,
    HAND_POINTS,
    body_targets,
    face_targets,
    hand_targets,
    part_window,
)
from training.views import FACE, LEFT, RIGHT

MATRIX = np.array(((0.6, 0, -7.0), (0, 0.6, 4.0)))
CONFIGS = pytest.mark.parametrize("config", [TINY, FINE, NETWORK], ids=["tiny", "fine", "open"])
ROWS = pytest.mark.parametrize("row", range(4))


def _unhidden(config: NetworkConfig) -> NDArray[np.bool_]:
    return np.zeros(config.body_hw, bool)


def test_points_are_of_the_same_name() -> None:
    assert SMPLX_POINTS[BODY_POINTS[BODY_JOINTS.index("L_Big_toe")]] == "left_big_toe"
    assert SMPLX_POINTS[BODY_POINTS[BODY_JOINTS.index("Nose")]] == "nose"
    assert SMPLX_POINTS[HAND_POINTS[0, HAND_JOINTS.index("Thumb_4")]] == "left_thumb"
    assert SMPLX_POINTS[HAND_POINTS[1, HAND_JOINTS.index("Pinky_2")]] == "right_pinky2"
    assert len({*BODY_POINTS, *HAND_POINTS.flat}) == 25 + 40


@CONFIGS
@ROWS
def test_body_joints_lie_on_their_pixels(config, row: int, store: Store) -> None:  # type: ignore[no-untyped-def]
    person = store.person(row)
    found = body_targets(person, MATRIX, config, _unhidden(config))
    px = person["points"][BODY_POINTS, :2] * 0.6 + MATRIX[:, 2]
    stride = config.body_backbone.stride
    np.testing.assert_allclose(found["body_joints"][:, :2] * stride, px, atol=1e-3)
    height, width = config.body_hw
    # The camera's rays: of each point, and of the crop's middle, along which depths are.
    (x, y, z, focal), points = person["pelvis"].astype(float), person["points"].astype(float)
    axis_px = points[0, :2] - focal * np.array((x, y)) / z
    rays = np.column_stack(((points[:, :2] - axis_px) / focal, np.ones(len(points))))
    middle = np.array((*((np.array((width, height)) / 2 - MATRIX[:, 2]) / 0.6 - axis_px) / focal, 1.0))
    middle /= np.linalg.norm(middle)
    along = (rays * (points[:, 2:] + z)) @ middle
    depth = (found["body_joints"][:, 2] / config.depth_bins - 0.5) * BODY_DEPTH_M
    np.testing.assert_allclose(depth, along[BODY_POINTS] - along[0], atol=1e-4)
    np.testing.assert_allclose(found["sight"] @ (0, 0, 1), middle, atol=1e-5)
    np.testing.assert_allclose(found["sight"] @ found["sight"].T, np.eye(3), atol=1e-5)
    # The same rays about that line, in pixels of a 192 x 256 crop.
    about = (rays * (points[:, 2:] + z) - (x, y, z)) @ found["sight"]
    seen = np.column_stack((about, np.ones(len(about)))) @ found["projection"].T
    np.testing.assert_allclose(seen[:22, :2] / seen[:22, 2:], found["body_px"], atol=0.02)
    np.testing.assert_allclose(seen[:, 2], points[:, 2] + z, atol=1e-4)
    inside = (px[:, 0] > -0.5) & (px[:, 0] < width - 0.5) & (px[:, 1] > -0.5) & (px[:, 1] < height - 0.5)
    assert np.array_equal(found["body_valid"], inside)
    assert {value.dtype for name, value in found.items() if name != "body_parts"} == {np.dtype(np.float32)}


@CONFIGS
@ROWS
def test_what_is_hidden_counts_less_and_shows_no_parts(config: NetworkConfig, row: int, store: Store) -> None:
    hidden = _unhidden(config)
    hidden[: hidden.shape[0] // 2] = True
    seen, found = (body_targets(store.person(row), MATRIX, config, mask) for mask in (_unhidden(config), hidden))
    above = np.rint(found["body_joints"][:, 1] * config.body_backbone.stride) < hidden.shape[0] // 2
    np.testing.assert_allclose(found["body_valid"], np.where(above, np.float32(0.4), 1) * seen["body_valid"])
    half = len(found["body_parts"]) // 2
    assert (found["body_parts"][:half] == -1).all()
    assert np.array_equal(found["body_parts"][half:], seen["body_parts"][half:])


@CONFIGS
def test_joints_are_in_the_picture_that_crop_and_frame_show(config: NetworkConfig, store: Store) -> None:
    person = store.person(0)
    _, waist = person["points"][0, :2]
    cut = {**person, "window": np.array((-1e4, -1e4, 1e4, waist), np.float32)}
    whole, found = (body_targets(each, MATRIX, config, _unhidden(config)) for each in (person, cut))
    below = person["points"][:22, 1] >= waist
    assert below.any()
    assert not found["in_picture"][below].any()
    assert np.array_equal(found["in_picture"][~below], whole["px_valid"][~below])
    assert np.array_equal(found["px_valid"], whole["px_valid"])


@CONFIGS
def test_joints_of_the_mesh_are_in_pixels_of_the_virtual_camera(config, store: Store) -> None:  # type: ignore[no-untyped-def]
    found = body_targets(store.person(0), MATRIX, config, _unhidden(config))
    to_virtual = INPUT_WH[1] / config.body_hw[0]
    pelvis = found["body_joints"][BODY_JOINTS.index("Pelvis"), :2] * config.body_backbone.stride * to_virtual
    np.testing.assert_allclose(found["body_px"][0], pelvis, atol=1e-3)


@CONFIGS
@ROWS
def test_boxes_are_centre_and_size_in_cells(config, row: int, store: Store) -> None:  # type: ignore[no-untyped-def]
    person = store.person(row)
    found = body_targets(person, MATRIX, config, _unhidden(config))
    stride = config.body_backbone.stride
    centre, size = found["boxes"][:, :2] * stride, found["boxes"][:, 2:] * stride
    corners = np.concatenate((centre - size / 2, centre + size / 2), 1)
    np.testing.assert_allclose(corners, person["part_boxes"] * 0.6 + np.tile(MATRIX[:, 2], 2), atol=1e-3)
    assert found["boxes_valid"].shape == (3,)


@ROWS
def test_the_camera_puts_the_pelvis_on_its_pixel(row: int, store: Store) -> None:
    found = body_targets(store.person(row), MATRIX, NETWORK, _unhidden(NETWORK))
    pelvis = PELVIS_M + found["camera"]
    px = pelvis[:2] / pelvis[2] * FOCAL_PX + np.array(INPUT_WH) / 2
    np.testing.assert_allclose(px, found["body_px"][0], atol=0.05)


def test_half_the_size_is_twice_as_far(store: Store) -> None:
    clear = _unhidden(NETWORK)
    near, far = (body_targets(store.person(0), MATRIX * k, NETWORK, clear)["camera"] + PELVIS_M for k in (1, 0.5))
    assert far[2] / near[2] == pytest.approx(2, abs=1e-3)


@CONFIGS
@ROWS
def test_left_hands_are_mirrored(config, row: int, store: Store) -> None:  # type: ignore[no-untyped-def]
    person = store.person(row)
    size, stride = config.hand_px, config.hand_backbone.stride
    matrix = np.array(((size / HAND_PX, 0, 1.0), (0, size / HAND_PX, -2.0)))
    for side in (LEFT, RIGHT):
        joints = hand_targets(person, side, matrix, config)["hand_joints"]
        px = person["hand_points"][side, HAND_POINTS[side]] * matrix[0, 0] + matrix[:, 2]
        x = size - 1 - px[:, 0] if side == LEFT else px[:, 0]
        np.testing.assert_allclose(joints[:, 0] * stride, x, atol=1e-3)
        np.testing.assert_allclose(joints[:, 1] * stride, px[:, 1], atol=1e-3)
        wrist = person["points"][SMPLX_POINTS.index(("left_wrist", "right_wrist")[side]), 2]
        depth = (joints[:, 2] / config.depth_bins - 0.5) * HAND_DEPTH_M
        np.testing.assert_allclose(depth + wrist, person["points"][HAND_POINTS[side], 2], atol=1e-5)


@ROWS
def test_landmarks_are_shares_of_the_picture_from_its_middle(row: int, store: Store) -> None:
    person, matrix = store.person(row), np.array(((0.5, 0.0, 3.0), (0.0, 0.5, -2.0)))
    found = (face_targets(person, matrix, NETWORK)["face_points"] + 0.5) * NETWORK.face_px - 0.5
    np.testing.assert_allclose(found, 0.5 * person["face_points"] + (3.0, -2.0), atol=1e-4)


def test_hands_and_faces_outside_the_frame_do_not_count(store: Store) -> None:
    person = store.person(0)
    hidden = {**person, "window": np.array((-900.0, -900.0, -800.0, -800.0))}
    assert face_targets(hidden, np.eye(2, 3), NETWORK)["face_valid"] == 0
    assert all(hand_targets(hidden, side, np.eye(2, 3), NETWORK)["hand_valid"] == 0 for side in (LEFT, RIGHT))
    shown = {**person, "part_seen": np.full(3, 0.3), "window": np.array((-900.0, -900.0, 900.0, 900.0))}
    assert face_targets(shown, np.eye(2, 3), NETWORK)["face_valid"] == 1
    assert all(hand_targets(shown, side, np.eye(2, 3), NETWORK)["hand_valid"] == 1 for side in (LEFT, RIGHT))
    unseen = {**shown, "part_seen": np.zeros(3)}
    assert face_targets(unseen, np.eye(2, 3), NETWORK)["face_valid"] == 0
    assert all(hand_targets(unseen, side, np.eye(2, 3), NETWORK)["hand_valid"] == 0 for side in (LEFT, RIGHT))


@ROWS
def test_the_window_is_where_the_hand_s_points_say(row: int, store: Store) -> None:
    """Points of the whole picture that are on the window's border, in pixels of the hand's sprite."""
    person = store.person(row)
    for part in (LEFT, RIGHT):
        body, hand = person["points"][:, :2], person["hand_points"][part]
        scale = np.ptp(hand[:, 0]) / np.ptp(body[:, 0])
        shift = hand[0] - scale * body[0]
        expected = person["window"] * scale + np.tile(shift, 2)
        np.testing.assert_allclose(part_window(person, part, HAND_PX), expected, rtol=1e-3, atol=0.2)
    assert part_window(person, FACE, 96).shape == (4,)


@CONFIGS
@ROWS
@pytest.mark.parametrize("side", [None, LEFT, RIGHT], ids=["body", "left", "right"])
def test_maps_are_read_where_the_picture_s_cells_are(config, row: int, side: int | None, store: Store) -> None:  # type: ignore[no-untyped-def]
    """Against the map enlarged to the sprite's pixels, then looked at by the inverse of the matrix."""
    person = store.person(row)
    if side is None:
        found, name, dense = body_targets(person, MATRIX, config, _unhidden(config)), "body", BODY
        step, cells_hw, window = config.body_backbone.stride / 2, config.body_cells_hw, person["window"]
    else:
        found, name, dense = hand_targets(person, side, MATRIX, config), "hand", HAND
        step, cells_hw = config.hand_backbone.stride / 4, (config.hand_cells,) * 2
        window = part_window(person, side, HAND_PX)
    parts, depths = found[f"{name}_parts"], found[f"{name}_depths"]
    assert parts.shape == depths.shape == tuple(dense.finer * cells for cells in cells_hw)
    assert parts.dtype == np.int8
    assert depths.dtype == np.float32
    if side == LEFT:
        parts, depths = parts[:, ::-1], depths[:, ::-1]
    block = np.ones((DENSE_PX, DENSE_PX))
    maps = (person[f"{name}_{kind}"] for kind in ("parts", "depths"))
    all_parts, all_depths = (np.kron(each if side is None else each[side], block) for each in maps)
    left, top, right, bottom = window
    for y, x in np.ndindex(*parts.shape):
        across = ((x + 0.5) * step - 0.5 - MATRIX[0, 2]) / MATRIX[0, 0]
        down = ((y + 0.5) * step - 0.5 - MATRIX[1, 2]) / MATRIX[1, 1]
        at = int(np.floor(down + 0.5)), int(np.floor(across + 0.5))
        on = 0 <= at[0] < len(all_parts) and 0 <= at[1] < all_parts.shape[1]
        if not (left <= across <= right and top <= down <= bottom):
            assert parts[y, x] == -1
        else:
            assert parts[y, x] == (all_parts[at] if on else dense.parts)
        assert depths[y, x] == (np.float32(all_depths[at]) if on else 0)
