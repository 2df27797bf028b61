"""People who move, made up for tests of smoothing."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from app.boxes import Track
from app.frame import BodyParams, Box, Confidence, Frame
from app.pinhole import Pinhole
from app.scene import Placed, Scene
from app.smoothing.motion import Point
from app.smoothing.settings import SmoothSettings
from app.smoothing.smooth import Smooth
from models.rotations import Array, axis_angle_to_matrix, matrix_to_rot6d, rot6d_to_matrix

WH = (640, 480)
CAMERA = Pinhole.from_fov(60.0, WH)
SURE = Confidence(0.9, 0.9, 0.9, 0.9)
FRAMES = 60
SETTINGS = [SmoothSettings(causal=causal) for causal in ("one-euro", "kalman", None)]
MEAN_HANDS = np.random.default_rng(5).normal(0, 0.2, (2, 15, 3))


def vectors(time_s: float, seed: int = 0, speed: float = 1.0) -> Array:
    """(53, 3) axis-angles of someone who moves smoothly, a second or so to and fro."""
    rng = np.random.default_rng(seed)
    size, phase, pace = rng.normal(0, 0.2, (53, 3)), rng.uniform(0, 6, (53, 1)), rng.uniform(2, 5, (53, 1))
    return np.asarray(size * np.sin(speed * pace * time_s + phase) + rng.normal(0, 0.1, (53, 3)))


def placed(
    rotations: Array,
    *,
    track_id: int = 1,
    begins: bool = False,
    epoch: int = 0,
    missed: int = 0,
    pelvis_m: tuple[float, float, float] = (0.2, 0.1, 3.0),
    sure: Confidence = SURE,
) -> Placed:
    """Someone with axis-angles (53, 3), standing; joints are roughly where a body has them."""
    joints_m = np.zeros((55, 3))
    joints_m[[1, 2], 0], joints_m[[1, 2, 4, 5, 7, 8], 1] = (0.1, -0.1), (0.1, 0.1, 0.5, 0.5, 0.9, 0.9)
    joints_m[[4, 7], 0], joints_m[[5, 8], 0] = 0.15, -0.15
    joints_m[[18, 20], 0], joints_m[[19, 21], 0] = (0.4, 0.6), (-0.4, -0.6)
    joints_m += pelvis_m
    params = BodyParams(
        matrix_to_rot6d(axis_angle_to_matrix(rotations)), np.zeros(10), np.zeros(10), np.array(pelvis_m) - (0, -0.3, 0)
    )
    track = Track(track_id, Box((200.0, 50.0, 400.0, 450.0), 0.9), begins, missed, epoch)
    return Placed(track, params, CAMERA, joints_m, sure)


def scene(index: int, *people: Placed, fps: float = 30.0, shot: int = 0) -> Scene:
    rgb = np.zeros((WH[1], WH[0], 3), np.uint8)
    return Scene(Frame(index, index / fps, rgb, time.perf_counter(), shot=shot), people)


def smoothed(settings: SmoothSettings, scenes: list[Scene]) -> list[Scene]:
    """Through a new stage, everything that comes out."""
    smooth = Smooth(settings, MEAN_HANDS)
    return [out for each in scenes for out in smooth(each)] + list(smooth.flush())


def matrices(person: Placed) -> Array:
    return rot6d_to_matrix(np.asarray(person.params.rot6d, np.float64))


def angles(a: Array, b: Array) -> Array:
    """(...) radians between rotations (..., 3, 3)."""
    cosine = (np.einsum("...ab,...ab->...", a, b) - 1) / 2
    return np.asarray(np.arccos(np.clip(cosine, -1, 1)))


def point(rotations: Array, flat: Array | None = None) -> Point:
    """Of axis-angles (N, 3) and numbers (M,)."""
    from app.smoothing import quaternions

    numbers = np.zeros(0) if flat is None else flat
    return Point(
        quaternions.exponential(np.asarray(rotations, np.float64).T),
        np.concatenate((numbers[None], np.zeros((2, len(numbers))))),
    )


def walk(seed: int = 0, **options: object) -> list[Placed]:
    return [
        placed(vectors(k / 30, seed), begins=k == 0, pelvis_m=(0.01 * k, 0.1, 3.0 + 0.01 * k), **options)  # type: ignore[arg-type]
        for k in range(FRAMES)
    ]


def turned(person: Placed, rows: list[int], by: Array) -> Placed:
    """With some rotations turned, in their own axes, by an axis-angle."""
    rotations = matrices(person)
    rotations[rows] = rotations[rows] @ axis_angle_to_matrix(by)
    return replace(person, params=replace(person.params, rot6d=matrix_to_rot6d(rotations)))


def only(scenes: list[Scene]) -> list[Placed]:
    return [one.people[0] for one in scenes]
