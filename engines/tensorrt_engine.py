"""TensorRT 10 and 11, one code path: an engine file that `wb-export --tensorrt` built. Not run on hardware.

The names used here were checked against the bindings of both majors (tests/engines/test_tensorrt_names.py).
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Collection, Mapping
from typing import Any

import numpy as np

from engines.bundle import Bundle
from engines.closing import Closing
from engines.cuda_driver import CudaDriver, CudaTensor
from engines.engine import EngineError, Tensor, TensorSpec, check_feeds
from engines.tensorrt_files import MOST_PEOPLE, EngineKey, build_command, found_engine

_DTYPES = {"FLOAT": np.float32, "HALF": np.float16, "UINT8": np.uint8, "INT32": np.int32, "INT64": np.int64}


class TensorRtEngine(Closing):
    """One graph of a bundle on the first NVIDIA GPU. See `engines.engine.Engine`.

    Raises EngineError without TensorRT, without a driver, and for a file that was built for anything else.
    """

    device = "cuda"

    def __init__(self, bundle: Bundle, graph: str) -> None:
        self._name = graph
        trt = import_tensorrt()
        self._driver = CudaDriver()
        path = found_engine(bundle, EngineKey.of(bundle, graph, self._driver.gpu, trt.__version__))
        self._driver.enter()
        self._logger = trt.Logger(trt.Logger.ERROR)
        trt.init_libnvinfer_plugins(self._logger, "")
        self._runtime = started(trt, trt.Runtime, self._logger)
        engine = self._runtime.deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            raise EngineError(f"TensorRT cannot load {path}; build it again with {build_command(bundle)}")
        self._context: Any = engine.create_execution_context()
        if self._context is None:
            raise EngineError(f"TensorRT cannot start {path}: the GPU has too little memory left")
        self._engine: Any = engine
        self._stream = self._driver.stream()
        dtypes = {getattr(trt.DataType, name): np.dtype(dtype) for name, dtype in _DTYPES.items()}
        names = [engine.get_tensor_name(index) for index in range(engine.num_io_tensors)]
        specs = {
            name: TensorSpec(
                dtypes[engine.get_tensor_dtype(name)],
                tuple(None if size < 0 else size for size in engine.get_tensor_shape(name)),
            )
            for name in names
        }
        inputs = {name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT}
        self.inputs = {name: spec for name, spec in specs.items() if name in inputs}
        self.outputs = {name: spec for name, spec in specs.items() if name not in inputs}

    def run(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Any]:
        """See `Engine.run`. At most `MOST_PEOPLE` in a batch."""
        if self._context is None:
            raise EngineError(f"{self._name} was run after it was closed")
        check_feeds(self._name, self.inputs, feeds)
        if unknown := set(keep) - self.outputs.keys():
            raise EngineError(f"{self._name} has no outputs {', '.join(sorted(unknown))} to keep")
        batch = {tensor.shape[0] for tensor in feeds.values()}
        if len(batch) != 1 or not 1 <= max(batch) <= MOST_PEOPLE:
            raise EngineError(
                f"{self._name} takes one batch of 1 to {MOST_PEOPLE} people, but was given {sorted(batch)}"
            )
        self._driver.enter()
        held = [self._bind_input(name, tensor) for name, tensor in feeds.items()]
        if missing := self._context.infer_shapes():
            raise EngineError(f"TensorRT cannot tell the shapes of {self._name}: {', '.join(missing)}")
        outputs = {name: self._bind_output(name) for name in self.outputs}
        if not self._context.execute_async_v3(self._stream):
            raise EngineError(f"TensorRT failed while running {self._name}")
        arrays = {}
        for name, tensor in outputs.items():
            if name not in keep:
                arrays[name] = np.empty(tensor.shape, tensor.dtype)
                self._driver.download(tensor.memory, arrays[name], self._stream)
        self._driver.wait(self._stream)
        held.clear()  # what was uploaded is needed no longer
        return {name: arrays.get(name, tensor) for name, tensor in outputs.items()}

    def close(self) -> None:
        if self._context is not None:
            self._driver.enter()
            self._context = self._engine = None
            self._driver.close(self._stream)

    def _bind_input(self, name: str, tensor: Tensor) -> tuple[Any, ...]:
        """Gives what must live until the run is over."""
        self._context.set_input_shape(name, tuple(tensor.shape))
        if isinstance(tensor, CudaTensor):
            self._context.set_tensor_address(name, tensor.memory.address)
            return (tensor,)
        array = np.ascontiguousarray(tensor)
        memory = self._driver.memory(array.nbytes)
        self._driver.upload(memory, array, self._stream)
        self._context.set_tensor_address(name, memory.address)
        return memory, array

    def _bind_output(self, name: str) -> CudaTensor:
        shape = tuple(self._context.get_tensor_shape(name))
        dtype = self.outputs[name].dtype
        memory = self._driver.memory(int(np.prod(shape)) * dtype.itemsize)
        self._context.set_tensor_address(name, memory.address)
        return CudaTensor(memory, dtype, shape, self._driver, self._stream)


def import_tensorrt() -> Any:
    """The bindings. Raises EngineError where they are not installed or cannot start."""
    if importlib.util.find_spec("tensorrt") is None:
        raise EngineError(
            'TensorRT was asked for, but is not installed: pip install "wb-track[tensorrt]", or run without it by '
            "wb-track --engine cuda"
        )
    try:
        return importlib.import_module("tensorrt")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(f"TensorRT cannot start: {error}; wb-track --engine cuda runs without it") from error


def started(trt: Any, kind: Callable[[Any], Any], logger: Any) -> Any:
    """A `Runtime` or a `Builder`. Raises EngineError where the driver is too old for this TensorRT."""
    try:
        return kind(logger)
    except TypeError as error:  # of pybind11, for a null pointer
        raise EngineError(
            f"TensorRT {trt.__version__} cannot start on this driver; update it, or run without it by wb-track "
            "--engine cuda"
        ) from error
