"""The last stage: parameters to people with a mesh."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.crop import Crop
from app.estimator import Estimate, Estimates
from app.frame import BODY, JAW, LEFT_HAND, PREDICTED, RIGHT_HAND, ROOT, Confidence, Frame, Person, Result
from models import joints
from models.rotations import Array, rot6d_to_matrix
from models.smplx_body import SmplxBody

Seen = Callable[[Frame, tuple[Person, ...]], None]


class Finish:
    """Stage: Estimates -> Result. `seen` is told everyone's mesh, for whoever looks for them in later frames."""

    def __init__(self, body: SmplxBody, seen: Seen) -> None:
        self._body = body
        self._seen = seen

    def __call__(self, estimates: Estimates) -> Result:
        frame = estimates.frame
        people = tuple(self._person(estimate, frame.size_wh) for estimate in estimates.people)
        self._seen(frame, people)
        return Result(frame, people)

    def _person(self, estimate: Estimate, frame_wh: tuple[int, int]) -> Person:
        params, subject = estimate.params, estimate.subject
        mesh = self._body.forward(smplx_rotations(params.rot6d), params.betas, params.expression, params.translation_m)
        return Person(
            subject.track.track_id,
            subject.track.box,
            params,
            subject.crop.camera,
            mesh.vertices_m,
            mesh.joints_m,
            Confidence(subject.track.box.score, *visible_shares(estimate.part_boxes, subject.crop, frame_wh)),
            PREDICTED if subject.track.missed else 0,
        )


def smplx_rotations(rot6d: Array) -> Array:
    """`BodyParams.rot6d` (53, 6) -> (55, 3, 3) in SMPL-X's order, the eyes at rest."""
    given = rot6d_to_matrix(rot6d.astype(np.float64))
    rotations = np.tile(np.eye(3), (len(joints.SMPLX_JOINTS), 1, 1))
    for target, source in (
        (joints.ROOT, ROOT),
        (joints.BODY, BODY),
        (joints.JAW, JAW),
        (joints.LEFT_HAND, LEFT_HAND),
        (joints.RIGHT_HAND, RIGHT_HAND),
    ):
        rotations[target] = given[source]
    return rotations


def visible_shares(boxes: NDArray[np.floating], crop: Crop, frame_wh: tuple[int, int]) -> tuple[float, float, float]:
    """How much of each part's box (3, 4) lies inside the frame, in [0, 1]: left hand, right hand, face."""
    low = crop.frame_from_crop(boxes[:, :2].astype(np.float64))
    high = crop.frame_from_crop(boxes[:, 2:].astype(np.float64))
    inside = np.clip(np.minimum(high, frame_wh) - np.maximum(low, 0.0), 0.0, None).prod(-1)
    left, right, face = inside / np.maximum((high - low).prod(-1), 1e-9)
    return float(left), float(right), float(face)
