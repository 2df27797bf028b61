"""What the networks are to say of a person in a crop, from the labels of `scene.Sprites`.

Joints are (x, y, z) in cells of a feature map, as the networks' soft-argmax counts them: cells of x and y are pixels
over the stride, those of z are bins of depth. A matrix (2, 3) takes pixels of a sprite to pixels of a network's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.pinhole import Pinhole
from app.standing import towards
from models.camera import FOCAL_PX, INPUT_WH
from models.hand_fit import HAND_DEPTH_M
from models.joints import BODY_JOINTS, HAND_JOINTS, body_point, hand_point
from models.networks.box import PART_ENLARGEMENT
from models.networks.config import NetworkConfig
from training.body.shapes import PELVIS_M
from training.dense import BODY, HAND
from training.parts import WRISTS
from training.pictures import Matrix
from training.scene import DENSE_PX, SPRITE_MARGIN
from training.views import FACE, LEFT

Person = Mapping[str, NDArray[Any]]  # a row of `scene.Sprites`, by name
Arrays = dict[str, NDArray[Any]]

BODY_DEPTH_M = 2.0  # the depth that BodyNet's bins cover, about the pelvis

_HIDDEN = 0.4  # what a joint counts that something stands before: where it is can be guessed
_HAND_SEEN = 0.015  # of the hand's picture, else it is hidden
_HAND_IN_FRAME = 0.5  # of its joints, and so many in the crop
_FACE_SEEN = 0.07  # whole ones of those who look at the camera are 0.12, from the side 0.08
_MESH_JOINTS = slice(0, 22)


BODY_POINTS = np.array([body_point(name) for name in BODY_JOINTS])  # (25,)
HAND_POINTS = np.array([[hand_point(side, name) for name in HAND_JOINTS] for side in ("left", "right")])  # (2, 20)


def body_targets(person: Person, matrix: Matrix, config: NetworkConfig, hidden: NDArray[np.bool_]) -> Arrays:
    """For BodyNet and the wrist head, float32 but for parts, int8. hidden: which pixels (H, W) something stands before.

    body_joints (25, 3) cells; body_valid (25,) 1 in the crop, less where hidden; boxes (3, 4) centre and size in cells,
    boxes_valid (3,); camera (3,) translation [m] before the virtual camera; body_px (22, 2) of SMPL-X's first joints in
    pixels of a 192 x 256 crop, px_valid (22,) in the crop, in_picture (22,) in the frame too; sight (3, 3), the turn
    from the camera's axis to the line of sight to the crop's middle, along which depths are; projection (3, 4), from
    metres about the pelvis, in that line's axes, to those pixels, times the depth. And for the dense head
    (`training.dense`), at the middles of its cells: body_parts (H', W'), -1 outside the frame and where hidden;
    body_depths (H', W') metres behind the pelvis.
    """
    height, width = config.body_hw
    points, scale, shift = person["points"], matrix[0, 0], matrix[:, 2]
    stride = config.body_backbone.stride
    px = points[:, :2] * scale + shift
    sight = _sight(person, (np.array((width, height)) / 2 - shift) / scale)
    bins = (_behind_pelvis_m(person, sight)[BODY_POINTS, None] / BODY_DEPTH_M + 0.5) * config.depth_bins
    boxes = person["part_boxes"] * scale + np.tile(shift, 2)
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    mesh = px[_MESH_JOINTS]
    maps = _maps(person, matrix, config)
    half = stride // BODY.finer // 2  # to the middle of a cell
    maps["body_parts"] = np.where(hidden[half :: 2 * half, half :: 2 * half], np.int8(-1), maps["body_parts"])
    valid = _within(px[BODY_POINTS], -0.5, np.array((width, height)) - 0.5)
    x, y = np.rint(px[BODY_POINTS]).astype(int).T.clip(0, np.array(((width - 1,), (height - 1,))))
    window = person["window"].reshape(2, 2) * scale + shift
    return maps | _float32(
        body_joints=np.concatenate((px[BODY_POINTS] / stride, bins), 1),
        body_valid=np.where(hidden[y, x], _HIDDEN, 1.0) * valid,
        boxes=np.concatenate((centres, sizes), 1) / stride,
        boxes_valid=_within(centres, 0, (width, height)),
        camera=_camera(person, scale * INPUT_WH[1] / height, px[0] * (INPUT_WH[1] / height)),
        body_px=mesh * (INPUT_WH[1] / height),
        px_valid=_within(mesh, 0, (width, height)),
        in_picture=_within(mesh, np.maximum(window[0], 0), np.minimum(window[1], (width, height))),
        sight=sight,
        projection=_projection(person, sight, matrix * (INPUT_WH[1] / height)),
    )


def hand_targets(person: Person, side: int, matrix: Matrix, config: NetworkConfig) -> Arrays:
    """For HandNet, float32: hand_joints (20, 3) cells, a left hand's mirrored; hand_valid () 1 where it can be seen.
    And for its dense head: hand_parts (h', h') int8, hand_depths (h', h') metres behind the wrist, mirrored too."""
    points, size = HAND_POINTS[side], config.hand_px
    px = person["hand_points"][side, points] * matrix[0, 0] + matrix[:, 2]
    if side == LEFT:
        px[:, 0] = size - 1 - px[:, 0]
    depth_m = person["points"][points, 2:] - person["points"][WRISTS[side], 2]
    bins = (depth_m / HAND_DEPTH_M + 0.5) * config.depth_bins
    window = person["window"]
    in_frame = _within(person["points"][points, :2], window[:2], window[2:]).mean()
    in_crop = _within(px, 0, size).mean()
    maps = _maps(person, matrix, config, side)
    maps = {name: each[:, ::-1] if side == LEFT else each for name, each in maps.items()}
    return maps | _float32(
        hand_joints=np.concatenate((px * (config.hand_cells / size), bins), 1),
        hand_valid=person["part_seen"][side] > _HAND_SEEN and min(in_frame, in_crop) > _HAND_IN_FRAME,
    )


def face_targets(person: Person, matrix: Matrix, config: NetworkConfig) -> Arrays:
    """For FaceNet, float32: face_valid () 1 where the face can be seen. And for its landmark head: face_points (51, 2)
    in shares of the picture, from its middle."""
    box, window = person["part_boxes"][FACE], person["window"]
    in_frame = bool(_within((box[:2] + box[2:]) / 2, window[:2], window[2:]))
    px = person["face_points"] * matrix[0, 0] + matrix[:, 2]
    return _float32(
        face_valid=in_frame and person["part_seen"][FACE] > _FACE_SEEN, face_points=(px + 0.5) / config.face_px - 0.5
    )


def _maps(person: Person, matrix: Matrix, config: NetworkConfig, side: int | None = None) -> Arrays:
    """Maps of the body, or of a hand, as their dense head gives them, of a picture that a matrix takes their sprite
    to."""
    dense = BODY if side is None else HAND
    parts, depths = (person[f"{dense.name}_{kind}"] for kind in ("parts", "depths"))
    cells_hw, stride, window = config.body_cells_hw, config.body_backbone.stride, person["window"]
    if side is not None:
        parts, depths = parts[side], depths[side]
        cells_hw, stride = (config.hand_cells, config.hand_cells), config.hand_backbone.stride
        window = part_window(person, side, DENSE_PX * len(parts))
    step = stride / dense.finer
    y, x = (  # pixels of the sprite
        ((np.arange(dense.finer * count) + 0.5) * step - 0.5 - shift) / matrix[0, 0]
        for count, shift in zip(cells_hw, matrix[::-1, 2], strict=True)
    )
    rows, columns = (np.floor((at + 0.5) / DENSE_PX).astype(int) for at in (y, x))
    on = ((rows >= 0) & (rows < parts.shape[0]))[:, None] & (columns >= 0) & (columns < parts.shape[1])
    at = np.ix_(rows.clip(0, parts.shape[0] - 1), columns.clip(0, parts.shape[1] - 1))
    shown = ((y >= window[1]) & (y <= window[3]))[:, None] & (x >= window[0]) & (x <= window[2])
    return {
        f"{dense.name}_parts": np.where(shown, np.where(on, parts[at].astype(np.int8), dense.parts), -1),
        f"{dense.name}_depths": np.where(on, depths[at], 0).astype(np.float32),
    }


def part_window(person: Person, part: int, sprite_px: int) -> NDArray[np.float64]:
    """(4,) xyxy of what the frame shows, in pixels of a part's sprite."""
    matrix = to_part(person, part, sprite_px)
    return np.asarray(person["window"] * matrix[0, 0] + np.tile(matrix[:, 2], 2))


