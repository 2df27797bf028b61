"""Train the open weights on people that are drawn meanwhile: `python -m training.train --minutes M --resume`."""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.body_file import OPEN_BODY, read_body_file
from models.networks.hand4whole import Hand4Whole
from training import checkpoints
from training.batches import People
from training.curves import draw_curves
from training.forward import forward
from training.losses import WEIGHTS, Losses
from training.sizes import NETWORK

_SAVE_EVERY_S = 240.0
_LOG_EVERY = 50
_WARM_UP_STEPS = 300
_LEAST_RATE = 0.02  # of the learning rate, at the end of the plan
_CLIP = 1.0


class Trainer:
    """A network, its average over the last steps, and how far training has come."""

    def __init__(self, folder: Path, device: str, rate: float, plan_minutes: float) -> None:
        self._path, self._device, self._rate, self._plan_s = folder / "network", device, rate, 60 * plan_minutes
        self.network = Hand4Whole(NETWORK).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        decay = torch.optim.swa_utils.get_ema_multi_avg_fn(0.999)
        self.average = torch.optim.swa_utils.AveragedModel(self.network, multi_avg_fn=decay, use_buffers=True)
        self.losses = Losses(read_body_file(OPEN_BODY), NETWORK).to(device)
        groups = _weight_decay_groups(self.network)
        self.optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=device == "cuda")
        self.step, self.spent_s = 0, 0.0
        self.history: list[dict[str, float]] = []

    def save(self) -> None:
        """Keep everything needed to go on."""
        checkpoints.save(
            self._path,
            {
                "architecture": NETWORK.to_dict(),
                "network": self.network.state_dict(),
                "average": self.average.module.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "progress": {"step": self.step, "spent_s": self.spent_s, "averaged": int(self.average.n_averaged)},
                "history": json.dumps(self.history),
            },
        )

    def resume(self) -> None:
        """Go on from what was kept."""
        state = checkpoints.load(self._path)
        if state["architecture"] != NETWORK.to_dict():
            raise ValueError(f"the checkpoint {self._path} is of another architecture; begin anew in another folder")
        self.network.load_state_dict(state["network"])
        self.average.module.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.spent_s = state["progress"]["step"], state["progress"]["spent_s"]
        self.average.n_averaged.fill_(state["progress"]["averaged"])
        self.history = json.loads(state["history"])

    def learning_rate(self) -> float:
        """Warm-up, then half a cosine over the planned time."""
        warm = min(1.0, (self.step + 1) / _WARM_UP_STEPS)
        done = min(1.0, self.spent_s / self._plan_s)
        return self._rate * warm * (_LEAST_RATE + (1 - _LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * done)))

    def learn(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """One step; the losses."""
        started = time.perf_counter()
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate()
        batch = {name: value.to(self._device, non_blocking=True) for name, value in batch.items()}
        self.network.train()
        out = forward(self.network, batch["body"], batch["hands"], batch["face"])
        losses = self.losses(out, batch)
        total = sum((WEIGHTS[name] * value for name, value in losses.items()), torch.zeros((), device=self._device))
        self.optimizer.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self.optimizer.step()
        self.average.update_parameters(self.network)
        self.step += 1
        self.spent_s += time.perf_counter() - started
        if self.step % _LOG_EVERY:
            return {}
        return {name: float(value.detach()) for name, value in losses.items()} | {"total": float(total.detach())}


def _weight_decay_groups(network: nn.Module) -> list[dict[str, Any]]:
    matrices = [p for p in network.parameters() if p.ndim > 1]
    vectors = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": 0.02}, {"params": vectors, "weight_decay": 0.0}]


def train(trainer: Trainer, batches: Iterator[dict[str, Tensor]], minutes: float, curves: Path) -> None:
    """Learn for so long, keeping checkpoints."""
    started = saved = time.monotonic()
    recent: dict[str, list[float]] = {}
    while time.monotonic() - started < 60 * minutes:
        for name, value in trainer.learn(next(batches)).items():
            recent.setdefault(name, []).append(value)
        if recent and trainer.step % (4 * _LOG_EVERY) == 0:
            mean = {name: float(np.mean(values)) for name, values in recent.items()}
            trainer.history.append({"step": trainer.step, "minutes": trainer.spent_s / 60} | mean)
            print(_line(trainer.history[-1]), flush=True)
            recent = {}
        if time.monotonic() - saved > _SAVE_EVERY_S:
            trainer.save()
            saved = time.monotonic()
    trainer.save()
    draw_curves(trainer.history, curves)


def _line(row: dict[str, float]) -> str:
    shown = ("total", "body joints", "hand joints", "joints", "arms", "hand pose", "root", "jaw", "expression", "boxes")
    return f"{row['step']:7.0f} {row['minutes']:6.1f} min  " + "  ".join(f"{name} {row[name]:.4f}" for name in shown)


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--minutes", type=float, required=True, help="how long to train now")
    parser.add_argument("--plan", type=float, help="minutes the learning rate falls over, all runs together")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--store", type=Path, default=Path("training-store"), help="people drawn by training.draw_people")
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="where checkpoints are kept")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--loaders", type=int, default=1)
    options = parser.parse_args()
    trainer = Trainer(options.folder, options.device, options.rate, options.plan or options.minutes)
    if options.resume and checkpoints.exists(options.folder / "network"):
        trainer.resume()
    people = People(options.store, NETWORK, trainer.step)
    loader = DataLoader(people, options.batch, num_workers=options.loaders, prefetch_factor=4 if options.loaders else None)
    train(trainer, iter(loader), options.minutes, options.folder / "curves.png")


if __name__ == "__main__":
    main()
