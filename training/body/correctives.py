"""Pose correctives: what linear blend skinning lacks beside the package's twist bones and dual quaternions.

Each is local to one joint and linear in its rotation less the identity, as SMPL's are (Loper et al. 2015, eq. 9).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.joints import SMPLX_JOINTS
from training.body.rig import Rig
from training.body.shapes import Adult
from training.body.skin import blended, posed
from training.body.source import Array, Source

_RIDGE = 2e-3
_LEAST_M = 5e-4  # a vertex that no pose moves farther gets no corrective
_MOST_M = 0.03
_MIRROR = np.array((-1.0, 1.0, 1.0))


@dataclass(frozen=True)
class _Fit:
    """Angles in degrees about x, y and z, all combinations of which are fitted, and the share of dual quaternions in
    what is fitted to: they keep volume where a part twists, and bulge where it bends far."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    z: tuple[float, ...]
    dual: float


_FINGER = _Fit((0.0,), (0.0,), (-95.0, -60.0, -30.0, 0.0, 20.0), 0.5)
_THUMB = _Fit((0.0,), (-20.0, 0.0, 30.0, 60.0), (-20.0, 0.0, 20.0), 0.5)
_FITS = {
    "left_wrist": _Fit((-100.0, -50.0, 0.0, 50.0, 100.0), (-35.0, 0.0, 35.0), (-75.0, -35.0, 0.0, 35.0, 75.0), 1.0),
    "left_shoulder": _Fit((-80.0, -40.0, 0.0, 40.0, 80.0), (-110.0, -50.0, 0.0, 40.0), (-85.0, -40.0, 0.0, 60.0), 0.7),
    "left_elbow": _Fit((-60.0, 0.0, 60.0), (-140.0, -105.0, -70.0, -35.0, 0.0), (0.0,), 0.5),
    "left_hip": _Fit((-110.0, -60.0, 0.0, 30.0), (-40.0, 0.0, 40.0), (-20.0, 0.0, 40.0), 0.3),
    "left_knee": _Fit((0.0, 35.0, 70.0, 105.0, 140.0), (0.0,), (0.0,), 0.5),
    "left_ankle": _Fit((-30.0, 0.0, 40.0), (-25.0, 0.0, 25.0), (-20.0, 0.0, 20.0), 0.5),
    "neck": _Fit((-35.0, 0.0, 35.0), (-50.0, 0.0, 50.0), (-35.0, 0.0, 35.0), 1.0),
    "head": _Fit((-35.0, 0.0, 35.0), (-50.0, 0.0, 50.0), (-35.0, 0.0, 35.0), 1.0),
    **{f"left_{finger}{k}": _FINGER for finger in ("index", "middle", "ring", "pinky") for k in (1, 2, 3)},
    **{f"left_thumb{k}": _THUMB for k in (1, 2, 3)},
}
_JAW_OPEN_DEG = 18.0  # the turn about the jaw's joint that is nearest to it


def correctives(
    source: Source, rig: Rig, person: Adult, weights: Array, *, mirror: NDArray[np.intp], jaw_open: Array
) -> Array:
    """(54, 9, V, 3) metres at rest, to be multiplied with each joint's rotation less the identity.

    mirror: (V,) the vertex on the other side. jaw_open: (V, 3) the package's own opening of the mouth.
    """
    found = np.zeros((len(SMPLX_JOINTS) - 1, 9, len(weights), 3))
    for name, fit in _FITS.items():
        joint = SMPLX_JOINTS.index(name)
        local = _poses(joint, np.array(list(product(fit.x, fit.y, fit.z))))
        targets = np.stack([_target(source, rig, person, pose, fit.dual) for pose in local])
        rest = _target(source, rig, person, _poses(joint, np.zeros((1, 3)))[0], fit.dual)
        own = _solved(person, rest, weights, joint, local=local, targets=targets)
        if name.startswith("left_"):
            found[joint - 1] = own
            found[SMPLX_JOINTS.index(name.replace("left", "right")) - 1] = _mirrored(own, mirror)
        else:
            found[joint - 1] = (own + _mirrored(own, mirror)) / 2
    jaw = SMPLX_JOINTS.index("jaw")
    own = _jaw(person, weights, jaw_open)
    found[jaw - 1] = (own + _mirrored(own, mirror)) / 2
    return found


