"""Reading a training checkpoint without running anything inside it."""

from __future__ import annotations

import math
import pickle
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from models.networks.config import DetectorConfig, NetworkConfig
from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole

_PREFIX = "module."
_NAMES_SHOWN = 100
_RELEASED_SHAPE_SPACE = "smplx"

_Network = TypeVar("_Network", bound=nn.Module)


class CheckpointError(ValueError):
    """The file is not a checkpoint of this network; the message says in what way."""


@dataclass(frozen=True)
class Checkpoint:
    """Networks in evaluation mode on the CPU, and the space of bodies that shape and expression are for.

    joint_depth_m: what the depth of BodyNet's heatmaps covers, about the pelvis; where it is told, meshes are to be
    fitted to the joints.
    """

    network: Hand4Whole
    shape_space: str
    detector: Detector | None = None
    licence: str | None = None
    joint_depth_m: float | None = None


def load_checkpoint(path: Path) -> Checkpoint:
    """Read and check a checkpoint.

    The file is what the released code saves: {"epoch": ..., "network": {"module." + name: tensor}, "optimizer": ...}.
    An "architecture" beside them holds the sizes of a smaller variant (`NetworkConfig.to_dict`), "shape_space" the
    name of a body's space; without them they are the released network's. A "detector" beside them has a "network" and
    an "architecture" (`DetectorConfig.to_dict`) of its own; a "licence" is that of the weights; for "joint_depth_m" see
    `Checkpoint`. Raises CheckpointError, naming every tensor that is missing, unexpected or of another shape, and
    FileNotFoundError.
    """
    content = _read(path)
    if not isinstance(content, dict) or not isinstance(content.get("network"), Mapping):
        raise CheckpointError(
            f'{path} is not a Hand4Whole checkpoint: it has no "network". Expected the released snapshot_6.pth.tar'
        )
    network = _built(path, "Hand4Whole", content, lambda sizes: Hand4Whole(NetworkConfig.from_dict(sizes)))
    detector = None
    if "detector" in content:
        detector = _built(
            path, "Detector", content["detector"], lambda sizes: Detector(DetectorConfig.from_dict(sizes))
        )
    shape_space = content.get("shape_space", _RELEASED_SHAPE_SPACE)
    if not isinstance(shape_space, str) or not shape_space:
        raise CheckpointError(f"{path} has a shape_space that is no text, expected the name of a body's space")
    licence = content.get("licence")
    if licence is not None and not isinstance(licence, str):
        raise CheckpointError(f"{path} has a licence that is no text, expected one line")
    joint_depth_m = content.get("joint_depth_m")
    if joint_depth_m is not None and not (isinstance(joint_depth_m, int | float) and 0 < joint_depth_m < math.inf):
        raise CheckpointError(f"{path} has a joint_depth_m that is no length, expected metres above zero")
    return Checkpoint(network, shape_space, detector, licence, joint_depth_m)


def _built(path: Path, name: str, content: Any, build: Callable[[Any], _Network]) -> _Network:
    """One network from its part of the file. build: makes it of an "architecture"."""
    if not isinstance(content, Mapping) or not isinstance(content.get("network"), Mapping):
        raise CheckpointError(f'{path} has no "network" for {name}')
    try:
        network = build(content.get("architecture", {}))
    except (TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} has an architecture that cannot be built, for {name}: {error}") from error
    state = {str(key).removeprefix(_PREFIX): tensor for key, tensor in content["network"].items()}
    _check(path, name, network.state_dict(), state)
    network.load_state_dict(state, strict=True)
    return network.eval()


def _read(path: Path) -> Any:
    if not path.is_file():
        raise FileNotFoundError(f"no checkpoint at {path}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about pickle protocols; what matters is raised
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{path} was refused: it is not a checkpoint, or it holds something other than tensors and numbers, "
            "which could run code when read; name the released snapshot_6.pth.tar or a checkpoint of training"
        ) from error
    except Exception as error:  # torch raises many kinds for a file it cannot parse
        raise CheckpointError(
            f"{path} cannot be read as a PyTorch checkpoint: it is damaged or another format; "
            "name the released snapshot_6.pth.tar or a checkpoint of training"
        ) from error


def _check(path: Path, network: str, expected: Mapping[str, Tensor], found: Mapping[str, Any]) -> None:
    problems = [
        _named("missing", (name for name in expected if name not in found)),
        _named("unexpected", (name for name in found if name not in expected)),
        _named(
            "wrong",
            (
                f"{name} ({_described(found[name])}, expected {list(tensor.shape)})"
                for name, tensor in expected.items()
                if name in found and _shape(found[name]) != tensor.shape
            ),
        ),
        _named("not finite", (name for name, tensor in found.items() if name in expected and not _finite(tensor))),
    ]
    if any(problems):
        raise CheckpointError(f"{path} does not fit {network}: {'; '.join(filter(None, problems))}")


def _named(what: str, names: Iterable[str]) -> str:
    listed = list(names)
    if not listed:
        return ""
    more = f" and {len(listed) - _NAMES_SHOWN} more" if len(listed) > _NAMES_SHOWN else ""
    return f"{len(listed)} tensors {what}: {', '.join(listed[:_NAMES_SHOWN])}{more}"


def _shape(value: Any) -> torch.Size | None:
    return value.shape if isinstance(value, Tensor) else None


def _described(value: Any) -> str:
    return str(list(value.shape)) if isinstance(value, Tensor) else type(value).__name__


def _finite(value: Any) -> bool:
    return not isinstance(value, Tensor) or bool(torch.isfinite(value).all())
