"""Meshes fitted to the joints that the heatmaps of BodyNet and HandNet have, before the camera of the take: before the
crop's own, which has hardly any perspective, what perspective does to limbs would be taken for turns of theirs."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from app.confidence import visible_shares
from app.estimator import Estimate, Estimates
from app.finish import smplx_rotations
from app.frame import BODY, ROOT, BodyParams
from app.pinhole import CameraOf, Pinhole
from app.standing import Stand, joints_about, joints_of, towards
from engines.bundle import JointDepth
from models import joints
from models.camera import INPUT_WH, Intrinsics
from models.hand_fit import HAND_DEPTH_M, HandFit, Hands, HandTargets
from models.joint_fit import JointFit, JointTargets, Posture
from models.joints import MCP_JOINTS
from models.rotations import Array, matrix_to_rot6d
from models.smplx_body import SmplxBody

_HAND_SHOWN = 0.5  # of a hand's box that lies in the frame, from which on its joints are believed
_BORDER_PX = 8.0  # of a 192 x 256 crop: joints so far inside the picture are believed, so far outside not at all


class Fit:
    """Stage: Estimates -> Estimates whose bodies lie on their keypoints before the take's camera."""

    def __init__(self, body: SmplxBody, depth: JointDepth, camera_of: CameraOf) -> None:
        """depth: what the depth of BodyNet's heatmaps means. camera_of: from the size of the frames to the take's
        camera."""
        self._body = body
        self._camera_of = camera_of
        self._fit, self._hands = JointFit(body), HandFit(body)
        self._depth, self._hand_depth = depth, replace(depth, metres=HAND_DEPTH_M)

    def __call__(self, estimates: Estimates) -> Estimates:
        size_wh = estimates.frame.size_wh
        camera = self._camera_of(size_wh)
        return replace(estimates, people=tuple(self._fitted(one, camera, size_wh) for one in estimates.people))

    def _fitted(self, estimate: Estimate, camera: Pinhole, frame_wh: tuple[int, int]) -> Estimate:
        params, crop = estimate.params, estimate.subject.crop
        scale = INPUT_WH[1] / crop.size_wh[1]
        posture = Posture(smplx_rotations(params.rot6d), params.translation_m)
        corners = scale * crop.crop_from_frame(np.array(((0.0, 0.0), frame_wh)))  # (2, 2)
        found, betas = estimate.keypoints, params.betas
        left, right, _ = visible_shares(estimate.part_boxes, crop, frame_wh)
        seen = HandTargets(
            scale * found.hands.astype(np.float64),
            self._hand_depth.behind_m(found.hands_depth),
            np.array((left >= _HAND_SHOWN, right >= _HAND_SHOWN), np.float64),
        )
        hands = self._hands.found(posture, betas, seen)
        sure = shown(self._fit.projected(posture, betas), corners)  # (33,)
        knuckles = np.repeat(hands.clear, len(MCP_JOINTS))
        crop_px = np.concatenate((found.body, found.hands[:, MCP_JOINTS].reshape(-1, 2))).astype(np.float64)
        coarser = crop.source_xywh_px[3] / INPUT_WH[1]  # pixels of the frame for one of a 192 x 256 crop
        targets = JointTargets(
            crop.frame_from_crop(crop_px) / coarser,
            np.concatenate((self._depth.behind_m(found.body_depth), np.full(len(knuckles), np.nan))),
            np.concatenate((sure[: -len(knuckles)], knuckles)),
        )
        joints_m, about = joints_of(self._body, params, posture), partial(joints_about, self._body, params)
        placed = Stand(crop, camera, frame_wh)(posture, joints_m, about)
        fitted = self._fit(placed, betas, targets, Intrinsics(*(value / coarser for value in camera.intrinsics)))
        turned = Hands(towards(camera, crop.centre_px) @ hands.turns, hands.clear)
        posture = self._hands.turned(fitted, turned)
        return replace(estimate, params=with_posture(params, posture), take_camera=camera)


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