def to_part(person: Person, part: int, sprite_px: int) -> Matrix:
    """(2, 3) from the body's sprite to a part's."""
    box = person["part_boxes"][part]
    side = max(float((box[2:] - box[:2]).max()), 1e-3) * PART_ENLARGEMENT[part] * SPRITE_MARGIN
    scale = sprite_px / side
    x, y = (sprite_px - 1) / 2 - (box[:2] + box[2:]) / 2 * scale
    return np.array(((scale, 0, x), (0, scale, y)))


def _sight(person: Person, pixel: NDArray[Any]) -> NDArray[np.float64]:
    """(3, 3): from the axis of the camera that drew someone to the line of sight through a pixel (2,) of the sprite.

    The networks see nothing of where a crop was cut out, and what they say is turned by it when tracking.
    """
    return np.asarray(towards(_drawn_by(person), pixel), np.float64)


def _drawn_by(person: Person) -> Pinhole:
    """The camera, in pixels of the body's sprite."""
    x, y, depth, focal = map(float, person["pelvis"])
    u, v = person["points"][0, :2]
    return Pinhole(focal, focal, float(u) - x / depth * focal, float(v) - y / depth * focal)


def _behind_pelvis_m(person: Person, sight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(76,) how far points are behind the pelvis along a line of sight."""
    points, camera = person["points"].astype(np.float64), _drawn_by(person)
    depth = points[:, 2] + float(person["pelvis"][2])
    flat = (points[:, :2] - (camera.cx, camera.cy)) / camera.fx
    along = np.column_stack((flat * depth[:, None], depth)) @ sight[:, 2]
    return np.asarray(along - along[0])


def _projection(person: Person, sight: NDArray[np.float64], matrix: Matrix) -> NDArray[np.float64]:
    """(3, 4) of the camera that drew someone; matrix: from the body's sprite to the pixels that it gives."""
    drawn_by, pelvis = _drawn_by(person), person["pelvis"].astype(np.float64)
    lens = np.array(((drawn_by.fx, 0, drawn_by.cx), (0, drawn_by.fy, drawn_by.cy), (0, 0, 1)))
    moved = np.concatenate((matrix, ((0.0, 0.0, 1.0),)))
    return np.asarray(moved @ lens @ np.column_stack((sight, pelvis[:3])))


def _camera(person: Person, scale: float, pelvis_px: NDArray[Any]) -> NDArray[Any]:
    """(3,) translation [m] that brings the pelvis to its pixels (2,) of a 192 x 256 crop, at the depth where a pixel of
    the virtual camera is as large as there. scale: pixels of that crop for one of the sprite."""
    depth_m = FOCAL_PX * person["pelvis"][2] / (person["pelvis"][3] * scale)
    x, y = (pelvis_px - np.array(INPUT_WH) / 2) * depth_m / FOCAL_PX
    return np.asarray(np.array((x, y, depth_m)) - PELVIS_M)


def _within(px: NDArray[Any], low: Any, high: Any) -> NDArray[np.bool_]:
    """Which points (..., 2) lie between two."""
    return np.asarray(((px > low) & (px < high)).all(-1))


def _float32(**values: Any) -> Arrays:
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
