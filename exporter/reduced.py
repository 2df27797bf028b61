"""A bundle's graphs in FP16 or INT8, and the proof of what that costs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from torch import Tensor

from engines.bundle import DETECTOR, GRAPHS, LIMIT_MM, sha256
from engines.engine import Engine
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import clip
from exporter.distance import Distances, Figure, Outputs, graph_feeds, run_graphs
from exporter.found_people import FoundPeople, compare
from exporter.graphs import detector_spec, export_graph, graph_specs
from exporter.halves import half_detector, half_trunks
from exporter.proof import ProofError
from exporter.quantise import Quantiser
from exporter.sensitivity import Layer, Trials, layers_to_keep
from models.checkpoint import Checkpoint
from models.networks.hand4whole import Hand4Whole

FRAMES = 72  # of a clip: a third of them to fit ranges to, a third to choose layers on, a third to judge
_STRETCHES = 9  # of the clip, by turns: neighbours are too much alike for one to judge what was fitted to the other
_CROPS_TO_FIT = 3  # of each frame
_SEARCH_S = 240.0
_MARGIN = 0.9  # of the limit, when layers are chosen: other pictures cost more
_NAMED = 8  # layers in a message

Report = Callable[[str], None]


@dataclass(frozen=True)
class Pictures:
    """What reduced graphs are fitted to, what layers are chosen on, and what the result is judged on: different
    stretches of a clip. crops: (N, H, W, 3) uint8; frames as the clip has them."""

    crops_to_fit: NDArray[np.uint8]
    crops_to_choose: NDArray[np.uint8]
    crops_to_judge: NDArray[np.uint8]
    frames_to_fit: list[clip.Shown]
    frames_to_judge: list[clip.Shown]

    @classmethod
    def of(cls, shown: list[clip.Shown], body: Engine, detector: Engine | None) -> Pictures:
        """From a clip's frames. body, detector: to find the person with."""
        fit, choose, judge = by_stretches(shown)
        fitted = clip.people_crops(fit, body, detector, _CROPS_TO_FIT, seed=0)
        judged = clip.people_crops(judge, body, detector, 1, seed=1)
        return cls(fitted, clip.people_crops(choose, body, detector, 1, seed=2), judged, fit, judge)


