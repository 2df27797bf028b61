"""What the networks are to say of a person in a crop, from the labels of `scene.Sprites`.

Joints are (x, y, z) in cells of a feature map, as the networks' soft-argmax counts them: cells of x and y are pixels
over the stride, those of z are bins of depth. A matrix (2, 3) takes pixels of a sprite to pixels of a network's input.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.camera import FOCAL_PX, INPUT_WH
from models.hand_fit import HAND_DEPTH_M
from models.joints import BODY_JOINTS, HAND_JOINTS, SMPLX_POINTS, body_point, hand_point
from models.networks.box import PART_ENLARGEMENT
from models.networks.config import NetworkConfig
from training.body.shapes import PELVIS_M
from training.pictures import Matrix
from training.scene import SPRITE_MARGIN
from training.views import FACE

Person = Mapping[str, NDArray[Any]]  # a row of `scene.Sprites`, by name
Arrays = dict[str, NDArray[Any]]

BODY_DEPTH_M = 2.0  # the depth that BodyNet's bins cover, about the pelvis

_HAND_SEEN = 0.015  # of the hand's picture, else it is hidden
_HAND_IN_FRAME = 0.5  # of its joints
_FACE_SEEN = 0.05
_MESH_JOINTS = slice(0, 22)


BODY_POINTS = np.array([body_point(name) for name in BODY_JOINTS])  # (25,)
HAND_POINTS = np.array([[hand_point(side, name) for name in HAND_JOINTS] for side in ("left", "right")])  # (2, 20)
WRISTS = np.array([SMPLX_POINTS.index(f"{side}_wrist") for side in ("left", "right")])  # (2,)


def body_targets(person: Person, matrix: Matrix, config: NetworkConfig) -> Arrays:
    """For BodyNet and the wrist head, float32.

    body_joints (25, 3) cells; body_valid (25,) 1 in the crop; boxes (3, 4) centre and size in cells, boxes_valid (3,);
    camera (3,) translation [m] before the virtual camera; body_px (22, 2) of SMPL-X's first joints in pixels of a
    192 x 256 crop, px_valid (22,).
    """
    height, width = config.body_hw
    points, scale, shift = person["points"], matrix[0, 0], matrix[:, 2]
    stride = config.body_backbone.stride
    px = points[:, :2] * scale + shift
    bins = (points[BODY_POINTS, 2:] / BODY_DEPTH_M + 0.5) * config.depth_bins
    boxes = person["part_boxes"] * scale + np.tile(shift, 2)
    centres, sizes = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    mesh = px[_MESH_JOINTS]
    return _float32(
        body_joints=np.concatenate((px[BODY_POINTS] / stride, bins), 1),
        body_valid=_within(px[BODY_POINTS], -0.5, np.array((width, height)) - 0.5),
        boxes=np.concatenate((centres, sizes), 1) / stride,
        boxes_valid=_within(centres, 0, (width, height)),
        camera=_camera(person, scale * INPUT_WH[1] / height, px[0] * (INPUT_WH[1] / height)),
        body_px=mesh * (INPUT_WH[1] / height),
        px_valid=_within(mesh, 0, (width, height)),
    )


def hand_targets(person: Person, side: int, matrix: Matrix, config: NetworkConfig) -> Arrays:
    """For HandNet, float32: hand_joints (20, 3) cells, a left hand's mirrored; hand_valid () 1 where it can be seen."""
    points, size = HAND_POINTS[side], config.hand_px
    px = person["hand_points"][side, points] * matrix[0, 0] + matrix[:, 2]
    if side == 0:
        px[:, 0] = size - 1 - px[:, 0]
    depth_m = person["points"][points, 2:] - person["points"][WRISTS[side], 2]
    bins = (depth_m / HAND_DEPTH_M + 0.5) * config.depth_bins
    window = person["window"]
    in_frame = _within(person["points"][points, :2], window[:2], window[2:]).mean()
    return _float32(
        hand_joints=np.concatenate((px * (config.hand_cells / size), bins), 1),
        hand_valid=person["part_seen"][side] > _HAND_SEEN and in_frame > _HAND_IN_FRAME,
    )


def face_targets(person: Person) -> Arrays:
    """For FaceNet: face_valid () 1 where the face can be seen, float32."""
    box, window = person["part_boxes"][FACE], person["window"]
    in_frame = bool(_within((box[:2] + box[2:]) / 2, window[:2], window[2:]))
    return _float32(face_valid=in_frame and person["part_seen"][FACE] > _FACE_SEEN)


def part_window(person: Person, part: int, sprite_px: int) -> NDArray[np.float64]:
    """(4,) xyxy of what the frame shows, in pixels of a part's sprite."""
    box = person["part_boxes"][part]
    side = max(float((box[2:] - box[:2]).max()), 1e-3) * PART_ENLARGEMENT[part] * SPRITE_MARGIN
    centre = np.tile((box[:2] + box[2:]) / 2, 2)
    return np.asarray((person["window"] - centre) * (sprite_px / side) + (sprite_px - 1) / 2)


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
