"""Rotations in PyTorch against those in NumPy and SciPy, and gradients that stay finite."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from models.rotations import matrix_to_rot6d, rot6d_to_matrix
from training.torch_rotations import exp, from_rot6d, log, mirrored

RANDOM = Rotation.random(100, rng=np.random.default_rng(0))


def test_6d_is_read_as_elsewhere() -> None:
    numbers = np.random.default_rng(0).normal(size=(4, 25, 6))
    np.testing.assert_allclose(from_rot6d(torch.from_numpy(numbers)), rot6d_to_matrix(numbers), atol=1e-5)
    matrices = RANDOM.as_matrix()
    np.testing.assert_allclose(from_rot6d(torch.from_numpy(matrix_to_rot6d(matrices))), matrices, atol=1e-6)


def test_exp_is_rodrigues() -> None:
    np.testing.assert_allclose(exp(torch.from_numpy(RANDOM.as_rotvec()).float()), RANDOM.as_matrix(), atol=1e-5)
    torch.testing.assert_close(exp(torch.zeros(2, 3)), torch.eye(3).expand(2, 3, 3))


@pytest.mark.parametrize("angle", [0.0, 1e-4, 0.01, 0.3, 1.5, 2.8])
def test_log_undoes_exp_for_turns_of_fingers(angle: float) -> None:
    axes = torch.nn.functional.normalize(torch.randn(50, 3, generator=torch.Generator().manual_seed(0)), dim=-1)
    torch.testing.assert_close(log(exp(angle * axes)), angle * axes, atol=2e-4, rtol=1e-3)


@pytest.mark.parametrize("angle", [0.0, 1e-5, 1.0, np.pi])
def test_gradients_of_log_are_finite_up_to_half_a_turn(angle: float) -> None:
    rotations = exp(torch.tensor([[angle, 0.0, 0.0], [0.0, 0.6 * angle, 0.8 * angle]])).requires_grad_()
    log(rotations).square().sum().backward()  # type: ignore[no-untyped-call]
    assert rotations.grad is not None
    assert torch.isfinite(rotations.grad).all()


def test_gradients_of_6d_are_finite_where_columns_are_zero_or_parallel() -> None:
    rot6d = torch.tensor([[0.0] * 6, [1.0, 2.0, 0.0, 0.0, 1.0, 2.0]]).requires_grad_()
    from_rot6d(rot6d).sum().backward()  # type: ignore[no-untyped-call]
    assert rot6d.grad is not None
    assert torch.isfinite(rot6d.grad).all()


def test_mirrored_vectors_keep_x_only() -> None:
    vectors = torch.from_numpy(RANDOM.as_rotvec()).float() * 0.5
    torch.testing.assert_close(mirrored(exp(vectors)), exp(vectors * torch.tensor([1.0, -1.0, -1.0])))
