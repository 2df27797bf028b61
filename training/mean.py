"""Bring trainings together that run beside each other: `python -m training.mean FOLDER FOLDER ...`.

On two cores two processes of one thread took 65 steps of 64 people in a minute, one process with both 45. Each learns
from people of its own, and every few minutes all go on from the mean of what they have learnt (Stich 2019, "Local SGD
converges fast and communicates little"):

    for turn in $(seq 12); do
      for k in 1 2; do
        OMP_NUM_THREADS=1 python -m training.train --begin-from training/kept/network.pth --resume --store store-$k \\
          --folder run-$k --minutes 8 --plan 96 &
      done; wait
      python -m training.mean run-1 run-2
    done
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from training import checkpoints
from training.command import run

_MEANT = ("network", "average", "aside", "optimizers")


def bring_together(paths: Sequence[Path]) -> None:
    """Give checkpoints the mean of their weights and of what their optimizers remember; steps, time and history stay
    each one's own. Raises FileNotFoundError where one is missing, ValueError where they are of different networks."""
    states = [checkpoints.load(path) for path in paths]
    first = states[0]
    for path, state in zip(paths[1:], states[1:], strict=True):
        if state["architecture"] != first["architecture"]:
            raise ValueError(f"{path} and {paths[0]} are of different architectures; name trainings of one network")
    means = {name: mean([state[name] for state in states]) for name in _MEANT}
    for path, state in zip(paths, states, strict=True):
        checkpoints.save(path, state | means)


def mean(trees: Sequence[Any]) -> Any:
    """Of trees of dictionaries and lists that are alike: the mean of their floating-point tensors, else the first's."""
    first = trees[0]
    if isinstance(first, dict):
        return type(first)((name, mean([tree[name] for tree in trees])) for name in first)
    if isinstance(first, list):
        return [mean(each) for each in zip(*trees, strict=True)]
    if isinstance(first, torch.Tensor) and first.is_floating_point():
        return torch.stack([tree.float() for tree in trees]).mean(0).to(first.dtype)
    return first


def main() -> None:
    """Bring them together."""
    parser = argparse.ArgumentParser(prog="python -m training.mean", description="Give trainings their mean.")
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="of trainings that have stopped")
    parser.add_argument("--name", default="network", choices=("network", "detector"), help="default: network")
    options = parser.parse_args()
    if len(options.folders) < 2:
        parser.error(f"{options.folders[0]} is one training; name two or more, to bring together")
    try:
        bring_together([folder / options.name for folder in options.folders])
    except ValueError as error:
        parser.error(str(error))


if __name__ == "__main__":
    run(main)
