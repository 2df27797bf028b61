"""The body against a plain float64 reference: its mesh and its pelvis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays, read_body_file
from models.joints import SMPLX_POINTS, SMPLX_VERTEX_POINTS
from models.smplx_body import SmplxBody
from tests import standins
from tests.models.poses import JOINTS, LANDMARKS, NONE, REST, Array, assert_near, on_faces, one_hot, random_pose


def pelvis_of(body: SmplxBody, betas: Array) -> Array:
    return np.asarray(body.pelvis_template + body.pelvis_directions[:, :10] @ betas)


def reference(arrays: BodyArrays, pose: Array, betas: Array, expression: Array) -> tuple[Array, Array]:
    """Linear blend skinning as the paper writes it: vertices (V, 3) and joints (55, 3), float64."""
    shaped = arrays.template + arrays.shape_directions @ np.concatenate((betas, expression))
    joints = arrays.regressor @ shaped
    feature = np.concatenate([(rotation - np.eye(3)).reshape(9) for rotation in pose[1:]])
    corrected = shaped + np.einsum("vck,k->vc", arrays.pose_directions, feature)
    turns, places = [pose[0]], [joints[0]]
    for joint in range(1, JOINTS):
        parent = arrays.parents[joint]
        places.append(places[parent] + turns[parent] @ (joints[joint] - joints[parent]))
        turns.append(turns[parent] @ pose[joint])
    vertices = np.zeros_like(corrected)
    for joint in range(JOINTS):
        moved = (corrected - joints[joint]) @ turns[joint].T + places[joint]
        vertices += arrays.weights[:, joint, None] * moved
    return vertices, np.array(places)


# The mesh


def test_rest_pose_is_the_template(body: SmplxBody, arrays: BodyArrays) -> None:
    mesh = body.forward(REST, NONE, NONE)
    assert_near(mesh.vertices_m, arrays.template, 1e-6)
    assert_near(mesh.joints_m[:JOINTS], arrays.regressor @ arrays.template, 1e-6)


def test_counts_and_types_of_the_mesh(body: SmplxBody) -> None:
    mesh = body.forward(REST, NONE, NONE)
    assert mesh.vertices_m.shape == (10475, 3)
    assert mesh.joints_m.shape == (len(SMPLX_POINTS), 3)
    assert mesh.vertices_m.dtype == mesh.joints_m.dtype == np.float32
    assert body.vertex_count == 10475


@pytest.mark.parametrize("file", ["body_path", "open_body_path"])
@pytest.mark.parametrize("seed", [0, 1])
def test_random_pose_agrees_with_float64_reference(request: pytest.FixtureRequest, file: str, seed: int) -> None:
    arrays = read_body_file(request.getfixturevalue(file))
    body = SmplxBody(arrays)
    betas, expression = np.random.default_rng(seed).standard_normal((2, 10))
    mesh = body.forward(random_pose(seed), betas, expression)
    vertices, joints = reference(arrays, random_pose(seed), betas, expression)
    assert_near(mesh.vertices_m, vertices)
    assert_near(mesh.joints_m[:JOINTS], joints)


def test_landmarks_lie_on_their_faces(body: SmplxBody, arrays: BodyArrays) -> None:
    mesh = body.forward(random_pose(), NONE, NONE)
    expected = on_faces(mesh.vertices_m, arrays.faces, arrays.landmark_faces, arrays.landmark_weights)
    assert_near(mesh.joints_m[LANDMARKS], expected)


@pytest.mark.parametrize(("name", "vertex"), [("nose", 9120), ("left_big_toe", 5770), ("right_pinky", 8022)])
def test_named_point_is_its_vertex(body: SmplxBody, name: str, vertex: int) -> None:
    mesh = body.forward(random_pose(), NONE, NONE)
    assert_near(mesh.joints_m[JOINTS + SMPLX_VERTEX_POINTS.index(name)], mesh.vertices_m[vertex], 0.0)


def test_open_bodys_points_are_the_vertices_its_file_names(open_body_path: Path) -> None:
    mesh = SmplxBody.load(open_body_path).forward(random_pose(), NONE, NONE)
    named = standins.open_body_arrays()["vertex_points"]
    points = mesh.joints_m[JOINTS : JOINTS + len(SMPLX_VERTEX_POINTS)]
    assert_near(points, mesh.vertices_m[named], 0.0)


def test_counts_of_an_open_bodys_mesh(open_body_path: Path) -> None:
    body = SmplxBody.load(open_body_path)
    mesh = body.forward(REST, NONE, NONE)
    assert mesh.vertices_m.shape == (700, 3)
    assert mesh.joints_m.shape == (len(SMPLX_POINTS), 3)
    assert body.vertex_count == 700


def test_translation_moves_everything(body: SmplxBody) -> None:
    translation = np.array([1.0, -2.0, 30.0])
    still, moved = (body.forward(random_pose(), NONE, NONE, by) for by in (None, translation))
    assert_near(moved.vertices_m, still.vertices_m.astype(np.float64) + translation)
    assert_near(moved.joints_m, still.joints_m.astype(np.float64) + translation)


def test_root_rotation_turns_everything_about_the_pelvis(body: SmplxBody) -> None:
    turn = Rotation.from_rotvec([0.3, -0.2, 2.0]).as_matrix()
    pose = random_pose()
    pose[0] = np.eye(3)
    turned = pose.copy()
    turned[0] = turn
    betas = one_hot(0)
    pelvis = pelvis_of(body, betas)
    before, after = (body.forward(p, betas, NONE) for p in (pose, turned))
    assert_near(after.vertices_m - pelvis, (before.vertices_m - pelvis) @ turn.T)
    # But for the contour, which depends on where the head faces.
    assert_near(after.joints_m[:-17] - pelvis, (before.joints_m[:-17] - pelvis) @ turn.T)


@pytest.mark.parametrize("k", [0, 9])
def test_shape_coefficient_moves_along_its_direction(body: SmplxBody, arrays: BodyArrays, k: int) -> None:
    moved = body.forward(REST, 2 * one_hot(k), NONE).vertices_m - arrays.template
    assert_near(moved, 2 * arrays.shape_directions[:, :, k])


@pytest.mark.parametrize("k", [0, 9])
def test_expression_coefficient_moves_along_its_direction(body: SmplxBody, arrays: BodyArrays, k: int) -> None:
    moved = body.forward(REST, NONE, 2 * one_hot(k)).vertices_m - arrays.template
    assert_near(moved, 2 * arrays.shape_directions[:, :, 10 + k])


def test_inputs_are_left_as_they_are(body: SmplxBody) -> None:
    pose, betas, expression = random_pose(), one_hot(1), one_hot(2)
    body.forward(pose, betas, expression, np.ones(3))
    assert_near(pose, random_pose(), 0.0)
    assert_near(betas, one_hot(1), 0.0)
    assert_near(expression, one_hot(2), 0.0)


# The pelvis


@pytest.mark.parametrize("k", [0, 4])
def test_pelvis_is_the_first_joint_at_rest(body: SmplxBody, k: int) -> None:
    betas = 3 * one_hot(k)
    assert_near(pelvis_of(body, betas), body.forward(REST, betas, NONE).joints_m[0], 1e-6)


def test_pelvis_stays_where_it_is_when_the_body_is_posed(body: SmplxBody) -> None:
    betas = one_hot(3)
    assert_near(body.forward(random_pose(), betas, NONE).joints_m[0], pelvis_of(body, betas), 1e-6)


def test_pelvis_directions_know_the_expression_too(body: SmplxBody) -> None:
    expression = 2 * one_hot(5)
    expected = body.pelvis_template + body.pelvis_directions @ np.concatenate((NONE, expression))
    assert_near(body.forward(REST, NONE, expression).joints_m[0], expected, 1e-6)
