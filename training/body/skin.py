"""Posing the open body while it is made: SMPL-X's linear blend skinning, with pose correctives."""

from __future__ import annotations

import numpy as np

from training.body.rig import PARENTS
from training.body.source import Array


def joint_transforms(joints: Array, local: Array) -> tuple[Array, Array]:
    """Joints (55, 3), local rotations (55, 3, 3) -> world rotations and shifts (55, 3), x -> rotation x + shift."""
    world, origins = local.copy(), joints.copy()
    for joint, parent in enumerate(PARENTS):
        if parent >= 0:
            world[joint] = world[parent] @ local[joint]
            origins[joint] = origins[parent] + world[parent] @ (joints[joint] - joints[parent])
    return world, origins - np.einsum("jab,jb->ja", world, joints)


def blended(weights: Array, joints: Array, local: Array) -> tuple[Array, Array]:
    """The matrix (V, 3, 3) and shift (V, 3) that skinning gives each vertex; weights (V, 55)."""
    world, shifts = joint_transforms(joints, local)
    return (weights @ world.reshape(-1, 9)).reshape(-1, 3, 3), weights @ shifts


def pose_feature(local: Array) -> Array:
    """(54, 9): what pose correctives are multiplied with, rotations less the identity."""
    return (local[1:] - np.eye(3)).reshape(-1, 9)


def posed(vertices: Array, correctives: Array | None, weights: Array, joints: Array, local: Array) -> Array:
    """Vertices (V, 3), correctives (54, 9, V, 3) -> (V, 3)."""
    if correctives is not None:
        vertices = vertices + np.einsum("jk,jkvc->vc", pose_feature(local), correctives)
    matrix, shift = blended(weights, joints, local)
    return np.asarray(np.einsum("vab,vb->va", matrix, vertices) + shift)
