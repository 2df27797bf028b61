"""Averaged weights in half precision, small enough for git, from which a later session goes on where its checkpoint is
lost: `python -m training.kept`."""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.networks.resnet import BasicBlock
from training import checkpoints
from training.command import UnusableError, run
from training.trainer import Trainer

KEPT = Path(__file__).parent / "kept"


def keep(checkpoint: Path, out: Path) -> None:
    """Write the averaged weights of a checkpoint, and those of what is trained along. Raises FileNotFoundError where
    there is none."""
    state = checkpoints.load(checkpoint)
    halves = {part: {name: _half(value) for name, value in state[part].items()} for part in ("average", "aside")}
    out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"architecture": state["architecture"], "progress": state["progress"], **halves}, out)


def begin_from(trainer: Trainer[Any], path: Path) -> None:
    """Give a new trainer the weights of a file that `keep` wrote, see `grown`; steps and learning rate begin anew. What
    is trained along begins anew too where the file is older than it. Raises FileNotFoundError where there is none,
    UnusableError where it is another file."""
    if not path.is_file():
        raise FileNotFoundError(f"no weights at {path}; leave out --begin-from to begin with none")
    begun = grown(trainer.network, trainer.architecture, path)
    for network in (trainer.network, trainer.average.module):
        network.load_state_dict(begun)
    aside = _content(path).get("aside", {})
    if aside.keys() == trainer.aside.state_dict().keys():
        trainer.aside.load_state_dict(aside)


def grown(network: nn.Module, architecture: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """A network's weights, as `state_dict` has them, from a file that `keep` wrote. A stage of more basic blocks than
    the file has is as the shorter one: the blocks more are the identity. FaceNet may see larger pictures.

    Raises UnusableError where the file is of another architecture, or is none of `keep`.
    """
    content = _content(path)
    weights: Mapping[str, Tensor] = content["average"]
    known, own = {**architecture, **content["architecture"]}, network.state_dict()
    if _alike(known) != _alike(architecture) or weights.keys() - own.keys():
        raise UnusableError(f"the weights in {path} are of another architecture; name others, or begin without")
    for name, block in network.named_modules():
        if isinstance(block, BasicBlock) and f"{name}.bn2.weight" not in weights:
            nn.init.zeros_(block.bn2.weight)
    return network.state_dict() | {name: value.to(own[name].dtype) for name, value in weights.items()}


def _content(path: Path) -> dict[str, Any]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise UnusableError(f"{path} cannot be read as kept weights; name a file that training.kept wrote") from error
    if not isinstance(content, dict) or not {"architecture", "average"} <= content.keys():
        raise UnusableError(f"{path} has no kept weights; name a file that training.kept wrote")
    return content


def _alike(architecture: Mapping[str, Any]) -> dict[str, Any]:
    """What has to be the same: how many blocks there are in a stage, and the size of FaceNet's pictures, left out."""
    return {
        name: {key: each for key, each in value.items() if key != "blocks"} if isinstance(value, dict) else value
        for name, value in architecture.items()
        if name != "face_px"
    }


def _half(value: Tensor) -> Tensor:
    return value.half() if value.is_floating_point() else value


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(prog="python -m training.kept", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("training-run"), help="where the checkpoints are")
    options = parser.parse_args()
    found = [name for name in ("network", "detector") if checkpoints.exists(options.folder / name)]
    if not found:
        raise FileNotFoundError(f"no checkpoint in {options.folder}; train first, or name another --folder")
    for name in found:
        keep(options.folder / name, KEPT / f"{name}.pth")


if __name__ == "__main__":
    run(main)