def jaw_open_pose() -> Array:
    """(55, 3, 3): the mouth open, as the package's own action opens it."""
    return np.asarray(_poses(SMPLX_JOINTS.index("jaw"), np.array([[_JAW_OPEN_DEG, 0.0, 0.0]]))[0])


def _poses(joint: int, degrees: Array) -> Array:
    """(K, 55, 3, 3): one joint turned, about z, then y, then x."""
    local = np.tile(np.eye(3), (len(degrees), len(SMPLX_JOINTS), 1, 1))
    local[:, joint] = Rotation.from_euler("zyx", degrees[:, ::-1], degrees=True).as_matrix()
    return local


def _target(source: Source, rig: Rig, person: Adult, local: Array, dual: float) -> Array:
    """The package's mesh in a pose (V, 3), its pelvis where the person's is."""
    rotations = rig.rotations(person.straightening, local)
    offset = person.joints[0] - rig.joints(source.positions(person.rest, rotations))[0]
    shares = ((1 - dual, False), (dual, True))
    meshes = [share * source.skinned(person.rest, rotations, dual=kind) for share, kind in shares if share]
    return np.asarray(np.sum(meshes, 0) + offset)


def _solved(person: Adult, rest: Array, weights: Array, joint: int, *, local: Array, targets: Array) -> Array:
    """(9, V, 3): ridge regression of what is missing, in posed space; poses (K, 55, 3, 3), targets (K, V, 3).

    rest: (V, 3) the target of no rotation.
    """
    features = (local[:, joint] - np.eye(3)).reshape(len(local), 9)
    plain = np.stack([posed(rest, None, weights, person.joints, pose) for pose in local])
    missing = targets - plain
    active = np.flatnonzero(np.linalg.norm(missing, axis=2).max(0) > _LEAST_M)
    found = np.zeros((9, len(weights), 3))
    if len(active):
        matrices = np.stack([blended(weights[active], person.joints, pose)[0] for pose in local])  # (K, A, 3, 3)
        rows = np.einsum("kf,kaij->akifj", features, matrices).reshape(len(active), -1, 27)
        normal = np.einsum("arx,ary->axy", rows, rows) + _RIDGE * len(local) * np.eye(27)
        right = np.einsum("arx,ar->ax", rows, missing[:, active].transpose(1, 0, 2).reshape(len(active), -1))
        found[:, active] = np.linalg.solve(normal, right[..., None])[..., 0].reshape(-1, 9, 3).transpose(1, 0, 2)
        offsets = np.einsum("kf,fvc->kvc", features, found)
        length = np.linalg.norm(offsets, axis=2).max(0)
        found *= np.where(length > _LEAST_M, np.minimum(1.0, _MOST_M / np.maximum(length, _LEAST_M)), 0.0)[:, None]
    return found


def _jaw(person: Adult, weights: Array, jaw_open: Array) -> Array:
    """(9, V, 3): lips and cheeks as the package's own opening of the mouth has them."""
    joint = SMPLX_JOINTS.index("jaw")
    shares = np.array((0.0, 0.5, 1.0))
    local = _poses(joint, np.outer(shares, (_JAW_OPEN_DEG, 0.0, 0.0)))
    targets = person.vertices + shares[:, None, None] * jaw_open
    return _solved(person, person.vertices, weights, joint, local=local, targets=targets)


def _mirrored(own: Array, mirror: NDArray[np.intp]) -> Array:
    """Correctives of one side's joint (9, V, 3) as those of the other's."""
    signs = np.outer(_MIRROR, _MIRROR).reshape(9, 1, 1) * _MIRROR
    return np.asarray(own[:, mirror] * signs)
