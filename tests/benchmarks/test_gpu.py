"""The GPU's benchmark, on the CPU at a tiny size, and what it says where there is no GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from benchmarks import gpu, gpu_sections, torch_engine
from benchmarks.networks import noise
from benchmarks.torch_engine import PARTS, TorchEngine
from exporter.distance import run_graphs
from models.networks import roi_align as exact
from models.networks.hand4whole import Hand4Whole
from tests.conftest import TINY

OneLine = Any


@pytest.fixture(scope="module")
def network() -> Hand4Whole:
    torch.manual_seed(0)
    return Hand4Whole(TINY).eval()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, one_line: OneLine, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["gpu", "--results", str(tmp_path / "results")])
    assert gpu.main() == 2
    assert "NVIDIA GPU" in one_line()
    assert not (tmp_path / "results").exists()


def test_every_part_measures_something(network: Hand4Whole) -> None:
    ms = gpu_sections.networks_ms("cpu", 2, captured=False, network=network)
    assert ms.keys() == {"fp32", "fp16"}
    for each in ms.values():
        assert each.keys() == {*PARTS, "whole"}
        assert all(value > 0 for value in each.values())
    rates = gpu_sections.batch_rates("cpu", (1, 3), 1, captured=False, network=network)["people_per_s"]
    assert rates.keys() == {"1", "3"}
    loop = gpu_sections.loop_rates("cpu", 10, captured=False, network=network)
    assert loop.keys() == {"detector_every_frame_fps", "batched_people_per_s"}
    assert all(value > 0 for value in (*rates.values(), *loop.values()))


def test_half_precision_is_near_full_with_the_open_weights() -> None:
    parts = gpu_sections.parity_mm("cpu", 2)
    assert parts.keys() == {"body", "left_hand", "right_hand", "face"}
    assert all(0 < each["mean"] < 0.5 for each in parts.values())


def test_a_part_that_cannot_run_is_named_and_the_rest_goes_on() -> None:
    def missing() -> dict[str, Any]:
        raise ModuleNotFoundError("No module named 'onnxruntime'")

    results = gpu.run_sections({"a": missing, "b": lambda: {"ms": 1.0}}, 60.0)
    assert results == {"a": {"left_out": "ModuleNotFoundError: No module named 'onnxruntime'"}, "b": {"ms": 1.0}}

    def private() -> dict[str, Any]:
        raise OSError(f"no {gpu_sections._KEPT} and no {Path.home() / 'lib.so'}")

    results = gpu.run_sections({"a": private}, 60.0)
    assert results["a"]["left_out"] == "OSError: no wb-track/training/kept/network.pth and no ~/lib.so"
    assert gpu.run_sections({"b": lambda: {"ms": 1.0}}, -1.0) == {"b": {"left_out": "no time was left"}}


def test_engines_of_pytorch_give_what_the_network_does(network: Hand4Whole) -> None:
    crops = noise((2, *TINY.crop_hw, 3))
    engines = {part: TorchEngine(network, part, "cpu") for part in PARTS}
    found = run_graphs(engines, crops)
    with torch.inference_mode():
        body, hand, face, pose = network(torch.from_numpy(crops))
    for name, expected in (("pose", pose.betas), ("hand", hand.rot6d), ("face", face.expression), ("body", body.boxes)):
        key = {"pose": "betas", "hand": "rot6d", "face": "expression", "body": "boxes"}[name]
        np.testing.assert_allclose(found[name][key], expected.numpy(), atol=1e-5)
    kept = engines["body"].run({"crop": crops}, keep=("features",))["features"]
    assert (kept.dtype, kept.shape) == (np.float32, tuple(body.features.shape))


def test_what_can_be_captured_computes_the_same(network: Hand4Whole) -> None:
    crops = torch.from_numpy(noise((2, *TINY.crop_hw, 3)))
    with torch.inference_mode():
        expected = network(crops)
        with torch_engine.capturable():
            found = network(crops)
    for part, same in zip(found, expected, strict=True):
        for one, other in zip(part, same, strict=True):
            torch.testing.assert_close(one, other, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("side", [0.4, 20.0, 64.0, 130.0, 250.0])
def test_roi_align_of_a_fixed_number_of_samples_is_roi_align(side: float) -> None:
    generator = torch.Generator().manual_seed(0)
    image = torch.rand((2, 3, 96, 128), generator=generator)
    corner = torch.tensor([[-10.0, 5.0], [40.0, 30.0], [90.5, -3.0]])
    boxes = torch.cat((corner, corner + side), 1)
    index = torch.tensor([0, 1, 1])
    torch.testing.assert_close(
        torch_engine.roi_align(image, boxes, index, 64), exact.roi_align(image, boxes, index, 64), atol=1e-5, rtol=1e-5
    )
