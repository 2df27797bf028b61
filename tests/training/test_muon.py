"""Muon's matrices and steps."""

from __future__ import annotations

import torch
from torch import nn

from training.muon import Muon, orthogonal


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((24, 60), (60, 24), (32, 32)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.min() > 0.5
        assert values.max() < 1.4


def test_directions_stay() -> None:
    torch.manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(12, 30), full_matrices=False)
    nearest = u @ v
    found = orthogonal(u @ torch.diag(torch.linspace(1.0, 2.0, 12)) @ v)
    assert (found * nearest).sum() / (found.norm() * nearest.norm()) > 0.97


def test_a_step_is_as_large_as_the_rate_says_whatever_the_gradient() -> None:
    for scale in (1e-6, 1.0, 1e6):
        torch.manual_seed(0)
        weight = nn.Parameter(torch.zeros(16, 8, 3, 3))
        weight.grad = scale * torch.randn_like(weight)
        Muon([weight], lr=0.01, weight_decay=0.0).step()
        assert 0.1 < weight.detach().square().mean().sqrt() / 0.01 < 0.3


def test_it_finds_a_convolution() -> None:
    torch.manual_seed(0)
    wanted, found = (nn.Conv2d(4, 8, 3, bias=False) for _ in range(2))
    optimizer = Muon(found.parameters(), lr=0.02, weight_decay=0.0)
    errors = []
    for step in range(200):
        image = torch.randn(4, 4, 8, 8)
        for group in optimizer.param_groups:
            group["lr"] = 0.02 * (1 - step / 200)
        loss = (found(image) - wanted(image)).square().mean()
        found.zero_grad()
        loss.backward()
        optimizer.step()
        errors.append(loss.item())
    assert errors[-1] < 0.01 * errors[0]
