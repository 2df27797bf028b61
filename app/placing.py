"""From the camera of each crop to the one camera of the take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from app.confidence import confidence, evidence
from app.estimator import Estimate, Estimates
from app.finish import Seen, smplx_rotations
from app.fitting import with_posture
from app.frame import PREDICTED, ROOT, BodyParams, Frame, Person
from app.pinhole import Pinhole
from app.scene import Placed, Scene
from app.smoothing.shape import Shapes
from models import joints
from models.joint_fit import SEEN, JointFit, JointTargets, Posture
from models.rotations import Array, axis_angle_to_matrix, matrix_to_rot6d
from models.smplx_body import SmplxBody

CameraOf = Callable[[tuple[int, int]], Pinhole]

_STEPS = 4  # of Gauss-Newton, which starts within a few pixels
_CLOSE_M = 1e-7  # a step this short is the last
_BODY_JOINTS = list(range(22))
_LEGS, _LEG_POINTS = ("knee", "ankle", "foot"), ("Knee", "Ankle", "toe", "Heel")
_UPPER_JOINTS = [row for row in _BODY_JOINTS if not joints.SMPLX_JOINTS[row].endswith(_LEGS)]
_NEAREST_M = 0.1


class Place:
    """Stage: Estimates -> Scene. Gives each person their one shape, and a place before the take's camera where they are
    seen as before their crop's; limbs may turn a little where perspective would part the two.

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
        limbs: bool = False,
    ) -> None:
        """camera_of: from the size of the frames to the take's camera. legs: whether they help to find the place.

        limbs: whether they turn with perspective; else all rotations but the root's stay as given.
        """
        self._body = body
        self._camera_of = camera_of
        self._shapes = shapes
        self._seen = seen
        self._fitted = _BODY_JOINTS if legs else _UPPER_JOINTS
        self._fit = JointFit(body, SEEN) if limbs else None
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
        before_crop = self._joints(given, params)  # (55, 3)
        px = crop.camera.project(before_crop)  # (55, 2)
        sure = confidence(evidence(estimate, px, before_crop, frame.size_wh))

        settled = replace(params, betas=self._shapes.settled(track, frame, params.betas, sure.body))
        turned = given.rotations.copy()
        turned[joints.ROOT] = towards(camera, crop.centre_px) @ turned[joints.ROOT]
        about = self._joints(Posture(turned, np.zeros(3)), settled)
        start = params.translation_m + camera.shift_from(crop.camera, before_crop[0])
        some = self._fitted
        shift = fitted_shift(camera, about[some], px[some], start, frame.size_wh)

        rot6d = np.array(params.rot6d, np.float64)
        rot6d[ROOT] = matrix_to_rot6d(turned[joints.ROOT])
        there = replace(settled, rot6d=rot6d, translation_m=shift)
        joints_m: Array = about + shift
        if self._fit is not None:
            keypoints_px = self._fit.projected(given, params.betas, crop.camera.intrinsics)
            targets = self._targets(keypoints_px, frame.size_wh)
            posture = self._fit(Posture(turned, shift), settled.betas, targets, camera.intrinsics)
            there, joints_m = with_posture(settled, posture), self._joints(posture, settled)
        flags = PREDICTED if track.missed else 0
        return Placed(track, there, camera, joints_m, sure, flags, estimate.measured)

    def _targets(self, px: Array, frame_wh: tuple[int, int]) -> JointTargets:
        """Keypoints to be seen at px (25, 2) of the frame; where outside it they are is not known."""
        inside = ((px >= 0) & (px < frame_wh)).all(-1) & self._helps
        return JointTargets(px, np.zeros(len(px)), inside.astype(np.float64))

    def _joints(self, posture: Posture, params: BodyParams) -> Array:
        """(55, 3) metres before the posture's camera, of the params' shape and expression."""
        coefficients = np.concatenate((params.betas, params.expression))[None]
        return np.asarray(self._body.skeleton(posture.rotations, coefficients)[0] + posture.translation_m)

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


def towards(camera: Pinhole, pixel: Array) -> Array:
    """(3, 3): the smallest turn of the optical axis to the ray through a pixel (2,).

    The networks see a crop and nothing of where it was cut out: the root's rotation that they give is about the line of
    sight to the crop's middle. Before one camera for everyone it is turned with that line.
    """
    x, y = (np.asarray(pixel) - (camera.cx, camera.cy)) / (camera.fx, camera.fy)
    across = float(np.hypot(x, y))
    if across < 1e-12:
        return np.eye(3)
    return axis_angle_to_matrix(np.array((-y, x, 0.0)) / across * np.arctan(across))


def fitted_shift(camera: Pinhole, points_m: Array, px: Array, start_m: Array, frame_wh: tuple[int, int]) -> Array:
    """The translation (3,) after which a camera sees points (P, 3) nearest to pixels (P, 2).

    Least squares over the points inside the frame (over all of them, where fewer than three are), by Gauss-Newton from
    `start_m`.
    """
    points = points_m
    inside = ((px >= 0) & (px < frame_wh)).all(-1)
    if inside.sum() >= 3:
        points, px = points[inside], px[inside]
    focal = np.array((camera.fx, camera.fy))
    shift = np.array(start_m, np.float64)
    for _ in range(_STEPS):
        moved = points + shift
        depth = np.maximum(moved[:, 2], _NEAREST_M)
        flat = moved[:, :2] / depth[:, None]
        missing = px - (flat * focal + (camera.cx, camera.cy))  # (P, 2)
        slope = np.zeros((*missing.shape, 3))
        slope[:, 0, 0], slope[:, 1, 1] = camera.fx / depth, camera.fy / depth
        slope[:, :, 2] = -flat * focal / depth[:, None]
        jacobian = slope.reshape(-1, 3)
        normal = jacobian.T @ jacobian
        step = np.linalg.solve(normal + 1e-9 * np.trace(normal) * np.eye(3), jacobian.T @ missing.reshape(-1))
        shift = shift + step
        if np.abs(step).max() < _CLOSE_M:
            break
    return shift
