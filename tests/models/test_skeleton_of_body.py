"""Skeletons without a mesh: the joints that the mesh has, of several shapes at once."""

from __future__ import annotations

import numpy as np

from models.rotations import axis_angle_to_matrix
from models.smplx_body import SmplxBody


def test_skeletons_are_the_joints_of_meshes(body: SmplxBody) -> None:
    rng = np.random.default_rng(0)
    rotations = axis_angle_to_matrix(rng.normal(0, 0.4, (55, 3)))
    coefficients = rng.normal(0, 1, (3, 20))
    found = body.skeleton(rotations, coefficients)
    assert found.shape == (3, 55, 3)
    for joints_m, each in zip(found, coefficients, strict=True):
        mesh = body.forward(rotations, each[:10], each[10:])
        np.testing.assert_allclose(joints_m, mesh.joints_m[:55], rtol=0, atol=1e-6)


def test_a_childs_origin_turns_about_its_parents(body: SmplxBody) -> None:
    upright = np.tile(np.eye(3), (55, 1, 1))
    turned = upright.copy()
    elbow, wrist = 18, 20
    turned[elbow] = axis_angle_to_matrix(np.array((0.0, 1.2, 0.3)))
    (before,), (after,) = (body.skeleton(pose, np.zeros((1, 20))) for pose in (upright, turned))
    np.testing.assert_allclose(after[wrist] - after[elbow], turned[elbow] @ (before[wrist] - before[elbow]), atol=1e-12)
    np.testing.assert_allclose(after[elbow], before[elbow], atol=1e-12)
