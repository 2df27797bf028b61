"""People who move, with exact truth: rendered sequences for measuring steadiness."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation, Slerp

from app.frame import Box
from app.pinhole import Pinhole
from models.body_file import OPEN_BODY, read_body_file
from models.joints import BODY, JAW, LEFT_HAND, RIGHT_HAND, SMPLX_JOINTS
from training.backgrounds import random_background
from training.body.shapes import PELVIS_M
from training.chances import Rng
from training.film import Actor, Film
from training.looks import random_look
from training.motion import PoseSampler, random_jaw
from training.skeleton import turn

Array = NDArray[Any]

SIZE_WH = (640, 480)
CAMERA = Pinhole.from_fov(60.0, SIZE_WH)
FPS = 60
SECONDS = 4.0
STRIKE_S = 0.16  # from rest to rest, as fast as people punch

_FLIP = np.diag((1.0, -1.0, -1.0))
_LEGS = [
    SMPLX_JOINTS.index(f"{side}_{name}") for side in ("left", "right") for name in ("hip", "knee", "ankle", "foot")
]
_TRUNK = [SMPLX_JOINTS.index(name) for name in ("spine1", "spine2", "spine3", "neck", "head")]
_BOX_NOISE = 0.01  # of its sides: a detector's
_SENSOR_NOISE = 5.0
_JPEG_QUALITY = 75


@dataclass(frozen=True)
class Performance:
    """One person's motion, T frames. Rotations relative to the parent, the root in camera axes; metres, seconds."""

    time_s: Array  # (T,)
    rotations: Array  # (T, 55, 3, 3)
    betas: Array  # (10,)
    expression: Array  # (T, 10)
    translation_m: Array  # (T, 3)


def performed(poses: PoseSampler, rng: Rng, *, strikes: bool) -> Performance:
    """A motion drawn at random: poses held for moments, with moves of natural speed in between; with `strikes` arms go
    to and fro as fast as they can."""
    time_s = np.arange(int(SECONDS * FPS)) / FPS
    keys, at_s = _keys(poses, rng, strikes=strikes)
    rotations = np.stack(
        [_blended(at_s, keys[:, joint], time_s) for joint in range(len(SMPLX_JOINTS))], 1
    )  # (T, 55, 3, 3)
    phase = rng.uniform(0, 2 * np.pi, 4)
    yaw = rng.normal(0, 30) + 10 * np.sin(2 * np.pi * time_s / 3.1 + phase[0])
    pitch = rng.normal(4, 4)
    for row, degrees in enumerate(yaw):
        rotations[row, 0] = turn(pitch) @ _FLIP @ turn(0, degrees, 0) @ rotations[row, 0]
    distance = rng.uniform(2.6, 3.6) if rng.random() < 0.6 else rng.uniform(1.1, 1.5)
    height = rng.uniform(0.0, 0.15) if distance > 2 else rng.uniform(0.3, 0.4)
    sway = np.stack(
        [
            a * np.sin(2 * np.pi * time_s / s + p)
            for a, s, p in zip((0.08, 0.02, 0.1), (2.3, 1.1, 2.9), phase[1:], strict=True)
        ],
        1,
    )
    place = np.array((rng.uniform(-0.3, 0.3) * distance * 0.5, height, distance)) - PELVIS_M * (0, 1, 0)
    expression = np.zeros((len(time_s), 10))
    expression[:, :3] = 0.8 * np.sin(2 * np.pi * time_s[:, None] / rng.uniform(0.8, 2.0, 3) + rng.uniform(0, 6, 3))
    return Performance(time_s, rotations, rng.normal(0, 0.8, 10), expression, place + sway)


def filmed(performance: Performance, rng: Rng, film: Film) -> Iterator[tuple[NDArray[np.uint8], Box, float]]:
    """Frames of a performance with a camera's noise, boxes around what is seen with a detector's, and what share is."""
    look, background = random_look(rng), random_background(rng, SIZE_WH)
    camera = (CAMERA.fx, CAMERA.fy, CAMERA.cx, CAMERA.cy)
    for row in range(len(performance.time_s)):
        actor = Actor(
            performance.rotations[row],
            performance.betas,
            performance.expression[row],
            performance.translation_m[row],
            look,
        )
        picture = film([actor], camera, background)
        noisy = np.clip(picture.rgb + rng.normal(0, _SENSOR_NOISE, picture.rgb.shape), 0, 255).astype(np.uint8)
        _, data = cv2.imencode(".jpg", noisy[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
        rgb = np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
        x1, y1, x2, y2 = picture.boxes[0]
        dx1, dy1, dx2, dy2 = rng.normal(0, _BOX_NOISE, 4) * (x2 - x1, y2 - y1, x2 - x1, y2 - y1)
        yield rgb, Box((x1 + dx1, y1 + dy1, x2 + dx2, y2 + dy2), 1.0), float(picture.seen[0])


def sampler() -> tuple[PoseSampler, Film]:
    """Draws poses, and frames."""
    arrays = read_body_file(OPEN_BODY)
    return PoseSampler(arrays.regressor @ arrays.template, arrays.parents), Film(arrays, supersample=1)


def _keys(poses: PoseSampler, rng: Rng, *, strikes: bool) -> tuple[Array, Array]:
    """Poses (K, 55, 3, 3) and their times (K,), the last after the end. A person keeps their stance."""
    base = poses(rng)
    keys: list[Array] = []
    at_s: list[float] = []
    time = 0.0
    other = poses(rng)
    while time < SECONDS + 1.0:
        pose = base.copy()
        drawn = poses(rng)
        pose[BODY], pose[LEFT_HAND], pose[RIGHT_HAND] = drawn[BODY], drawn[LEFT_HAND], drawn[RIGHT_HAND]
        pose[JAW] = random_jaw(rng)
        if strikes:
            pose[BODY] = (base, other)[len(keys) // 2 % 2][BODY]
        for joint in _LEGS + _TRUNK:
            step = Rotation.from_matrix(base[joint].T @ drawn[joint]).as_rotvec() * (0.1 if joint in _LEGS else 0.4)
            pose[joint] = base[joint] @ Rotation.from_rotvec(step).as_matrix()
        held = rng.uniform(0.15, 0.4)
        keys += [pose, pose]
        at_s += [time, time + held]
        time += held + (STRIKE_S if strikes else rng.uniform(0.35, 0.8))
    return np.stack(keys), np.array(at_s)


def _blended(at_s: Array, keys: Array, time_s: Array) -> Array:
    """One joint's rotations (T, 3, 3) at times, from key to key with a smooth start and end (minimum jerk: Flash and
    Hogan 1985)."""
    row = np.clip(np.searchsorted(at_s, time_s, side="right") - 1, 0, len(at_s) - 2)
    share = (time_s - at_s[row]) / (at_s[row + 1] - at_s[row])
    eased = share**3 * (10 - 15 * share + 6 * share**2)
    warped = at_s[row] + eased * (at_s[row + 1] - at_s[row])
    return np.asarray(Slerp(at_s, Rotation.from_matrix(keys))(warped).as_matrix())
