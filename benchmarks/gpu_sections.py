"""The parts of `benchmarks.gpu`, each by itself on any device of PyTorch's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from app.crop import Crop
from app.frame import Box, Frame
from benchmarks import report
from benchmarks.networks import Networks
from benchmarks.sample import VIDEO
from benchmarks.torch_engine import PARTS, TorchEngine
from benchmarks.turns import in_turns
from exporter.halves import half_detector, half_trunks
from models.body_file import OPEN_BODY, read_body_file
from models.networks.config import NetworkConfig
from models.networks.detector import Detector
from models.networks.hand4whole import Hand4Whole

if TYPE_CHECKING:
    from app.boxes import Track
    from app.frame import Person

_KEPT = Path(__file__).parents[1] / "training" / "kept" / "network.pth"
_BODY_TO_JOINTS = 1.2  # a body is this much larger than the box around its joints
_FILE_BATCH = 32
_WARM_UP = 3


def can_capture(device: str) -> dict[str, Any]:
    """Whether networks run as CUDA graphs here, and if not, why."""
    try:
        Networks(_engines(Hand4Whole().eval().to(device), device, captured=True))()
    except RuntimeError as error:
        return {"captured": False, "why": report.without_folders(str(error).splitlines()[0])}
    return {"captured": True}


def networks_ms(
    device: str, rounds: int, *, captured: bool, network: Hand4Whole | None = None
) -> dict[str, dict[str, float]]:
    """Milliseconds of each part of the networks and of the whole, one person, by precision; medians."""
    runs = {
        precision: Networks(_engines(each, device, captured=captured))
        for precision, each in _precisions(network or Hand4Whole(), device).items()
    }
    found = in_turns(runs, rounds, _WARM_UP)
    return {
        precision: {part: statistics.median(ms[part] for ms in each) for part in each[0]}
        for precision, each in found.items()
    }


def batch_rates(
    device: str, batches: Sequence[int], rounds: int, *, captured: bool, network: Hand4Whole | None = None
) -> dict[str, dict[str, float]]:
    """People a second of the FP16 networks, by people at once, each size on its own."""
    half = _precisions(network or Hand4Whole(), device)["fp16"]
    rates = {}
    for people in batches:
        run = Networks(_engines(half, device, captured=captured), people)
        (found,) = in_turns({"run": run}, rounds, _WARM_UP).values()
        rates[f"{people}"] = 1e3 * people / statistics.median(ms["whole"] for ms in found)
    return {"people_per_s": rates}


def parity_mm(device: str, count: int) -> dict[str, dict[str, float]]:
    """Mean and p99 distance in mm of FP16's vertices to FP32's, by part: the open network on the sample's person."""
    from exporter.distance import Figure, run_graphs

    network = open_network()
    height, width = network.config.crop_hw
    crops = []
    for frame, box in islice(_sample(), count):
        crop = Crop.around(box, frame.size_wh, (width, height))
        assert crop is not None
        crops.append(crop.warp(frame.rgb))
    outputs = {
        precision: run_graphs(_engines(each, device), np.stack(crops))
        for precision, each in _precisions(network, device).items()
    }
    apart = Figure(read_body_file(OPEN_BODY).shape_space).distances(outputs["fp16"], outputs["fp32"])
    return {part: {"mean": each.mean, "p99": each.p99} for part, each in apart.parts_mm.items()}


def loop_rates(device: str, frames: int, *, captured: bool, network: Hand4Whole | None = None) -> dict[str, float]:
    """Frames a second from decoded frames of the sample to meshes of the open body, networks in FP16.

    One by one with the detector in every frame; then in batches, with a fixed box.
    """
    from app.boxes import BoxPolicy, FixedBox
    from app.estimator import Estimator
    from app.pinhole import Pinhole
    from app.pipeline import Pipeline
    from app.smoothing.settings import SmoothSettings
    from app.tracker import Tracker
    from models.smplx_body import SmplxBody

    half = _precisions(network or Hand4Whole(), device)["fp16"]
    body = SmplxBody.load(OPEN_BODY)
    film = list(_sample())
    _, box = film[0]
    ways: dict[str, tuple[BoxPolicy, int]] = {
        "detector_every_frame_fps": (_Detected(device, box), 1),
        "batched_people_per_s": (FixedBox(box), _FILE_BATCH),
    }
    rates = {}
    for name, (boxes, people) in ways.items():
        estimator = Estimator(_engines(half, device, captured=captured), body.hand_mean, mean_shape=True)
        tracker = Tracker(
            boxes, estimator, body, lambda wh: Pinhole.from_fov(60.0, wh), SmoothSettings(), people_at_once=people
        )
        for count in (min(2 * _FILE_BATCH, frames), frames):  # the first tunes and captures
            started = time.perf_counter()
            with Pipeline(_again(film, count), tracker.groups(device="cuda")) as pipeline:
                done = sum(len(result.people) for result in pipeline)
            rates[name] = done / (time.perf_counter() - started)
            tracker.reset()
    return rates


