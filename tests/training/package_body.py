"""The package's own people, as the open body should have them: joints, and meshes in random poses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from models.rotations import axis_angle_to_matrix
from training import make_body
from training.body import shapes
from training.body.rig import Rig
from training.body.source import FROM_SMPLX, Source

Array = NDArray[np.float64]
Range = tuple[float, float]

# How far joints of the left side turn about x, y and z in random poses, degrees.
_FINGER: tuple[Range, Range, Range] = ((0, 0), (0, 0), (-95, 5))
_TURNS: dict[str, tuple[Range, Range, Range]] = {
    "pelvis": ((0, 0), (0, 0), (0, 0)),
    "hip": ((-100, 30), (-40, 40), (-20, 40)),
    "knee": ((0, 130), (-5, 5), (-5, 5)),
    "ankle": ((-30, 40), (-20, 20), (-20, 20)),
    "foot": ((-30, 30), (-5, 5), (-5, 5)),
    "spine1": ((-15, 30), (-15, 15), (-12, 12)),
    "spine2": ((-15, 20), (-15, 15), (-12, 12)),
    "spine3": ((-10, 15), (-15, 15), (-10, 10)),
    "neck": ((-25, 30), (-35, 35), (-20, 20)),
    "head": ((-20, 25), (-30, 30), (-20, 20)),
    "collar": ((-5, 5), (-15, 10), (-8, 20)),
    "shoulder": ((-60, 60), (-100, 30), (-75, 60)),
    "elbow": ((-50, 50), (-135, 0), (-5, 5)),
    "wrist": ((-70, 70), (-20, 25), (-65, 65)),
    "jaw": ((0, 25), (-5, 5), (-3, 3)),
    "eye_smplhf": ((-20, 20), (-30, 30), (-1, 1)),
    **{f"{finger}1": ((-5, 5), (-12, 12), (-85, 10)) for finger in ("index", "middle", "ring", "pinky")},
    **{f"{finger}{k}": _FINGER for finger in ("index", "middle", "ring", "pinky") for k in (2, 3)},
    **{f"thumb{k}": ((-10, 30), (-10, 40), (-15, 15)) for k in (1, 2, 3)},
}


@dataclass(frozen=True)
class Person:
    """One adult, the pelvis where SMPL-X has it: vertices (V, 3) and joints (55, 3) at rest, vertices in a pose."""

    vertices: Array
    joints: Array
    posed: Array


class Package:
    """Adults drawn from the package."""

    def __init__(self) -> None:
        self.source = Source()
        self.rig = Rig(self.source)

    def shape_space(self) -> shapes.ShapeSpace:
        """As in the making of the open body."""
        return shapes.shape_space(self.source.faces, make_body.people(self.source, self.rig))

    def person(self, rng: np.random.Generator, rotations: Array) -> Person:
        """A random adult in a pose; rotations (55, 3, 3) in SMPL-X's manner."""
        phenotype = shapes.random_phenotype(rng)
        adult = shapes.adult(self.source, self.rig, phenotype)
        bones = self.rig.rotations(adult.straightening, rotations)
        offset = adult.joints[0] - self.rig.joints(self.source.positions(adult.rest, bones))[0]
        return Person(adult.vertices, adult.joints, self._skinned(phenotype, bones) + offset)

    def _skinned(self, phenotype: Mapping[str, float], rotations: Array) -> Array:
        """(V, 3): the package's own posed mesh, its root bone's head where it is at rest.

        rotations: (B, 3, 3), world rotation of each bone away from rest.
        """
        import torch

        model = self.source._model
        out = model(phenotype_kwargs=dict(phenotype))
        orientation = FROM_SMPLX @ rotations @ FROM_SMPLX.T @ out["rest_bone_poses"][0, :, :3, :3].numpy()
        poses = np.tile(np.eye(4), (len(self.source.bones), 1, 1))
        poses[:, :3, :3] = orientation
        poses[0, :3, 3] = out["rest_bone_heads"][0, 0].numpy()
        posed = model(
            torch.from_numpy(poses)[None], phenotype_kwargs=dict(phenotype), pose_parameterization="world-orient"
        )
        return np.asarray(posed["vertices"][0].numpy() @ FROM_SMPLX, np.float64)


def random_turns(rng: np.random.Generator) -> Array:
    """(55, 3) axis-angle in whole milliradians, so that it is the same when read from a file."""
    degrees = np.empty((len(SMPLX_JOINTS), 3))
    for joint, name in enumerate(SMPLX_JOINTS):
        side, _, rest = name.partition("_")
        low, high = np.array(_TURNS[rest or name]).T
        degrees[joint] = rng.uniform(low, high) * ((1, -1, -1) if side == "right" else (1, 1, 1))
    return np.asarray(np.round(np.radians(degrees), 3), np.float64)


def rotations(turns: Array) -> Array:
    """(55, 3) axis-angle -> (55, 3, 3)."""
    return np.asarray(axis_angle_to_matrix(turns))


def fitted_betas(arrays: BodyArrays, vertices: Array) -> Array:
    """(10,): the coefficients of the shape that is nearest to a person at rest."""
    directions = arrays.shape_directions[:, :, :10].reshape(-1, 10)
    return np.asarray(np.linalg.lstsq(directions, (vertices - arrays.template).ravel(), rcond=None)[0])
