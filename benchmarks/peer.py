"""The peer: simple-romp's temporal smoothing, at its published setting.

Repository Arthur151/ROMP, `simple_romp/romp/utils.py`, `create_OneEuroFilter`: One Euro filters with a minimal cutoff
of 3 Hz (the option `--smooth_coeff`) for pose and root, 1.6 Hz for the camera and 0.6 Hz for the shape, beta 0.7,
derivative cutoff 1 Hz, and a frame rate of 30 whatever the video's. Pose goes through as axis-angle, one number at a
time, the root as the elements of its matrix; the derivative is that of the raw values. Written anew from that.
"""

from __future__ import annotations

import numpy as np

from app.scene import Scene
from app.smoothing import quaternions
from app.smoothing.motion import moved_to, person_at
from models.rotations import Array, axis_angle_to_matrix, matrix_to_axis_angle, matrix_to_rot6d, rot6d_to_matrix

SMOOTH_COEFFICIENT = 3.0
_CAMERA_HZ, _BETA, _DERIVATIVE_HZ, _RATE = 1.6, 0.7, 1.0, 30.0


class PeerFilter:
    """One Euro (Casiez et al. 2012) of an array, each number by itself."""

    def __init__(self, cutoff_hz: float) -> None:
        self._cutoff_hz = cutoff_hz
        self._raw: Array | None = None
        self._slope: Array = np.zeros(())
        self._value: Array = np.zeros(())

    def __call__(self, value: Array) -> Array:
        if self._raw is None:
            self._raw, self._value, self._slope = value, value, np.zeros_like(value)
            return value
        share = _share(np.asarray(_DERIVATIVE_HZ))
        self._slope = share * (value - self._raw) * _RATE + (1 - share) * self._slope
        share = _share(self._cutoff_hz + _BETA * np.abs(self._slope))
        self._raw, self._value = value, share * value + (1 - share) * self._value
        return self._value


class Peer:
    """Smooths scenes of one person, as `Smooth` does."""

    def __init__(self, smooth_coefficient: float = SMOOTH_COEFFICIENT) -> None:
        self._root, self._pose = PeerFilter(smooth_coefficient), PeerFilter(smooth_coefficient)
        self._camera = PeerFilter(_CAMERA_HZ)

    def __call__(self, scene: Scene) -> tuple[Scene, ...]:
        (placed,) = scene.people
        matrices = rot6d_to_matrix(np.asarray(placed.params.rot6d, np.float64))
        rot6d = np.empty((len(matrices), 6))
        rot6d[:1] = matrix_to_rot6d(rot6d_to_matrix(matrix_to_rot6d(self._root(matrices[:1]))))
        rot6d[1:] = matrix_to_rot6d(axis_angle_to_matrix(self._pose(matrix_to_axis_angle(matrices[1:]))))
        point = person_at(placed.params, self._moved(placed.joints_m[0]))
        point = point.with_rotations(quaternions.from_rot6d(rot6d))
        return (Scene(scene.frame, (moved_to(placed, point),)),)

    def flush(self) -> tuple[Scene, ...]:
        """Holds nothing back."""
        return ()

    def _moved(self, pelvis_m: Array) -> Array:
        """The pelvis (3,), by the filter of ROMP's camera: scale, and place in the picture."""
        x, y, z = pelvis_m
        scale, u, v = self._camera(np.array((1.0 / z, x / z, y / z)))
        return np.asarray(np.array((u, v, 1.0)) / scale)


def _share(cutoff_hz: Array) -> Array:
    """Casiez et al. 2012, equation 5 and 6."""
    return np.asarray(1.0 / (1.0 + _RATE / (2 * np.pi * cutoff_hz)))
