"""From the camera of each crop to the one camera of the take."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from app.confidence import confidence, evidence
from app.estimator import Estimate, Estimates
from app.finish import Seen, smplx_rotations
from app.fitting import with_posture
from app.frame import PREDICTED, ROOT, Frame, Person
from app.pinhole import CameraOf, Pinhole
from app.scene import Placed, Scene
from app.smoothing.shape import Shapes
from app.standing import BODY_ROWS, Stand, joints_about, joints_of
from models import joints
from models.joint_fit import SEEN, JointFit, JointTargets, Posture
from models.rotations import Array, matrix_to_rot6d
from models.smplx_body import SmplxBody

_LEGS, _LEG_POINTS = ("knee", "ankle", "foot"), ("Knee", "Ankle", "toe", "Heel")
_UPPER_ROWS = [row for row in BODY_ROWS if not joints.SMPLX_JOINTS[row].endswith(_LEGS)]


class Place:
    """Stage: Estimates -> Scene. Gives each person their one shape.

    Those who are before their crop's camera have a place before the take's, where they are seen as there. Of those who
    are before the take's (`app.fitting`) joints stay where they are seen, whatever the shape.

    `seen` is told at once where people are, by a coarse outline of their mesh.
    """

    def __init__(
        self,
        body: SmplxBody,
        camera_of: CameraOf,
        shapes: Shapes,
        seen: Seen | None = None,
        *,
        legs: bool = True,
    ) -> None:
        """camera_of: from the size of the frames to the take's camera. legs: whether they help to find the place."""
        self._body = body
        self._camera_of = camera_of
        self._shapes = shapes
        self._seen = seen
        self._helping = BODY_ROWS if legs else _UPPER_ROWS
        self._fit = JointFit(body, SEEN)
        self._helps = np.array([legs or not name.endswith(_LEG_POINTS) for name in joints.BODY_JOINTS])  # (25,)

    def __call__(self, estimates: Estimates) -> Scene:
        frame = estimates.frame
        camera = self._camera_of(frame.size_wh)
        people = tuple(self._placed(estimate, frame, camera) for estimate in estimates.people)
        if self._seen is not None:
            self._seen(frame, tuple(map(self._outlined, people)))
        return Scene(frame, people)

    def _placed(self, estimate: Estimate, frame: Frame, camera: Pinhole) -> Placed:
        params, track, crop = estimate.params, estimate.subject.track, estimate.subject.crop
        given = Posture(smplx_rotations(params.rot6d), params.translation_m)
        joints_m = joints_of(self._body, params, given)  # (55, 3)
        px = estimate.camera.project(joints_m)  # (55, 2)
        sure = confidence(evidence(estimate, px, joints_m, frame.size_wh))

        settled = replace(params, betas=self._shapes.settled(track, frame, params.betas, sure.body))
        if estimate.take_camera is None:
            stand = Stand(crop, camera, frame.size_wh, self._helping)
            posture = stand(given, joints_m, partial(joints_about, self._body, settled))
            rot6d = np.array(params.rot6d, np.float64)
            rot6d[ROOT] = matrix_to_rot6d(posture.rotations[joints.ROOT])  # all others stay as the network gave them
            there = replace(settled, rot6d=rot6d, translation_m=posture.translation_m)
        else:
            keypoints_px = self._fit.projected(given, params.betas, camera.intrinsics)
            targets = self._targets(keypoints_px, frame.size_wh)
            posture = self._fit(given, settled.betas, targets, camera.intrinsics)
            there = with_posture(settled, posture)
        flags = PREDICTED if track.missed else 0
        return Placed(track, there, camera, joints_of(self._body, settled, posture), sure, flags, estimate.measured)

    def _targets(self, px: Array, frame_wh: tuple[int, int]) -> JointTargets:
        """Keypoints to be seen at px (25, 2) of the frame; where outside it they are is not known."""
        inside = ((px >= 0) & (px < frame_wh)).all(-1) & self._helps
        return JointTargets(px, np.zeros(len(px)), inside.astype(np.float64))

    def _outlined(self, placed: Placed) -> Person:
        params = placed.params
        coefficients = np.concatenate((params.betas, params.expression))
        points = self._body.outline(smplx_rotations(params.rot6d), coefficients) + params.translation_m
        return Person(
            placed.track.track_id,
            placed.track.box,
            params,
            placed.camera,
            points.astype(np.float32),
            placed.joints_m.astype(np.float32),
            placed.confidence,
        )
