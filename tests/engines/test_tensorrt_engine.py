"""The TensorRT engine on a TensorRT and a driver of our own: batches, memory that stays, and refusals."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import engines.tensorrt_engine
from engines.bundle import Bundle
from engines.cuda_driver import CudaTensor, DeviceMemory
from engines.engine import EngineError
from engines.tensorrt_engine import TensorRtEngine
from engines.tensorrt_files import FOLDER, EngineKey

GPU, VERSION = "Fake GPU sm90", "10.16.1.11"


class FakeDriver:
    """Device memory that is host memory, by address."""

    gpu = GPU
    memories: dict[int, bytearray] = {}  # noqa: RUF012 - one device for all

    def enter(self) -> None:
        pass

    def stream(self) -> int:
        return 1

    def wait(self, _stream: int) -> None:
        pass

    def memory(self, size: int) -> DeviceMemory:
        address = len(self.memories) + 1
        self.memories[address] = bytearray(size)
        return DeviceMemory(address)

    def upload(self, memory: DeviceMemory, array: Any, _stream: int) -> None:
        self.memories[memory.address][:] = array.tobytes()

    def download(self, memory: DeviceMemory, array: Any, _stream: int) -> None:
        array[...] = np.frombuffer(self.memories[memory.address], array.dtype).reshape(array.shape)

    def close(self, _stream: int) -> None:
        pass


@dataclass
class FakeEngine:
    """Doubles `x` (N, 2) float32 into `y`. An engine and its context in one."""

    works: bool = True
    rows: int = 0
    addresses: dict[str, int] = field(default_factory=dict)
    num_io_tensors = 2

    def create_execution_context(self) -> FakeEngine:
        return self

    def get_tensor_name(self, index: int) -> str:
        return "xy"[index]

    def get_tensor_dtype(self, _name: str) -> str:
        return "float"

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name == "x" else "output"

    def get_tensor_shape(self, _name: str) -> tuple[int, int]:
        return (self.rows or -1, 2)

    def set_input_shape(self, _name: str, shape: tuple[int, int]) -> None:
        self.rows = shape[0]

    def infer_shapes(self) -> list[str]:
        return []

    def set_tensor_address(self, name: str, address: int) -> None:
        self.addresses[name] = address

    def execute_async_v3(self, _stream: int) -> bool:
        x = np.frombuffer(FakeDriver.memories[self.addresses["x"]], np.float32)
        FakeDriver.memories[self.addresses["y"]][:] = (2 * x).tobytes()
        return self.works


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Bundle:
    """A bundle with an engine file for this GPU."""
    loaded = replace(Bundle.load(tiny_bundle), folder=tmp_path)
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / EngineKey.of(loaded, "body", GPU, VERSION).file_name).write_bytes(b"plan")
    return loaded


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What loading a plan gives, in `engine`."""
    holder = SimpleNamespace(engine=FakeEngine())
    types = {name: name.lower() for name in ("FLOAT", "HALF", "UINT8", "INT32", "INT64")}
    module = SimpleNamespace(
        __version__=VERSION,
        Logger=type("Logger", (), {"ERROR": 1, "__init__": lambda *_: None}),
        DataType=SimpleNamespace(**types),
        TensorIOMode=SimpleNamespace(INPUT="input"),
        Runtime=lambda _logger: SimpleNamespace(deserialize_cuda_engine=lambda _plan: holder.engine),
        init_libnvinfer_plugins=lambda *_: True,
    )
    monkeypatch.setattr(engines.tensorrt_engine, "import_tensorrt", lambda: module)
    monkeypatch.setattr(engines.tensorrt_engine, "CudaDriver", FakeDriver)
    return holder


@pytest.mark.usefixtures("runtime")
def test_driver_that_is_too_old_says_what_to_do(bundle: Bundle) -> None:
    def too_old(_logger: object) -> None:
        raise TypeError("pybind11::init(): factory function returned nullptr")

    engines.tensorrt_engine.import_tensorrt().Runtime = too_old
    with pytest.raises(EngineError, match=f"TensorRT {VERSION} cannot start on this driver; update it, or run without"):
        TensorRtEngine(bundle, "body")


@pytest.mark.usefixtures("runtime")
def test_specs_are_the_engines_and_outputs_are_computed(bundle: Bundle) -> None:
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    with TensorRtEngine(bundle, "body") as engine:
        assert str(engine.inputs["x"]) == str(engine.outputs["y"]) == "float32 (any, 2)"
        assert engine.device == "cuda"
        np.testing.assert_array_equal(engine.run({"x": x})["y"], 2 * x)


@pytest.mark.usefixtures("runtime")
def test_what_is_kept_feeds_the_next_run_without_crossing_to_the_host(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.ones((2, 2), np.float32)
    with TensorRtEngine(bundle, "body") as engine:
        kept = engine.run({"x": x}, keep=["y"])["y"]
        assert isinstance(kept, CudaTensor)
        monkeypatch.setattr(FakeDriver, "upload", None)
        np.testing.assert_array_equal(engine.run({"x": kept})["y"], 4 * x)
        np.testing.assert_array_equal(kept.numpy(), 2 * x)


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize("count", [0, 9])
def test_batches_that_the_engine_was_not_built_for_are_refused(bundle: Bundle, count: int) -> None:
    with (
        TensorRtEngine(bundle, "body") as engine,
        pytest.raises(EngineError, match=r"one batch of 1 to 8 people, but was given \[" + str(count)),
    ):
        engine.run({"x": np.zeros((count, 2), np.float32)})


def test_failure_and_use_after_closing_are_engine_errors(bundle: Bundle, runtime: SimpleNamespace) -> None:
    runtime.engine.works = False
    engine = TensorRtEngine(bundle, "body")
    with pytest.raises(EngineError, match="TensorRT failed while running body"):
        engine.run({"x": np.zeros((1, 2), np.float32)})
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match="body was run after it was closed"):
        engine.run({"x": np.zeros((1, 2), np.float32)})


def test_file_that_does_not_load_and_graph_without_one_say_how_to_build(
    bundle: Bundle, runtime: SimpleNamespace
) -> None:
    runtime.engine = None
    with pytest.raises(EngineError, match=r"cannot load .*; build it again with wb-export .* --tensorrt"):
        TensorRtEngine(bundle, "body")
    with pytest.raises(EngineError, match="has no TensorRT engine for Fake GPU sm90"):
        TensorRtEngine(bundle, "hand")
