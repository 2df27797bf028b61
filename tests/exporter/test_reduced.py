"""`wb-export --int8` and `--fp16`: what is computed in what, what it costs, and what happens past the limit."""

from __future__ import annotations

from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch

from engines.bundle import GRAPHS
from engines.engine import Engine, TensorSpec
from engines.onnxruntime_engine import OnnxRuntimeEngine
from exporter import reduced
from exporter.clip import SAMPLE, ClipError, Shown, frames, people_crops
from exporter.distance import Distance, Distances, Figure, Outputs, graph_feeds, run_graphs
from exporter.found_people import compare
from exporter.halves import half_trunks
from exporter.proof import ProofError
from exporter.quantise import Quantiser
from exporter.reduced import Pictures, by_stretches, float_layers, reduce_graphs
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY

PARTS = ("body", "left_hand", "right_hand", "face")


@pytest.fixture(scope="module")
def loaded(tiny_bundle: Path) -> dict[str, Engine]:
    return {name: OnnxRuntimeEngine(tiny_bundle / f"{name}.onnx") for name in GRAPHS}


@pytest.fixture(scope="module")
def crops(loaded: dict[str, Engine]) -> Any:
    return people_crops(frames(SAMPLE, 4), loaded["body"], None, 1, seed=0)


@pytest.fixture(scope="module")
def outputs(loaded: dict[str, Engine], crops: Any) -> Outputs:
    return run_graphs(loaded, crops)


@pytest.fixture(scope="module")
def quantiser(tiny_bundle: Path, crops: Any) -> Quantiser:
    return Quantiser(tiny_bundle / "body.onnx", {"crop": crops})


# Pictures


@pytest.mark.parametrize("count", [3, 4, 8, 9, 31, 72])
def test_what_is_judged_on_was_neither_fitted_to_nor_chosen_on(count: int) -> None:
    """Each frame is in one of the three, and hardly any next to one of another: they would be much alike."""
    shown = frames(SAMPLE, count)
    three = by_stretches(shown)
    assert sorted(id(frame) for some in three for frame in some) == sorted(map(id, shown))
    assert all(three)
    owner = [next(k for k, some in enumerate(three) if any(frame is one for one in some)) for frame in shown]
    changes = sum(a != b for a, b in pairwise(owner))
    assert changes <= 8
    assert owner[0] == 0


def test_crops_of_the_sample_show_the_person(loaded: dict[str, Engine]) -> None:
    """The person's shirt is striped and his trousers are blue: both are in every crop, large and near its middle."""
    shown = frames(SAMPLE, 6)
    assert len(shown) == 6
    for crop in people_crops(shown, loaded["body"], None, 1, seed=3):
        red, green, blue = (crop[..., channel].astype(int) for channel in range(3))
        _, x = np.nonzero((blue - red > 25) & (green - red > 15))
        assert 0.02 < len(x) / crop[..., 0].size < 0.4
        assert 0.25 < x.mean() / crop.shape[1] < 0.75


def test_crops_are_the_same_for_the_same_seed(loaded: dict[str, Engine], crops: Any) -> None:
    again = people_crops(frames(SAMPLE, 4), loaded["body"], None, 1, seed=0)
    np.testing.assert_array_equal(again, crops)
    assert crops.shape == (4, *TINY.crop_hw, 3)
    assert crops.dtype == np.uint8


class Scores:
    """A detector of a box in the middle, whose score is the next of these."""

    def __init__(self, scores: list[float]) -> None:
        self._scores = iter(scores)
        self.inputs = {"image": TensorSpec(np.dtype(np.uint8), (None, 64, 96, 3))}

    def run(self, _feeds: object) -> dict[str, Any]:
        boxes, scores = np.array([[[32, 8, 64, 56]]], np.float32), np.array([[next(self._scores)]], np.float32)
        return {"boxes": boxes, "scores": scores}


def test_frames_in_which_nobody_is_found_are_left_out(loaded: dict[str, Engine]) -> None:
    strange = [Shown(frame.rgb) for frame in frames(SAMPLE, 5)]
    detector: Any = Scores([0.9, 0.29, 0.3, 0.0, 0.5])
    assert len(people_crops(strange, loaded["body"], detector, 2, seed=0)) == 2 * 3


