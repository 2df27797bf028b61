"""People and frames made up for tests."""

from __future__ import annotations

import time

import numpy as np

from app.finish import smplx_rotations
from app.frame import BodyParams, Box, Confidence, Frame, Person
from app.pinhole import Pinhole
from app.recording.take import Take
from models.rotations import axis_angle_to_matrix, matrix_to_rot6d
from models.smplx_body import SmplxBody

CROP_CAMERA = Pinhole(8000.0, 8000.0, 250.0, 200.0)


def frame(index: int, *, fps: float = 30.0) -> Frame:
    return Frame(index, index / fps, np.zeros((360, 640, 3), np.uint8), time.perf_counter())


def person(body: SmplxBody, seed: int, *, track_id: int = 1) -> Person:
    """Random parameters before a crop's camera, 20 m away, with the mesh they give."""
    rng = np.random.default_rng(seed)
    rot6d = matrix_to_rot6d(axis_angle_to_matrix(rng.normal(0, 0.4, (53, 3))))
    params = BodyParams(rot6d, rng.normal(0, 1, 10), rng.normal(0, 1, 10), np.array([0.1, -0.2, 20.0]))
    mesh = body.forward(smplx_rotations(rot6d), params.betas, params.expression, params.translation_m)
    sure = Confidence(0.9, 0.8, 0.7, 0.6)
    box = Box((10.0, 20.0, 110.0, 220.0), 0.9)
    return Person(track_id, box, params, CROP_CAMERA, mesh.vertices_m, mesh.joints_m, sure, flags=2)


def take(
    body: SmplxBody,
    *,
    axes: str = "y-up",
    fps: float = 30.0,
    resample_fps: float | None = None,
    vertices: bool = True,
) -> Take:
    return Take(
        camera=Pinhole.from_fov(60, (640, 360)),
        image_size_wh=(640, 360),
        fps=fps,
        resample_fps=resample_fps,
        axes=axes,
        model="tiny",
        body=body.name,
        licence="none",
        vertex_count=body.vertex_count if vertices else 0,
        faces=body.faces,
        pelvis_template=body.pelvis_template,
        pelvis_directions=body.pelvis_directions,
        hand_mean=body.hand_mean,
    )
