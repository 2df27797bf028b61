"""Which layers stay in float: as few as bring INT8 within its limit, found by measuring what each one costs."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from engines.engine import Engine
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter.distance import AFTER, Distances, Figure, Outputs, run_graphs
from exporter.proof import ProofError
from exporter.quantise import Quantiser

Layer = tuple[str, str]  # graph and layer
_NAMED = 8  # layers in a message
_SPARSE = slice(None, None, 3)  # crops on which layers are ranked


@dataclass(frozen=True)
class Trials:
    """INT8 graphs with some layers in float, tried on crops.

    engines: in FP32, and what they say of the crops, `expected`. folder: for graphs that are tried.
    """

    quantisers: Mapping[str, Quantiser]
    engines: Mapping[str, Engine]
    figure: Figure
    crops: NDArray[np.uint8]
    expected: Outputs
    folder: Path

    @property
    def layers(self) -> list[Layer]:
        """All of them, those first that are known to be sensitive: where a graph begins and where it ends."""
        every = [(graph, layer) for graph, quantiser in self.quantisers.items() for layer in quantiser.layers]
        likely = {(graph, layer) for graph, q in self.quantisers.items() for layer in (*q.layers[:1], *q.heads)}
        return sorted(every, key=lambda layer: layer not in likely)

    def distances(self, kept: Collection[Layer]) -> Distances:
        """With every layer in INT8 but those kept."""
        return self._distances({graph: _of(graph, kept) for graph in self.quantisers})

    def alone(self, graph: str, layer: str) -> Distances:
        """With that layer in INT8 and no other, on a part of the crops."""
        few = {name: {key: array[_SPARSE] for key, array in outputs.items()} for name, outputs in self.expected.items()}
        sparse = replace(self, crops=self.crops[_SPARSE], expected=few)
        return sparse._distances({graph: set(self.quantisers[graph].layers) - {layer}})

    def _distances(self, kept: Mapping[str, Collection[str]]) -> Distances:
        """kept: of the graphs that are to be in INT8, layers in float."""
        changed = frozenset[str]().union(*(AFTER[graph] for graph in kept))
        known = {graph: outputs for graph, outputs in self.expected.items() if graph not in changed}
        with ExitStack() as stack:
            engines = dict(self.engines)
            for graph, layers in kept.items():
                path = self.folder / f"{graph}.onnx"
                self.quantisers[graph].write(path, layers)
                engines[graph] = stack.enter_context(OnnxRuntimeEngine(path))
            return self.figure.distances(run_graphs(engines, self.crops, known), self.expected)


def layers_to_keep(trials: Trials, limit_mm: float, seconds: float) -> tuple[list[Layer], Distances]:
    """The layers to keep in float, and how far the rest is from FP32.

    Each layer is tried in INT8 alone, for so many seconds in all; the costliest are kept, in twice as many at a time,
    then as few of them as will do. Raises ProofError where even half of all layers are too few.
    """
    found = trials.distances(())
    failing = found.too_far(limit_mm)
    if not failing:
        return [], found
    ranked = _costliest_first(trials, failing, time.monotonic() + seconds)
    enough, too_few, most = 0, 0, len(ranked) // 2
    while not enough:
        if too_few >= most:
            raise ProofError(_refusal(found, limit_mm, ranked, too_few))
        count = min(max(1, 2 * too_few), most)
        found = trials.distances(ranked[:count])
        enough, too_few = (0, count) if found.too_far(limit_mm) else (count, too_few)
    while enough - too_few > 1:
        count = (enough + too_few) // 2
        fewer = trials.distances(ranked[:count])
        if fewer.too_far(limit_mm):
            too_few = count
        else:
            enough, found = count, fewer
    return ranked[:enough], found


def _costliest_first(trials: Trials, parts: Collection[str], deadline_s: float) -> list[Layer]:
    """Layers by what they cost the parts; those that there was no time for come last."""
    cost: dict[Layer, float] = {}
    layers = trials.layers
    # Minutes: with a bar, where there is a terminal.
    for layer in tqdm(layers, desc="int8, layers tried", unit=" layers", disable=None, leave=False):
        if time.monotonic() > deadline_s:
            break
        apart = trials.alone(*layer).parts_mm
        cost[layer] = sum(apart[part].mean for part in parts)
    return sorted(layers, key=lambda layer: -cost.get(layer, -1.0))


def _refusal(found: Distances, limit_mm: float, ranked: list[Layer], kept: int) -> str:
    worst = max(found.too_far(limit_mm), key=lambda part: found.parts_mm[part].mean)
    names = ", ".join(f"{graph} {layer}" for graph, layer in ranked[:_NAMED])
    return (
        f"INT8 is {found.parts_mm[worst].mean:.2g} mm from FP32 at the {worst.replace('_', ' ')}, allowed "
        f"{limit_mm:g}, with {kept} layers kept in float; the layers to keep are, costliest first, {names} and more: "
        "too many for INT8 to gain anything. No bundle was written; export with --fp16, or in FP32"
    )


def _of(graph: str, kept: Collection[Layer]) -> set[str]:
    return {layer for owner, layer in kept if owner == graph}