@pytest.mark.parametrize("scores", [[0.9, 0.9, 0.0, 0.0, 0.0], [0.9, 0.0], [0.0]])
def test_clip_in_which_hardly_anyone_is_found_is_refused(loaded: dict[str, Engine], scores: list[float]) -> None:
    strange = [Shown(frame.rgb) for frame in frames(SAMPLE, 5)][: len(scores)]
    detector: Any = Scores(scores)
    with pytest.raises(ClipError, match=r"people are found in \d of \d frames .* name a clip of people with"):
        people_crops(strange, loaded["body"], detector, 1, seed=0)


def test_clip_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match="no clip at"):
        frames(tmp_path / "none.mp4", 4)
    (tmp_path / "notes.mp4").write_text("buy milk")
    with pytest.raises(ClipError, match="cannot be read as a video"):
        frames(tmp_path / "notes.mp4", 4)
    (tmp_path / "notes.txt").write_text("buy milk\n" * 2000)  # so long that FFmpeg makes pictures of it
    with pytest.raises(ClipError, match="is a text, not a video"):
        frames(tmp_path / "notes.txt", 4)


# INT8


def test_activations_are_uint8_and_weights_int8_by_channel(quantiser: Quantiser, tmp_path: Path) -> None:
    quantiser.write(tmp_path / "body.onnx", ())
    model = onnx.load(str(tmp_path / "body.onnx"))
    weights = {weight.name: weight for weight in model.graph.initializer}
    made_by = {name: node for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    assert len(convolutions) == len(quantiser.layers)
    for node in convolutions:
        taken, kernel = (made_by[name] for name in node.input[:2])
        assert weights[taken.input[2]].data_type == onnx.TensorProto.UINT8
        assert weights[kernel.input[0]].data_type == onnx.TensorProto.INT8
        assert list(weights[kernel.input[1]].dims) == [weights[kernel.input[0]].dims[0]]  # a scale a channel
    assert not set(float_layers(tmp_path / "body.onnx")) & set(quantiser.layers)


def test_layers_kept_stay_in_float_and_are_named(quantiser: Quantiser, tmp_path: Path) -> None:
    kept = {quantiser.layers[0], *quantiser.heads}
    quantiser.write(tmp_path / "body.onnx", kept)
    assert set(float_layers(tmp_path / "body.onnx")) & set(quantiser.layers) == kept
    assert quantiser.layers[0] == "backbone.conv1"
    assert "box_net.bbox_center.0" in quantiser.heads


def test_int8_is_near_the_full_graph_and_all_kept_is_the_full_graph(
    quantiser: Quantiser, crops: Any, outputs: Outputs, tmp_path: Path
) -> None:
    apart = {}
    for kept in ((), quantiser.layers):
        quantiser.write(tmp_path / "body.onnx", kept)
        with OnnxRuntimeEngine(tmp_path / "body.onnx") as engine:
            features = engine.run({"crop": crops})["features"]
        full = outputs["body"]["features"]
        apart[len(kept)] = float(np.linalg.norm(features - full) / np.linalg.norm(full))
    assert 1e-4 < apart[0] < 0.15
    assert apart[len(quantiser.layers)] < 1e-5


# FP16


@pytest.mark.parametrize("end_in_float", [False, True])
def test_half_trunks_compute_nearly_the_same_between_float32(end_in_float: bool, crops: Any) -> None:
    torch.manual_seed(0)
    network = Hand4Whole(TINY).eval()
    halved = half_trunks(network, end_in_float=end_in_float)
    singles = {name for name, value in halved.backbone.named_parameters() if value.dtype == torch.float32}
    assert singles == {name for name, _ in halved.backbone.named_parameters() if end_in_float and ".layer4." in name}
    assert next(halved.backbone.parameters()).dtype == torch.float16
    assert next(halved.body_position_net.parameters()).dtype == torch.float32
    assert next(network.backbone.parameters()).dtype == torch.float32
    with torch.inference_mode():
        full, half = network.body(torch.from_numpy(crops)), halved.body(torch.from_numpy(crops))
    for name in full._fields:
        ours, theirs = getattr(half, name), getattr(full, name)
        assert ours.dtype == torch.float32
        assert not torch.equal(ours, theirs)
        torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.05)


