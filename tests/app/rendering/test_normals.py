"""Normals of a mesh that moves."""

from __future__ import annotations

import numpy as np
import trimesh

from app.rendering.normals import VertexNormals
from tests.models import open_body


def test_they_are_the_sums_over_faces_by_area() -> None:
    vertices = np.asarray(open_body.mesh(open_body.pose(left_knee=(60, 0, 0))).vertices_m)
    faces = open_body.arrays().faces
    expected = np.zeros(vertices.shape)
    corners = vertices[faces].astype(np.float64)
    of_faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for corner in range(3):
        np.add.at(expected, faces[:, corner], of_faces)
    np.testing.assert_allclose(VertexNormals(faces).of(vertices), expected, rtol=0, atol=1e-8)


def test_they_point_outward() -> None:
    ball = trimesh.creation.icosphere(2)
    normals = VertexNormals(ball.faces).of(ball.vertices.astype(np.float32))
    directions = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    np.testing.assert_allclose(directions, ball.vertices, rtol=0, atol=0.03)


def test_a_vertex_of_no_face_has_none() -> None:
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [5, 5, 5]], np.float32)
    np.testing.assert_array_equal(VertexNormals(np.array([[0, 1, 2]])).of(vertices)[3], 0)
