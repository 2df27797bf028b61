"""PyTorch eager against the exported graphs on each runtime and precision of this CPU, one person, per graph and whole.

    python -m benchmarks.network [--checkpoint FILE] [--rounds N] [--out FILE.json] [--picture FILE.png]

ONNX Runtime in FP32 and in INT8 (BodyNet's layers that take pictures or give heatmaps in float), and OpenVINO in
bfloat16 and INT8 where it is installed and the processor can. All compute the same crop in turns in one process, with
one thread a core, each twice, of which the second counts. Without a checkpoint the weights are random, of the released
size, which costs the same.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks import chart, command, report
from benchmarks.networks import Networks
from benchmarks.torch_engine import TorchEngine
from benchmarks.turns import in_turns
from engines.bundle import GRAPHS
from engines.cores import physical_cores
from engines.engine import Engine, EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.openvino_engine import OpenVinoEngine
from exporter.distance import graph_feeds, run_graphs
from exporter.graphs import export_graph, for_export, graph_specs
from exporter.proof import crops, reference
from exporter.quantise import Quantiser
from models.checkpoint import CheckpointError, load_checkpoint
from models.networks.hand4whole import Hand4Whole

_WARM_UP = 3
_BASE = "PyTorch"
# What stays in float in INT8: what takes BodyNet's pictures and gives its heatmaps. What a network needs its proof says
# (exporter/sensitivity.py): the open bundle nearly all of BodyNet and two layers of HandNet.
_FLOAT = ("backbone.conv1", "body_position_net.conv.0", "box_net.bbox_center.0")
_TARGETS = {"ONNX Runtime fp32": 1.5, "OpenVINO bf16": 2.8, "OpenVINO int8": 5.5}  # times PyTorch, design.md's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--rounds", type=command.count, default=40)
    report.add_outputs(parser)
    options = parser.parse_args()
    network = load_checkpoint(options.checkpoint).network if options.checkpoint else Hand4Whole().eval()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        runners = _runners(network, Path(folder), stack)
        times = in_turns(runners, options.rounds, _WARM_UP, again=True)
    show(times, options.out, options.picture)


def show(times: Mapping[str, Sequence[Mapping[str, float]]], out: Path | None, picture: Path | None) -> None:
    """The table, the JSON and the picture of milliseconds by runner, round and graph."""
    names = [*GRAPHS, "whole"]
    medians = {runner: {n: statistics.median(ms[n] for ms in each) for n in names} for runner, each in times.items()}
    ratios = {
        runner: {n: statistics.median(a[n] / b[n] for a, b in zip(times[_BASE], each, strict=True)) for n in names}
        for runner, each in times.items()
        if runner != _BASE
    }
    header = ["graph", *(f"{runner} ms" for runner in times), *(f"{runner} ratio" for runner in ratios)]
    rows = [
        [n, *(f"{medians[runner][n]:.1f}" for runner in times), *(f"{ratios[runner][n]:.2f}" for runner in ratios)]
        for n in names
    ]
    print(report.table(header, rows))
    rounds = len(times[_BASE])
    report.write(out, {"benchmark": "network", "rounds": rounds, "median_ms": medians, "ratio": ratios})
    if picture is not None:
        whole = {runner: ratio["whole"] for runner, ratio in ratios.items()}
        chart.bars(picture, f"times as fast as PyTorch eager, {rounds} rounds; red: target", whole, _TARGETS)


def _runners(network: Hand4Whole, folder: Path, stack: ExitStack) -> dict[str, Networks]:
    """By name; whatever is not to be had here is named and left out."""
    threads = physical_cores() or torch.get_num_threads()
    torch.set_num_threads(threads)
    exact = _exported(network, folder)
    runners = {_BASE: Networks({name: TorchEngine(network, name, "cpu") for name in GRAPHS})}
    with ExitStack() as exporting:
        engines = {name: exporting.enter_context(OnnxRuntimeEngine(path)) for name, path in exact.items()}
        integer = _quantised(engines, exact, crops(network).numpy(), folder)
    ways: dict[str, tuple[Mapping[str, Path], Callable[[Path], Engine]]] = {
        "ONNX Runtime fp32": (exact, lambda path: OnnxRuntimeEngine(path, threads=threads)),
        "OpenVINO bf16": (exact, lambda path: OpenVinoEngine(path, "bf16", threads)),
        "ONNX Runtime int8": (integer, lambda path: OnnxRuntimeEngine(path, threads=threads)),
        "OpenVINO int8": (integer, lambda path: OpenVinoEngine(path, "int8", threads)),
    }
    for name, (graphs, load) in ways.items():
        try:
            runners[name] = Networks({graph: stack.enter_context(load(path)) for graph, path in graphs.items()})
        except EngineError as error:
            print(f"{name} left out: {error}")
    return runners


def _exported(network: Hand4Whole, folder: Path) -> dict[str, Path]:
    traced = for_export(network)
    feeds, _ = reference(network, crops(network))
    paths = {}
    for spec in graph_specs(traced):
        paths[spec.name] = folder / f"{spec.name}.onnx"
        export_graph(spec, traced, feeds[spec.name], paths[spec.name])
    return paths


def _quantised(
    engines: Mapping[str, Engine],
    exact: Mapping[str, Path],
    pictures: np.ndarray[Any, np.dtype[np.uint8]],
    folder: Path,
) -> dict[str, Path]:
    feeds = graph_feeds(pictures, run_graphs(engines, pictures))
    paths = {}
    for name, path in exact.items():
        paths[name] = folder / f"{name}.int8.onnx"
        quantiser = Quantiser(path, feeds[name])
        quantiser.write(paths[name], [layer for layer in quantiser.layers if layer in _FLOAT])
    return paths


if __name__ == "__main__":
    command.run(main, CheckpointError)