@pytest.mark.parametrize(
    ("holds", "tried"), [("all", [False]), ("but the end", [False, True]), ("none", [False, True])]
)
def test_where_all_in_half_precision_is_too_far_off_the_end_stays_in_float(
    holds: str, tried: list[bool], tmp_path: Path, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    halved: list[bool] = []
    near, far = (Distances(dict.fromkeys(PARTS, Distance(mm, mm)), Distance(0, 0)) for mm in (0.4, 0.6))

    def measured(*_: object) -> Distances:
        return near if holds == ("but the end" if halved[-1] else "all") else far

    monkeypatch.setattr(reduced, "_measured", measured)
    monkeypatch.setattr(reduced, "OnnxRuntimeEngine", lambda _path: nullcontext())
    monkeypatch.setattr(reduced, "run_graphs", lambda *_: outputs)
    crop = np.zeros((1, 4, 4, 3), np.uint8)
    monkeypatch.setattr(reduced.Pictures, "of", lambda *_: Pictures(crop, crop, crop, [], []))
    monkeypatch.setattr(reduced, "sha256", lambda _path: "")
    (tmp_path / "fp32").mkdir()

    def reduce() -> dict[str, Any]:
        return reduce_graphs(
            tmp_path / "fp32",
            "fp16",
            calibrate=tmp_path / "clip.mp4",
            shown=[],
            shape_space="wb-track-open-1",
            halve=lambda _folder, end_in_float: halved.append(end_in_float),
            report=lambda _line: None,
        )

    if holds == "none":
        with pytest.raises(ProofError, match=r"0\.6 mm .* allowed 0\.5"):
            reduce()
    else:
        assert reduce()["distance_mm"]["body"]["mean"] == 0.4
    assert halved == tried


# Distances


def test_distance_of_outputs_to_themselves_is_none(outputs: Outputs) -> None:
    distances = Figure("wb-track-open-1").distances(outputs, outputs)
    assert set(distances.parts_mm) == set(PARTS)
    assert all(apart == Distance(0, 0) for apart in distances.parts_mm.values())
    assert distances.image_px == Distance(0, 0)


def changed(outputs: Outputs, graph: str, name: str, by: float) -> Outputs:
    return {**outputs, graph: {**outputs[graph], name: outputs[graph][name] + np.float32(by)}}


@pytest.mark.parametrize(
    ("graph", "name", "moved"),
    [
        ("hand", "rot6d", {"left_hand", "right_hand", "body"}),
        ("face", "expression", {"face", "body"}),
        ("pose", "betas", set(PARTS)),
        ("pose", "camera", set()),  # seen in the image only
    ],
)
def test_distances_are_of_the_parts_that_moved(outputs: Outputs, graph: str, name: str, moved: set[str]) -> None:
    distances = Figure("wb-track-open-1").distances(changed(outputs, graph, name, 0.3), outputs)
    assert {part for part, apart in distances.parts_mm.items() if apart.mean > 1e-3} == moved
    assert distances.image_px.mean > 0


def test_shape_of_another_space_moves_nothing_and_is_said(outputs: Outputs) -> None:
    figure = Figure("smplx")
    assert "mean shape" in figure.name
    apart = figure.distances(changed(outputs, "pose", "betas", 1.0), outputs)
    assert apart.parts_mm["body"].mean == 0


def test_feeds_follow_from_the_outputs_before(crops: Any, outputs: Outputs) -> None:
    feeds = graph_feeds(crops, outputs)
    assert list(feeds) == list(GRAPHS)
    np.testing.assert_array_equal(feeds["hand"]["boxes"], outputs["body"]["boxes"][:, :2])


# The detector


def test_reduced_detector_holds_where_it_finds_the_same_people() -> None:
    boxes = np.array([[[0, 0, 100, 200], [300, 0, 400, 200], [0, 0, 1, 1]]], np.float32)
    scores = np.array([[0.9, 0.8, 0.1]], np.float32)
    full = {"boxes": boxes, "scores": scores}
    assert compare(full, full) == compare({"boxes": boxes[:, ::-1], "scores": scores[:, ::-1]}, full)
    assert compare(full, full).people == 2
    assert compare({"boxes": boxes + 1, "scores": scores - np.float32(0.05)}, full).hold
    assert not compare({"boxes": boxes + 30, "scores": scores}, full).hold
    assert not compare({"boxes": boxes, "scores": scores - np.float32(0.2)}, full).hold
    assert not compare(full, {"boxes": boxes, "scores": scores * 0}).hold  # of nobody it is not known