def onnxruntime_rates(rounds: int) -> dict[str, Any]:
    """Milliseconds of the open bundle's graphs on ONNX Runtime CUDA, and people a second in batches."""
    from app.load import OPEN_BUNDLE
    from engines.onnxruntime_engine import OnnxRuntimeEngine

    engines = {part: OnnxRuntimeEngine(OPEN_BUNDLE / f"{part}.onnx", "cuda") for part in PARTS}
    (found,) = in_turns({"one": Networks(engines)}, rounds, _WARM_UP).values()
    rates = {}
    for people in (8, 32):
        (each,) = in_turns({"many": Networks(engines, people)}, max(3, rounds // 5), _WARM_UP).values()
        rates[f"{people}"] = 1e3 * people / statistics.median(ms["whole"] for ms in each)
    ms = {part: statistics.median(ms[part] for ms in found) for part in found[0]}
    return {"network": "open", "ms": ms, "people_per_s": rates}


def open_network() -> Hand4Whole:
    """The open network as training kept it."""
    kept = torch.load(_KEPT, map_location="cpu", weights_only=True)
    network = Hand4Whole(NetworkConfig.from_dict(kept["architecture"]))
    network.load_state_dict({name: value.float() for name, value in kept["average"].items()}, strict=False)
    return network.eval()


class _Detected:
    """A box policy: the detector in every frame, whatever it finds, and always the same box."""

    sequential = False

    def __init__(self, device: str, box: Box) -> None:
        self._box, self._device = box, device
        self._detector = half_detector(Detector()).to(device)
        self._input_wh = self._detector.config.input_hw[::-1]
        self._begins = True

    def tracks(self, frame: Frame, *, cut: bool) -> tuple[Track, ...]:  # noqa: ARG002 - always the same
        from app.boxes import Track

        fitted = np.asarray(cv2.resize(frame.rgb, self._input_wh), np.uint8)
        with torch.inference_mode():
            found = self._detector.detect(torch.from_numpy(fitted[None]).to(self._device))
        found.scores.cpu()
        begins, self._begins = self._begins, False
        return (Track(1, self._box, begins),)

    def seen(self, frame: Frame, people: tuple[Person, ...]) -> None:
        """Changes nothing."""


def _precisions(network: Hand4Whole, device: str) -> Mapping[str, Hand4Whole]:
    exact = network.eval().to(device)
    return {"fp32": exact, "fp16": half_trunks(exact)}


def _engines(network: Hand4Whole, device: str, *, captured: bool = False) -> dict[str, TorchEngine]:
    return {part: TorchEngine(network, part, device, captured=captured) for part in PARTS}


def _sample() -> Iterator[tuple[Frame, Box]]:
    """The shipped sample's frames and its person's box in each."""
    with np.load(VIDEO.with_suffix(".npz")) as truth:
        joints_m, (fx, fy, cx, cy) = truth["joints"].astype(np.float64), truth["camera"]
    px: NDArray[np.float64] = joints_m[..., :2] / joints_m[..., 2:] * (fx, fy) + (cx, cy)  # (T, 55, 2)
    film = cv2.VideoCapture(str(VIDEO))
    for index, points in enumerate(px):
        there, bgr = film.read()
        if not there:
            return
        low, high = points.min(0), points.max(0)
        middle, half = (low + high) / 2, _BODY_TO_JOINTS * (high - low) / 2
        x1, y1, x2, y2 = map(float, (*(middle - half), *(middle + half)))
        rgb = np.ascontiguousarray(np.asarray(bgr, np.uint8)[..., ::-1])
        yield Frame(index, index / 30, rgb, time.perf_counter()), Box((x1, y1, x2, y2), 1.0)


def _again(film: Sequence[tuple[Frame, Box]], count: int) -> Iterator[Frame]:
    """So many frames, the clip over and over."""
    for index, (frame, _) in enumerate(islice(cycle(film), count)):
        yield Frame(index, index / 30, frame.rgb, time.perf_counter())
