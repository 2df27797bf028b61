"""Building TensorRT engines, as far as can be seen without TensorRT: what is asked of it, and which files are made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest

import exporter.tensorrt_build as build
from engines.bundle import GRAPHS
from engines.engine import EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.tensorrt_files import MOST_PEOPLE
from exporter.tensorrt_build import build_engines, tensorrt_graph
from tests.conftest import TINY
from tests.engines.fake_tensorrt import FakeBuild, FakeDriver, engine_files


@pytest.fixture
def folder(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBuild:
    module = FakeBuild()
    monkeypatch.setattr(build, "import_tensorrt", lambda: module)
    monkeypatch.setattr(build, "CudaDriver", FakeDriver)
    return module


def said(_line: str) -> None:
    pass


def test_each_graph_gets_a_file_named_for_this_gpu(folder: Path, fake: FakeBuild) -> None:
    build_engines(folder, said)
    names = engine_files(folder)
    assert sorted(name.split("_")[0] for name in names) == sorted(GRAPHS)
    assert all("_fp32_fake-gpu-sm90_trt11.4.0.106_n1-8_" in name for name in names)
    assert fake.seen["graphs"] == len(GRAPHS)


def test_what_is_there_is_not_built_again(folder: Path, fake: FakeBuild) -> None:
    build_engines(folder, said)
    build_engines(folder, said)
    assert fake.seen["graphs"] == len(GRAPHS)


def test_network_is_strongly_typed_without_tf32_for_one_to_eight_people(folder: Path, fake: FakeBuild) -> None:
    build_engines(folder, said)
    assert fake.seen["flags"] == 1 << fake.NetworkDefinitionCreationFlag.STRONGLY_TYPED
    assert fake.seen["cleared"] == "tf32"
    assert fake.seen["shapes"]["crop"] == ((1, 128, 96, 3), (1, 128, 96, 3), (MOST_PEOPLE, 128, 96, 3))


def test_timings_of_one_graph_serve_the_next(folder: Path, fake: FakeBuild) -> None:
    build_engines(folder, said)
    assert fake.seen["caches"] == [b"", b"timings", b"timings", b"timings"]


def test_graph_that_does_not_build_leaves_no_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "import_tensorrt", lambda: FakeBuild(plan=None))
    monkeypatch.setattr(build, "CudaDriver", FakeDriver)
    with pytest.raises(EngineError, match="cannot build the body graph"):
        build_engines(folder, said)
    assert engine_files(folder) == []


def test_driver_that_is_too_old_says_what_to_do(folder: Path, fake: FakeBuild, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_old(_logger: object) -> None:
        raise TypeError("pybind11::init(): factory function returned nullptr")

    monkeypatch.setattr(fake, "Builder", too_old)
    with pytest.raises(EngineError, match="cannot start on this driver; update it"):
        build_engines(folder, said)


@pytest.mark.usefixtures("fake")
def test_int8_bundles_are_refused(folder: Path) -> None:
    path = folder / "bundle.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "precision": "int8"}))
    with pytest.raises(EngineError, match="INT8 bundles are for CPUs"):
        build_engines(folder, said)


@pytest.mark.parametrize("graph", ["body", "hand"])
def test_graph_for_tensorrt_casts_its_picture_first_and_computes_the_same(
    tiny_bundle: Path, tmp_path: Path, graph: str
) -> None:
    path = tmp_path / f"{graph}.onnx"
    path.write_bytes(tensorrt_graph(tiny_bundle / path.name))
    model = onnx.load(str(path))
    readers = [node.op_type for node in model.graph.node if "crop" in node.input]
    assert readers == ["Cast"]
    rng = np.random.default_rng(0)
    feeds = {"crop": rng.integers(0, 256, (2, *TINY.crop_hw, 3)).astype(np.uint8)}
    if graph == "hand":
        feeds["boxes"] = np.tile(np.array([10, 20, 40, 50], np.float32), (2, 2, 1))
    with OnnxRuntimeEngine(path) as ours, OnnxRuntimeEngine(tiny_bundle / path.name) as original:
        expected = original.run(feeds)
        for name, array in ours.run(feeds).items():
            np.testing.assert_allclose(array, expected[name], rtol=0, atol=1e-4)
