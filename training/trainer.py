"""What training any network has in common: the learning rate, the average of the weights, checkpoints."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.optim import swa_utils

from training import checkpoints
from training.command import UnusableError

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)

_LEAST_RATE = 0.02  # of the learning rate, at the end of the plan


@dataclass(frozen=True)
class Plan:
    """A warm-up, then half a cosine over the planned time.

    rate: the highest learning rate. minutes: of all runs together. clip: the largest norm of all gradients together.
    decay: how much of the averaged weights a step leaves.
    """

    rate: float
    minutes: float
    warm_up_steps: int
    clip: float
    decay: float

    def rate_at(self, step: int, spent_s: float) -> float:
        """The learning rate after so many steps and seconds."""
        warm = min(1.0, (step + 1) / self.warm_up_steps)
        done = min(1.0, spent_s / (60 * self.minutes))
        return self.rate * warm * (_LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))


class Trainer(Generic[Batch]):
    """A network, its average over the last steps, and how far training has come.

    history: a row for every so many steps, `step`, `minutes` and the losses.
    """

    def __init__(
        self,
        path: Path,
        network: nn.Module,
        architecture: Mapping[str, Any],
        optimizers: Sequence[torch.optim.Optimizer],
        *,
        losses: Callable[[Batch], dict[str, Tensor]],
        plan: Plan,
        aside: nn.Module | None = None,
    ) -> None:
        """path: of the checkpoint. optimizers: each of some weights, all at one learning rate. losses: of a batch,
        scalars by name; the one called "total" is made smaller. aside: what is trained along, for a loss only."""
        self.network = network
        self.aside = nn.Module() if aside is None else aside
        self.average = averaged(network, plan.decay)
        self.step, self.spent_s = 0, 0.0
        self.history: list[dict[str, float]] = []
        self.architecture = dict(architecture)
        self._path, self._plan = path, plan
        self._optimizers, self._losses = tuple(optimizers), losses

    def learn(self, batch: Batch) -> dict[str, Tensor]:
        """One step; the losses before it."""
        started = time.perf_counter()
        for optimizer in self._optimizers:
            for group in optimizer.param_groups:
                group["lr"] = self._plan.rate_at(self.step, self.spent_s)
        losses = self._losses(batch)
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        losses["total"].backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self._plan.clip)
        for optimizer in self._optimizers:
            optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        self.spent_s += time.perf_counter() - started
        return {name: value.detach() for name, value in losses.items()}

    @property
    def kept(self) -> bool:
        """Whether there is a checkpoint to go on from."""
        return checkpoints.exists(self._path)

    def save(self) -> None:
        """Keep everything needed to go on."""
        progress = {"step": self.step, "spent_s": self.spent_s, "averaged": int(self.average.n_averaged)}
        checkpoints.save(
            self._path,
            {
                "architecture": self.architecture,
                "network": self.network.state_dict(),
                "average": self.average.module.state_dict(),
                "aside": self.aside.state_dict(),
                "optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
                "progress": progress,
                "history": json.dumps(self.history),
            },
        )

    def resume(self) -> None:
        """Go on from what was kept. Raises UnusableError where that is of another architecture."""
        state = checkpoints.load(self._path)
        if {**self.architecture, **state["architecture"]} != self.architecture:
            raise UnusableError(f"the checkpoint {self._path} is of another architecture; begin anew in another folder")
        self.network.load_state_dict(state["network"])
        self.average.module.load_state_dict(state["average"])
        self.aside.load_state_dict(state["aside"])
        for optimizer, kept in zip(self._optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
        self.step, self.spent_s = state["progress"]["step"], state["progress"]["spent_s"]
        self.average.n_averaged.fill_(state["progress"]["averaged"])
        self.history = json.loads(state["history"])


def averaged(network: nn.Module, decay: float) -> swa_utils.AveragedModel:
    """An exponential moving average of weights and buffers."""
    average = swa_utils.get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
    return swa_utils.AveragedModel(network, multi_avg_fn=average, use_buffers=True)


def placed(network: Network, device: str) -> Network:
    """On a device, channels last in memory, which convolutions are faster with."""
    network.to(device)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network
