"""The last stage: parameters to people with a mesh."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from app.frame import BODY, JAW, LEFT_HAND, RIGHT_HAND, ROOT, Frame, Person, Result
from app.scene import Placed, Scene
from models import joints
from models.rotations import Array, rot6d_to_matrix
from models.smplx_body import SmplxBody

Seen = Callable[[Frame, tuple[Person, ...]], None]


class Finish:
    """Stage: Scene -> Result. `seen` is told everyone's mesh, for whoever looks for them in later frames."""

    def __init__(self, body: SmplxBody, seen: Seen | None = None) -> None:
        self._body = body
        self._seen = seen

    def __call__(self, scene: Scene) -> Result:
        people = tuple(map(self._person, scene.people))
        if self._seen is not None:
            self._seen(scene.frame, people)
        return Result(scene.frame, people)

    def _person(self, placed: Placed) -> Person:
        params, track = placed.params, placed.track
        mesh = self._body.forward(smplx_rotations(params.rot6d), params.betas, params.expression, params.translation_m)
        return Person(
            track.track_id,
            track.box,
            params,
            placed.camera,
            mesh.vertices_m,
            mesh.joints_m,
            placed.confidence,
            placed.flags,
        )


def smplx_rotations(rot6d: Array) -> Array:
    """`BodyParams.rot6d` (53, 6) -> (55, 3, 3) in SMPL-X's order, the eyes at rest."""
    given = rot6d_to_matrix(rot6d.astype(np.float64))
    rotations = np.zeros((len(joints.SMPLX_JOINTS), 3, 3))
    rotations[joints.EYES] = np.eye(3)
    for target, source in (
        (joints.ROOT, ROOT),
        (joints.BODY, BODY),
        (joints.JAW, JAW),
        (joints.LEFT_HAND, LEFT_HAND),
        (joints.RIGHT_HAND, RIGHT_HAND),
    ):
        rotations[target] = given[source]
    return rotations