def by_stretches(shown: list[clip.Shown]) -> list[list[clip.Shown]]:
    """Frames in three, each of every third stretch of the clip."""
    count = 3 * (min(_STRETCHES, len(shown)) // 3)
    bounds = np.linspace(0, len(shown), count + 1).astype(int)
    stretches = [shown[low:high] for low, high in pairwise(bounds)]
    return [[frame for stretch in stretches[first::3] for frame in stretch] for first in range(3)]


def to_half(
    folder: Path,
    end_in_float: bool,
    *,
    traced: Hand4Whole,
    loaded: Checkpoint,
    feeds: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Replace the FP32 graphs in a folder by those with half-precision trunks; end_in_float: see `half_trunks`. feeds:
    to trace them with."""
    halved = half_trunks(traced, end_in_float=end_in_float)
    for spec in graph_specs(halved):
        if spec.name != "pose":  # it has no trunk
            export_graph(spec, halved, feeds[spec.name], folder / f"{spec.name}.onnx")
    if loaded.detector is not None:
        detector = half_detector(loaded.detector)
        export_graph(detector_spec(detector), detector, feeds[DETECTOR], folder / f"{DETECTOR}.onnx")


def reduce_graphs(
    folder: Path,
    precision: str,
    *,
    calibrate: Path,
    shown: list[clip.Shown],
    shape_space: str,
    halve: Callable[[Path, bool], None],
    report: Report,
) -> dict[str, Any]:
    """Replace the FP32 graphs in `folder` by those of "fp16" or "int8"; gives what bundle.json says of it.

    calibrate: the clip that `shown` are frames of. halve: replaces graphs in a folder by their FP16 ones, BodyNet's
    last stage in float where it is told so, which is where all of it in half precision is too far off. Raises
    ClipError where too few frames show anyone, and ProofError past the limit.
    """
    with tempfile.TemporaryDirectory(prefix="wb-export-") as work, ExitStack() as stack:
        full = Path(shutil.copytree(folder, Path(work) / "fp32"))
        engines = {name: stack.enter_context(OnnxRuntimeEngine(full / f"{name}.onnx")) for name in GRAPHS}
        figure = Figure(shape_space)
        found_by = full / f"{DETECTOR}.onnx"
        detector = stack.enter_context(OnnxRuntimeEngine(found_by)) if found_by.exists() else None
        pictures = Pictures.of(shown, engines["body"], detector)
        expected_to_judge = run_graphs(engines, pictures.crops_to_judge)
        kept: list[Layer] = []
        if precision == "fp16":
            for end_in_float in (False, True):
                halve(folder, end_in_float)
                distances = _measured(folder, figure, pictures, expected_to_judge)
                if not distances.too_far(LIMIT_MM[precision]):
                    break
        else:
            quantisers = _quantisers(full, engines, pictures)
            (tried := Path(work) / "tried").mkdir()
            expected = run_graphs(engines, pictures.crops_to_choose)
            trials = Trials(quantisers, engines, figure, pictures.crops_to_choose, expected, tried)
            kept, _ = layers_to_keep(trials, _MARGIN * LIMIT_MM[precision], _SEARCH_S)
            for graph, quantiser in quantisers.items():
                quantiser.write(folder / f"{graph}.onnx", {layer for owner, layer in kept if owner == graph})
            distances = _measured(folder, figure, pictures, expected_to_judge)
        _check(precision, distances, kept)
        _say(report, precision, distances)
        people = None if detector is None else _detector(full, folder, precision, pictures, report)
    return {
        "against": "the FP32 graphs of the same export, on ONNX Runtime on a CPU",
        "clip": {"file": calibrate.name, "sha256": sha256(calibrate)},
        "crops": {
            "fitted": len(pictures.crops_to_fit),
            "chosen_on": len(pictures.crops_to_choose),
            "judged": len(pictures.crops_to_judge),
        },
        "figure": figure.name,
        "distance_mm": {part: asdict(distance) for part, distance in distances.parts_mm.items()},
        "image_px": asdict(distances.image_px),
        "limit_mean_mm": LIMIT_MM[precision],
        "detector": None if people is None else asdict(people),
        "stayed_float": {path.stem: float_layers(path) for path in sorted(folder.glob("*.onnx"))},
    }


def float_layers(path: Path) -> list[str]:
    """Names of the convolutions and matrix products of a graph whose weights are float32."""
    graph = onnx.load(str(path)).graph
    floats = {weight.name for weight in graph.initializer if weight.data_type == onnx.TensorProto.FLOAT}
    weights = (node.input[1] for node in graph.node if node.op_type in ("Conv", "Gemm", "MatMul"))
    return [
        name.removeprefix("network.").removesuffix(".weight")
        for name in weights
        if name in floats and name.startswith("network.")
    ]


def _measured(folder: Path, figure: Figure, pictures: Pictures, expected: Outputs) -> Distances:
    with ExitStack() as stack:
        reduced = {name: stack.enter_context(OnnxRuntimeEngine(folder / f"{name}.onnx")) for name in GRAPHS}
        return figure.distances(run_graphs(reduced, pictures.crops_to_judge), expected)


def _quantisers(full: Path, engines: Mapping[str, Engine], pictures: Pictures) -> dict[str, Quantiser]:
    feeds = graph_feeds(pictures.crops_to_fit, run_graphs(engines, pictures.crops_to_fit))
    return {graph: Quantiser(full / f"{graph}.onnx", feeds[graph]) for graph in GRAPHS}


def _check(precision: str, distances: Distances, kept: list[Layer]) -> None:
    for part in distances.too_far(LIMIT_MM[precision]):
        named = ", ".join(f"{graph} {layer}" for graph, layer in kept[:_NAMED]) or "none"
        advice = {
            "fp16": "The trunks are all that is reduced, and BodyNet's last stage was kept: export without --fp16",
            "int8": f"{len(kept)} layers were kept in float ({named}), chosen on other pictures of the clip; these "
            "need more: give a clip of more people and poses with --calibrate, or export with --fp16",
        }
        raise ProofError(
            f"{precision.upper()} is {distances.parts_mm[part].mean:.2g} mm from FP32 at the {part.replace('_', ' ')}, "
            f"allowed {LIMIT_MM[precision]:g}; no bundle was written. {advice[precision]}"
        )


def _detector(full: Path, folder: Path, precision: str, pictures: Pictures, report: Report) -> FoundPeople:
    """Reduce the detector as far as its own proof holds: all of it, or all but its ends, or not at all."""
    exact, reduced = full / f"{DETECTOR}.onnx", folder / f"{DETECTOR}.onnx"
    with OnnxRuntimeEngine(exact) as engine:
        judged = clip.detector_pictures(pictures.frames_to_judge, engine)
        expected = engine.run({"image": judged})
        fitted = clip.detector_pictures(pictures.frames_to_fit, engine)
    for _ in _reductions(exact, reduced, precision, fitted):
        with OnnxRuntimeEngine(reduced) as engine:
            people = compare(engine.run({"image": judged}), expected)
        if people.hold:
            apart = f"overlap {people.mean_overlap:.3f}, scores within {people.score_difference:.2g}"
            report(f"{precision} detector: {apart}")
            return people
    shutil.copy(exact, reduced)
    report(f"the detector stays in fp32: in {precision} it was not seen to find the same people in the clip")
    return compare(expected, expected)


def _reductions(exact: Path, reduced: Path, precision: str, fitted: NDArray[np.uint8]) -> Iterator[None]:
    """Each writes `reduced`, less and less far."""
    if precision == "fp16":
        yield  # written already
        return
    quantiser = Quantiser(exact, {"image": fitted})
    for kept in ((), (quantiser.layers[0], *quantiser.heads)):
        quantiser.write(reduced, kept)
        yield


def _say(report: Report, precision: str, distances: Distances) -> None:
    mm = ", ".join(f"{part.replace('_', ' ')} {apart.mean:.2g}" for part, apart in distances.parts_mm.items())
    report(f"{precision} to fp32, mean mm: {mm}; in the image {distances.image_px.mean:.2g} px")
