"""PyTorch eager against the exported graphs on ONNX Runtime, FP32, one person, per graph and whole.

    python -m benchmarks.network [--checkpoint FILE] [--rounds N] [--out FILE.json]

Both compute the same crop in turns in one process, with the same number of threads. Hands and face get boxes of the
usual size, since the cost of RoIAlign depends on it. Without a checkpoint the weights are random, which costs the
same.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import report
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter.graphs import export_graph, for_export, graph_specs
from exporter.proof import crops, reference
from models.checkpoint import load_checkpoint
from models.networks.hand4whole import Hand4Whole

# xyxy crop pixels of a person who fills the crop.
_HANDS = np.array([[[250, 200, 370, 320], [20, 190, 140, 310]]], np.float32)
_FACE = np.array([[140, 30, 260, 150]], np.float32)
_WARM_UP = 3


def main() -> None:
    options = _options()
    network = load_checkpoint(options.checkpoint).network if options.checkpoint else Hand4Whole().eval()
    with tempfile.TemporaryDirectory() as folder:
        engines = _exported(network, Path(folder))
        runners = {"PyTorch": _pytorch(network), "ONNX Runtime": _onnxruntime(engines)}
        times = _timed(runners, options.rounds)
    names = [*engines, "whole"]
    medians = {runner: {n: statistics.median(t[n] for t in each) for n in names} for runner, each in times.items()}
    ratios = {
        name: statistics.median(a[name] / b[name] for a, b in zip(times["PyTorch"], times["ONNX Runtime"], strict=True))
        for name in names
    }
    rows = [[n, *(f"{medians[runner][n]:.1f}" for runner in runners), f"{ratios[n]:.2f}"] for n in names]
    print(report.table(["graph", "PyTorch ms", "ONNX Runtime ms", "ratio"], rows))
    report.write(options.out, {"benchmark": "network", "rounds": options.rounds, "median_ms": medians, "ratio": ratios})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _exported(network: Hand4Whole, folder: Path) -> dict[str, OnnxRuntimeEngine]:
    traced = for_export(network)
    feeds, _ = reference(network, crops(network))
    engines = {}
    for spec in graph_specs(traced):
        path = folder / f"{spec.name}.onnx"
        export_graph(spec, traced, feeds[spec.name], path)
        engines[spec.name] = OnnxRuntimeEngine(path, threads=torch.get_num_threads())
    return engines


def _crop(shape: tuple[int, ...]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def _pytorch(network: Hand4Whole) -> Callable[[], dict[str, float]]:
    crop = torch.from_numpy(_crop((1, *network.config.crop_hw, 3)))
    hands, face = torch.from_numpy(_HANDS), torch.from_numpy(_FACE)

    def run() -> dict[str, float]:
        clock = _Clock()
        with torch.inference_mode():
            body = clock("body", lambda: network.body(crop))
            hand = clock("hand", lambda: network.hand(crop, hands))
            clock("face", lambda: network.face(crop, face))
            clock("pose", lambda: network.pose(body.features, body.joints, hand.features, hand.joints))
        return clock.ms

    return run


def _onnxruntime(engines: Mapping[str, OnnxRuntimeEngine]) -> Callable[[], dict[str, float]]:
    _, height, width, _ = engines["body"].inputs["crop"].shape
    assert height is not None
    assert width is not None
    crop = _crop((1, height, width, 3))

    def run() -> dict[str, float]:
        clock = _Clock()
        body = clock("body", lambda: engines["body"].run({"crop": crop}, keep=("features",)))
        hand = clock("hand", lambda: engines["hand"].run({"crop": crop, "boxes": _HANDS}, keep=("features",)))
        clock("face", lambda: engines["face"].run({"crop": crop, "box": _FACE}))
        evidence = {"body_features": body["features"], "body_joints": body["joints"]}
        evidence |= {"hand_features": hand["features"], "hand_joints": hand["joints"]}
        clock("pose", lambda: engines["pose"].run(evidence))
        return clock.ms

    return run


class _Clock:
    """Times steps by name, and the whole."""

    def __init__(self) -> None:
        self.ms = {"whole": 0.0}

    def __call__(self, name: str, step: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = step()
        self.ms[name] = 1e3 * (time.perf_counter() - started)
        self.ms["whole"] += self.ms[name]
        return result


def _timed(runners: Mapping[str, Callable[[], dict[str, float]]], rounds: int) -> dict[str, list[dict[str, float]]]:
    """In turns, so that whatever slows the machine slows both."""
    for run in runners.values():
        for _ in range(_WARM_UP):
            run()
    times: dict[str, list[dict[str, float]]] = {name: [] for name in runners}
    for _ in range(rounds):
        for name, run in runners.items():
            times[name].append(run())
    return times


if __name__ == "__main__":
    main()
