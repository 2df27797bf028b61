"""People to draw: the open body, posed, before a camera; and single triangles."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from app.frame import BodyParams, Box, Confidence, Person
from app.pinhole import Pinhole
from models.joints import SMPLX_POINTS
from tests.models import open_body

SIZE = (320, 240)
CAMERA = Pinhole.from_fov(50, SIZE)
FACES = open_body.arrays().faces

_UPRIGHT = np.diag((1.0, -1.0, -1.0))  # the model's axes (y up, facing +z) to the camera's, facing it
_SURE = Confidence(1.0, 1.0, 1.0, 1.0)


def person(
    track_id: int = 1, at_m: tuple[float, float, float] = (0.0, 0.0, 3.0), camera: Pinhole = CAMERA, **degrees: Any
) -> Person:
    """The open body facing the camera, its pelvis at `at_m`, in a pose of axis-angles in degrees by joint."""
    mesh = open_body.mesh(open_body.pose(**degrees))
    turned = [(points - mesh.joints_m[0]) @ _UPRIGHT.T + at_m for points in mesh]
    vertices, joints = (points.astype(np.float32) for points in turned)
    return made(track_id, vertices, joints, camera)


def waving(track_id: int = 1, at_m: tuple[float, float, float] = (0.0, 0.0, 3.0)) -> Person:
    """The right arm up, the left knee bent: left and right, front and back all differ."""
    return person(
        track_id,
        at_m,
        left_shoulder=(0, 0, -65),
        right_shoulder=(0, 0, -55),
        right_elbow=(0, 50, 0),
        left_hip=(-50, 0, 0),
        left_knee=(70, 0, 0),
    )


def made(track_id: int, vertices: NDArray[np.float32], joints: NDArray[np.float32], camera: Pinhole = CAMERA) -> Person:
    """A person of these vertices and joints, with a box around them."""
    points = camera.project(vertices.astype(np.float64))
    (left, top), (right, bottom) = points.min(0), points.max(0)
    box = Box((float(left), float(top), float(right), float(bottom)), 1.0)
    nothing = BodyParams(np.zeros((53, 6)), np.zeros(10), np.zeros(10), np.zeros(3))
    return Person(track_id, box, nothing, camera, vertices, joints, _SURE)


def triangle(corners_m: Any, track_id: int = 1, camera: Pinhole = CAMERA) -> Person:
    """One triangle (3, 3) for a person, for a renderer of TRIANGLE."""
    corners = np.asarray(corners_m, np.float32)
    return made(track_id, corners, np.tile(corners.mean(0), (len(SMPLX_POINTS), 1)), camera)


TRIANGLE = np.array([[0, 1, 2]], np.int32)


def image(size_wh: tuple[int, int] = SIZE) -> NDArray[np.uint8]:
    """(H, W, 3): a soft pattern, different everywhere."""
    width, height = size_wh
    x, y = np.arange(width) / width, np.arange(height)[:, None] / height
    channels = np.broadcast_arrays(110 + 70 * x + 0 * y, 120 + 60 * y + 0 * x, 150 - 60 * x * y)
    return np.stack(channels, -1).astype(np.uint8)


def differing(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """(H, W): where two pictures are not the same to the eye."""
    return np.asarray(cv2.absdiff(a, b).max(-1) > 24)
