"""Muon (Jordan et al. 2024): momentum whose matrices are made orthogonal. Convolutions learn in fewer steps with it
than with AdamW."""

from __future__ import annotations

import re
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from training.precision import bfloat16_is_quick

_MOMENTUM = 0.95
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # Jordan's coefficients: singular values go to about one in five steps
_STEPS = 5
_ADAM_RMS = 0.2  # updates as large as AdamW's, so that learning rate and decay serve both (Liu et al. 2025, eq. 4)


class Muon(torch.optim.Optimizer):
    """For the weights (out, ...) of hidden layers; each is a matrix (out, the rest)."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002 - torch's own signature
        """Move all that have a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                momentum = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                momentum.lerp_(weight.grad, 1 - _MOMENTUM)
                ahead = weight.grad.lerp(momentum, _MOMENTUM).flatten(1)  # Nesterov's
                size = _ADAM_RMS * max(ahead.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(orthogonal(ahead).view_as(weight), alpha=-group["lr"] * size)


def muon_and_adamw(
    network: nn.Module, outer: re.Pattern[str], rate: float, weight_decay: float
) -> tuple[torch.optim.Optimizer, ...]:
    """Muon for the convolutions within; AdamW for those that `outer` finds by name, for heads, and for vectors, which
    do not decay."""
    parameters = dict(network.named_parameters())
    hidden = [name for name, weight in parameters.items() if weight.ndim == 4 and not outer.search(name)]
    others = parameters.keys() - set(hidden)
    matrices = [parameters[name] for name in sorted(others) if parameters[name].ndim > 1]
    vectors = [parameters[name] for name in sorted(others) if parameters[name].ndim <= 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]
    return (
        Muon([parameters[name] for name in hidden], rate, weight_decay),
        torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True),
    )


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly the nearest (semi-)orthogonal matrix: the singular values of a matrix (m, n) all to about one, by a
    Newton-Schulz iteration in bfloat16, where that is quick."""
    a, b, c = _NEWTON_SCHULZ
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    x = x.bfloat16() if bfloat16_is_quick(x.device.type) else x
    for _ in range(_STEPS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    result: Tensor = (x.T if tall else x).to(matrix.dtype)
    return result
