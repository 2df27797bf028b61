"""The body in PyTorch against the one in NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from models.smplx_body import SmplxBody
from training.torch_body import TorchBody


@pytest.fixture(scope="module")
def torch_body(arrays: BodyArrays) -> TorchBody:
    return TorchBody(arrays)


def test_meshes_are_those_of_the_body(arrays: BodyArrays, torch_body: TorchBody) -> None:
    rng = np.random.default_rng(0)
    rotations = Rotation.random(3 * 55, rng=rng).as_matrix().reshape(3, 55, 3, 3)
    coefficients = rng.normal(0, 1.5, (3, 20))
    vertices, joints = torch_body(torch.from_numpy(rotations).float(), torch.from_numpy(coefficients).float())
    body = SmplxBody(arrays)
    for row in range(3):
        mesh = body.forward(rotations[row], coefficients[row, :10], coefficients[row, 10:])
        np.testing.assert_allclose(vertices[row], mesh.vertices_m, atol=1e-4)
        np.testing.assert_allclose(joints[row], mesh.joints_m[: len(SMPLX_JOINTS)], atol=1e-4)


def test_joints_alone_are_the_same(torch_body: TorchBody) -> None:
    rotations = torch.eye(3).expand(2, 55, 3, 3)
    coefficients = torch.randn(2, 20, generator=torch.Generator().manual_seed(0))
    rest, world, places = torch_body.joints(rotations, coefficients)
    torch.testing.assert_close(rest, places)
    torch.testing.assert_close(world, rotations)
    torch.testing.assert_close(torch_body(rotations, coefficients)[1], places)


def test_expressions_move_no_joint(torch_body: TorchBody) -> None:
    """Losses rely on it."""
    coefficients = torch.zeros(1, 20)
    coefficients[:, 10:] = 2.0
    rest, _, _ = torch_body.joints(torch.eye(3).expand(1, 55, 3, 3), coefficients)
    torch.testing.assert_close(rest[0], torch_body.joint_template, atol=1e-6, rtol=0)


def test_gradients_reach_rotations_and_shape(torch_body: TorchBody) -> None:
    rotations = torch.eye(3).repeat(1, 55, 1, 1).requires_grad_()
    coefficients = torch.zeros(1, 20, requires_grad=True)
    vertices, _ = torch_body(rotations, coefficients)
    vertices.square().sum().backward()
    for tensor in (rotations, coefficients):
        assert tensor.grad is not None
        assert torch.isfinite(tensor.grad).all()
        assert tensor.grad.abs().sum() > 0
