"""The mean adult in SMPL-X's rest pose, ten directions in which adults differ, and joints from vertices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.joints import SMPLX_JOINTS
from training.body.rig import PARENTS, Rig
from training.body.source import ADULT_PHENOTYPES, Array, Rest, Source

DIRECTIONS = 10
_CARRIERS = 160  # vertices that may carry a joint
_LEAST_SHARE = 0.05
_SUM_WEIGHT = 10.0
_RIDGE = 1e-5

# Where SMPL-X has its pelvis, to the centimetre: networks trained on it place bodies by that point.
PELVIS_M = np.array((0.0, -0.35, 0.01))


@dataclass(frozen=True)
class Adult:
    """Vertices (V, 3) and joints (55, 3) in SMPL-X's rest pose, pelvis at `PELVIS_M`; how the bones got there."""

    vertices: Array
    joints: Array
    rest: Rest
    straightening: Array  # (B, 3, 3)


@dataclass(frozen=True)
class ShapeSpace:
    """mean (V, 3), directions (10, V, 3) of unit variance; the same of the rig's joints, (55, 3) and (10, 55, 3),
    which joints from vertices can be compared with."""

    mean: Array
    directions: Array
    joints: Array
    joint_directions: Array


def adult(source: Source, rig: Rig, phenotype: dict[str, float]) -> Adult:
    """A person of the package in SMPL-X's rest pose."""
    rest = source.rest(phenotype)
    straightening = rig.straightening(rest)
    joints = rig.joints(source.positions(rest, straightening))
    offset = PELVIS_M - joints[0]
    return Adult(source.skinned(rest, straightening, dual=True) + offset, joints + offset, rest, straightening)


def random_phenotype(rng: np.random.Generator) -> dict[str, float]:
    """An adult, each trait drawn from its range; ancestry is mixed."""
    drawn = {name: float(rng.uniform(low, high)) for name, (low, high) in ADULT_PHENOTYPES.items()}
    ancestry = rng.dirichlet((0.7, 0.7, 0.7))
    return drawn | dict(zip(("african", "asian", "caucasian"), map(float, ancestry), strict=True))


def shape_space(faces: NDArray[np.int64], people: list[Adult]) -> ShapeSpace:
    """Principal components of people, each vertex weighing as much as the surface around it."""
    vertices = np.stack([person.vertices for person in people])  # (N, V, 3)
    joints = np.stack([person.joints for person in people])
    mean = vertices.mean(0)
    area = _vertex_areas(mean, faces)
    centred = ((vertices - mean) * np.sqrt(area)[:, None]).reshape(len(people), -1)
    _, vectors = np.linalg.eigh(centred @ centred.T)
    scores = vectors.T[::-1][:DIRECTIONS] * np.sqrt(len(people) - 1)  # (10, N), unit variance
    directions = np.einsum("kn,nvc->kvc", scores / (len(people) - 1), vertices - mean)
    taller = np.sign(np.ptp(mean + directions, axis=1)[:, 1] - np.ptp(mean, axis=0)[1])
    scores, directions = scores * taller[:, None], directions * taller[:, None, None]
    joint_directions = np.einsum("kn,njc->kjc", scores / (len(people) - 1), joints - joints.mean(0))
    return ShapeSpace(mean, directions, joints.mean(0), joint_directions)


def _vertex_areas(vertices: Array, faces: NDArray[np.int64]) -> Array:
    """(V,) square metres: a third of the triangles around each vertex."""
    corners = vertices[faces]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    return np.asarray(np.bincount(faces.ravel(), np.repeat(area, 3), len(vertices)), np.float64)


def regressor(people: list[Adult], weights: Array, still: NDArray[np.bool_]) -> Array:
    """(55, V) weights that give the rig's joints from vertices: least squares over all people.

    weights: (V, 55) of skinning; a joint is carried by the ring of vertices between it and its parent. still: (V,)
    bool, vertices that no expression moves, the only ones used.
    """
    vertices = np.stack([person.vertices for person in people], 1)  # (V, N, 3)
    joints = np.stack([person.joints for person in people], 1)  # (55, N, 3)
    regressed = np.zeros((len(SMPLX_JOINTS), len(vertices)))
    for joint, parent in enumerate(PARENTS):
        ring = weights[:, joint] * (1.0 if parent < 0 else weights[:, parent] + 0.01)
        ring[~still] = 0.0
        near = _spread(np.flatnonzero(ring > _LEAST_SHARE * ring.max()), vertices[:, 0])
        solved = _solved(vertices[near], joints[joint])
        regressed[joint, near] = solved / solved.sum()
    return regressed


def _spread(candidates: NDArray[np.intp], points: Array) -> NDArray[np.intp]:
    """At most `_CARRIERS` of the candidates, each the farthest from those before it."""
    chosen = [0]
    distance = np.full(len(candidates), np.inf)
    while len(chosen) < min(_CARRIERS, len(candidates)):
        distance = np.minimum(distance, np.linalg.norm(points[candidates] - points[candidates[chosen[-1]]], axis=1))
        chosen.append(int(np.argmax(distance)))
    return candidates[chosen]


def _solved(vertices: Array, joints: Array) -> Array:
    """vertices (K, N, 3), joints (N, 3) -> (K,) weights that sum to about one: ridge regression."""
    centre = joints.mean(0)
    rows = np.concatenate(((vertices - centre).reshape(len(vertices), -1).T, np.full((1, len(vertices)), _SUM_WEIGHT)))
    target = np.append((joints - centre).ravel(), _SUM_WEIGHT)
    normal = rows.T @ rows + _RIDGE * np.eye(len(vertices))
    return np.asarray(np.linalg.solve(normal, rows.T @ target))
