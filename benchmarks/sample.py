"""The person of the shipped sample clip, by the parameters it was drawn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.frame import BodyParams, Box, Confidence, Person
from app.pinhole import Pinhole
from models.body_file import OPEN_BODY
from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody

VIDEO = OPEN_BODY.with_name("sample.mp4")
_SURE = Confidence(1.0, 1.0, 1.0, 1.0)


def sample_people(frames: int) -> tuple[list[Person], NDArray[np.int32], Pinhole]:
    """The person in each of the first frames, the body's faces (F, 3), and the clip's camera."""
    body = SmplxBody.load(OPEN_BODY)
    with np.load(OPEN_BODY.with_name("sample.npz"), allow_pickle=False) as file:
        truth = dict(file)
    camera = Pinhole(*map(float, truth["camera"]))
    people = []
    for rotations, expression, translation in zip(
        truth["rotations"][:frames], truth["expression"], truth["translation"], strict=False
    ):
        mesh = body.forward(axis_angle_to_matrix(rotations.astype(np.float64)), truth["betas"], expression, translation)
        points = camera.project(mesh.vertices_m.astype(np.float64))
        left, top, right, bottom = map(float, (*points.min(0), *points.max(0)))
        params = BodyParams(np.zeros((53, 6)), truth["betas"], expression, translation)
        box = Box((left, top, right, bottom), 1.0)
        people.append(Person(1, box, params, camera, mesh.vertices_m, mesh.joints_m, _SURE))
    return people, body.faces, camera
