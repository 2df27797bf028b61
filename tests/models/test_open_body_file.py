"""The open body as it is shipped."""

from __future__ import annotations

import numpy as np
import pytest

from models.body_file import OPEN_BODY, BodyArrays, read_body_file
from models.joints import SMPLX_JOINTS
from models.smplx_body import SmplxBody
from tests import standins

REST = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))


@pytest.fixture(scope="module")
def arrays() -> BodyArrays:
    return read_body_file(OPEN_BODY)


def test_it_is_small_enough_to_ship() -> None:
    assert OPEN_BODY.stat().st_size <= 6_000_000


def test_it_has_no_more_vertices_than_agreed(arrays: BodyArrays) -> None:
    assert len(arrays.template) <= 20_000


def test_it_says_what_it_is(arrays: BodyArrays) -> None:
    assert arrays.shape_space == standins.OPEN_SHAPE_SPACE
    assert arrays.licence


def test_each_vertex_follows_at_most_eight_joints(arrays: BodyArrays) -> None:
    assert np.count_nonzero(arrays.weights, axis=1).max() <= 8
    np.testing.assert_allclose(arrays.weights.astype(np.float64).sum(1), 1, rtol=0, atol=1e-3)


def test_rest_pose_is_the_template(arrays: BodyArrays) -> None:
    mesh = SmplxBody(arrays).forward(REST, np.zeros(10), np.zeros(10))
    np.testing.assert_allclose(mesh.vertices_m, arrays.template, rtol=0, atol=1e-5)
