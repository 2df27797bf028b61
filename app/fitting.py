"""Meshes fitted to the joints that BodyNet's heatmaps have."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.estimator import Estimate, Estimates
from app.finish import smplx_rotations
from app.frame import BODY, ROOT, BodyParams
from engines.bundle import JointDepth
from models import joints
from models.camera import INPUT_WH
from models.joint_fit import JointFit, JointTargets, Posture
from models.rotations import Array, matrix_to_rot6d
from models.smplx_body import SmplxBody

_BORDER_PX = 8.0  # of a 192 x 256 crop: joints so far inside the picture are believed, so far outside not at all


class Fit:
    """Stage: Estimates -> Estimates whose bodies lie on their keypoints."""

    def __init__(self, body: SmplxBody, depth: JointDepth) -> None:
        """depth: what the heatmaps' depth means."""
        self._body = body
        self._fit = JointFit(body)
        self._depth = depth

    def __call__(self, estimates: Estimates) -> Estimates:
        size_wh = estimates.frame.size_wh
        return replace(estimates, people=tuple(self._fitted(estimate, size_wh) for estimate in estimates.people))

    def _fitted(self, estimate: Estimate, frame_wh: tuple[int, int]) -> Estimate:
        params, crop = estimate.params, estimate.subject.crop
        scale = INPUT_WH[1] / crop.size_wh[1]
        posture = Posture(smplx_rotations(params.rot6d), params.translation_m)
        corners = scale * crop.crop_from_frame(np.array(((0.0, 0.0), frame_wh)))  # (2, 2)
        targets = JointTargets(
            scale * estimate.keypoints.body.astype(np.float64),
            self._depth.behind_pelvis_m(estimate.keypoints.body_depth),
            shown(self._fit.projected(posture, params.betas), corners),
        )
        return replace(estimate, params=with_posture(params, self._fit(posture, params.betas, targets)))


def with_posture(params: BodyParams, posture: Posture) -> BodyParams:
    """Parameters with the posture's rotations of root and body, and its translation."""
    rot6d = np.array(params.rot6d, np.float64)
    rot6d[ROOT] = matrix_to_rot6d(posture.rotations[joints.ROOT])
    rot6d[BODY] = matrix_to_rot6d(posture.rotations[joints.BODY])
    return replace(params, rot6d=rot6d, translation_m=posture.translation_m)


def shown(px: Array, frame_corners: Array) -> Array:
    """How far points (P, 2) are to be believed, in [0, 1]: heatmaps say nothing of what neither crop nor frame shows.

    All in pixels of a 192 x 256 crop; frame_corners: (2, 2), top left and bottom right.
    """
    low, high = np.maximum(frame_corners[0], 0.0), np.minimum(frame_corners[1], INPUT_WH)
    inside = np.minimum(px - low, high - px).min(-1)
    return np.asarray(np.clip(0.5 + 0.5 * inside / _BORDER_PX, 0.0, 1.0))
