"""The contour of the face, which follows the turn of the head."""

from __future__ import annotations

import pytest
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS, SMPLX_POINTS
from models.smplx_body import SmplxBody
from tests.models.poses import NONE, REST, Array, assert_near, on_faces

CONTOUR = slice(len(SMPLX_POINTS) - 17, None)


def about_y(degrees: float) -> Array:
    return Rotation.from_euler("y", degrees, degrees=True).as_matrix()


def posed(**rotations: Array) -> Array:
    """The rest pose but for the joints named."""
    pose = REST.copy()
    for name, rotation in rotations.items():
        pose[SMPLX_JOINTS.index(name)] = rotation
    return pose


@pytest.mark.parametrize(
    ("degrees", "row"),
    [
        (0, 0),
        (-20, 20),  # to its right: the first half of the table
        (20, 39 + 20),  # to its left: the second half
        (-12.6, 13),  # to the nearest degree
        (12.4, 39 + 12),
        (-0.4, 0),
        (0.4, 0),
        (-39, 39),
        (39, 78),
        (-60, 39),  # no further than the table goes
        (60, 78),
    ],
)
def test_contour_follows_the_turn_of_the_head(body: SmplxBody, arrays: BodyArrays, degrees: float, row: int) -> None:
    mesh = body.forward(posed(neck=about_y(degrees)), NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.contour_faces[row], arrays.contour_weights[row])
    assert_near(mesh.joints_m[CONTOUR], expected)


@pytest.mark.parametrize(
    ("pose", "row"),
    [
        (posed(spine1=about_y(-10), spine3=about_y(-10), neck=about_y(-5)), 25),  # turns add up along the spine
        (posed(pelvis=about_y(30), neck=about_y(-30)), 0),  # and cancel
        (posed(left_shoulder=about_y(-30)), 0),  # an arm is not on the way to the head
    ],
)
def test_contour_follows_the_whole_chain_to_the_head(
    body: SmplxBody, arrays: BodyArrays, pose: Array, row: int
) -> None:
    mesh = body.forward(pose, NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.contour_faces[row], arrays.contour_weights[row])
    assert_near(mesh.joints_m[CONTOUR], expected)
