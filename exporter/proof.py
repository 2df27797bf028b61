"""Is a graph the network it came from? The same crops through PyTorch and through the engine, output by output."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engines.engine import Engine
from exporter.graphs import GraphSpec
from models.networks.detector import Detector, People
from models.networks.hand4whole import Hand4Whole

# Largest error allowed, by the kind of output: over ten times what two correct FP32 runs were seen to differ by
# (benchmarks/README.md). A wrong computation is off by far more.
LIMITS = {
    "features": 1e-3,
    "joints": 1e-2,  # cells
    "boxes": 5e-2,  # pixels of the crop, or of the detector's input
    "scores": 1e-3,
    "rot6d": 2e-3,
    "root_rot6d": 2e-3,
    "body_rot6d": 2e-3,
    "jaw_rot6d": 2e-3,
    "betas": 2e-3,
    "expression": 2e-3,
    "camera": 2e-3,  # metres
}


class ProofError(RuntimeError):
    """A graph does not compute what the network does."""


def crops(network: Hand4Whole, seed: int = 0) -> Tensor:
    """Test crops (3, H, W, 3) uint8; see `pictures`."""
    return pictures(network.config.crop_hw, seed)


def pictures(size_hw: tuple[int, int], seed: int = 0) -> Tensor:
    """(3, H, W, 3) uint8: smooth colours, blocks with hard edges, and noise."""
    height, width = size_hw
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / height
    phase, frequency = rng.uniform(0, 2 * np.pi, (3, 1, 1)), rng.uniform(4, 30, (3, 1, 1))
    smooth = 127.5 + 127.5 * np.sin(frequency * (x + 0.5 * y) + phase)  # (3, H, W)
    blocks = rng.integers(0, 256, (height // 32, width // 32, 3)).repeat(32, 0).repeat(32, 1)
    noise = rng.integers(0, 256, (height, width, 3))
    return torch.from_numpy(np.stack((smooth.transpose(1, 2, 0), blocks, noise)).astype(np.uint8))


def reference(network: Hand4Whole, crop: Tensor) -> tuple[dict[str, dict[str, Tensor]], dict[str, tuple[Tensor, ...]]]:
    """What each graph is fed and what the network computes from it, by graph name.

    Each graph is judged on PyTorch's inputs, so that an error is blamed on the graph that makes it.
    """
    with torch.inference_mode():
        body, hand, face, pose = network(crop)
    feeds = {
        "body": {"crop": crop},
        "hand": {"crop": crop, "boxes": body.boxes[:, :2]},
        "face": {"crop": crop, "box": body.boxes[:, 2]},
        "pose": {
            "body_features": body.features,
            "body_joints": body.joints,
            "hand_features": hand.features,
            "hand_joints": hand.joints,
        },
    }
    return feeds, {"body": body, "hand": hand, "face": face, "pose": pose}


def detector_reference(detector: Detector) -> tuple[dict[str, Tensor], People]:
    """What the detector's graph is fed and what the network finds in it."""
    image = pictures(detector.config.input_hw)
    with torch.inference_mode():
        return {"image": image}, detector.detect(image)


def largest_errors(
    spec: GraphSpec, engine: Engine, feeds: Mapping[str, Tensor], expected: tuple[Tensor, ...]
) -> dict[str, float]:
    """Largest absolute difference of each output. Raises ProofError past its limit, and for anything not finite."""
    outputs = engine.run({name: tensor.numpy() for name, tensor in feeds.items()})
    correct = {name: tensor.numpy() for name, tensor in zip(spec.outputs, expected, strict=True)}
    if "scores" in correct:
        outputs["boxes"], correct["boxes"] = _paired(outputs, correct)
    errors = {name: _difference(outputs[name], array) for name, array in correct.items()}
    for name, error in errors.items():
        if not error <= LIMITS[name]:  # NaN fails too
            raise ProofError(
                f"graph {spec.name} differs from PyTorch: {name} by {error:.2g}, allowed {LIMITS[name]:g}; "
                "no bundle was written"
            )
    return errors


def _paired(
    found: Mapping[str, NDArray[Any]], expected: Mapping[str, NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Boxes (M, 4) that were found and were to be: each of those with a score, beside the nearest one found.

    People whose scores differ by less than FP32's rounding may come in another order.
    """
    image, row = np.nonzero(expected["scores"])
    boxes = expected["boxes"][image, row]  # (M, 4)
    distance = np.abs(found["boxes"][image] - boxes[:, None]).max(2)  # (M, K)
    return found["boxes"][image, distance.argmin(1)], boxes


def _difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    return float(np.abs(found.astype(np.float64) - expected).max(initial=0.0))
