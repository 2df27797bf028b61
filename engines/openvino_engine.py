"""OpenVINO on the CPU: FP32, bfloat16 where the processor has it, and INT8 as a graph's QDQ nodes say."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.closing import Closing
from engines.cores import physical_cores
from engines.engine import EngineError, Tensor, TensorSpec, check_feeds
from engines.openvino_sampling import CROPS, ENOUGH, cut_sampling

if TYPE_CHECKING:
    import openvino as ov

# Precision of what a graph computes in float. Without a hint OpenVINO takes bfloat16 where it can.
_HINTS = {"fp32": "f32", "bf16": "bf16", "int8": "f32"}


@dataclass(frozen=True)
class HostTensor:
    """An output that was asked to stay; on a CPU it is where it was computed already."""

    array: NDArray[Any]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.array.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def numpy(self) -> NDArray[Any]:
        """A copy."""
        return self.array.copy()


class _Stage:
    """A request and the names of its inputs, which it takes long to ask for."""

    def __init__(self, model: ov.Model, hint: str, threads: int | None) -> None:
        settings = {
            "INFERENCE_PRECISION_HINT": hint,
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(physical_cores() if threads is None else threads),
        }
        self.request = _core().compile_model(model, "CPU", settings).create_infer_request()
        self._inputs = [port.any_name for port in model.inputs]

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        """feeds: the graph's inputs, of which it takes its own, their rows one after the other in memory."""
        self.request.infer({name: feeds[name] for name in self._inputs if name in feeds}, share_inputs=True)


@dataclass(frozen=True)
class _Stages:
    """What runs for a graph, one after the other.

    sampling: what cuts crops of boxes, for a graph that cuts any: by a grid, and as RoIAlign does where that is not
    enough. network: takes the crops from where they were written.
    """

    sampling: tuple[_Stage, _Stage] | None
    network: _Stage

    def run(self, feeds: Mapping[str, NDArray[Any]]) -> None:
        """feeds: as `_Stage.run`. Outputs are the network's request's."""
        if self.sampling is not None:
            sampled, aligned = self.sampling
            sampled.run(feeds)
            if not sampled.request.get_tensor(ENOUGH).data.all():
                aligned.run(feeds)
        self.network.run(feeds)


class OpenVinoEngine(Closing):
    """One ONNX graph on the CPU in "fp32", "bf16" or "int8". See `engines.engine.Engine`.

    Raises EngineError when OpenVINO is not installed, the precision is not to be had or the graph cannot be loaded.
    """

    device = "cpu"

    def __init__(self, path: Path, precision: str = "fp32", threads: int | None = None) -> None:
        """threads: by default one a physical core."""
        self._name = path.stem
        model = _read(path)
        self.inputs = {port.any_name: _spec(port) for port in model.inputs}
        self.outputs = {port.any_name: _spec(port) for port in model.outputs}
        self._stages: _Stages | None = _stages(model, path, precision, threads)

    def run(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Any]:
        """See `Engine.run`."""
        if self._stages is None:
            raise EngineError(f"{self._name} was run after it was closed")
        check_feeds(self._name, self.inputs, feeds)
        if unknown := set(keep) - self.outputs.keys():
            raise EngineError(f"{self._name} has no outputs {', '.join(sorted(unknown))} to keep")
        arrays = {name: _on_host(tensor) for name, tensor in feeds.items()}
        batch = {len(array) for array in arrays.values()}
        if len(batch) != 1:
            raise EngineError(f"{self._name} takes one batch, but was given {sorted(batch)} people")
        rows = [self._row({name: array[row : row + 1] for name, array in arrays.items()}) for row in range(max(batch))]
        outputs = rows[0] if len(rows) == 1 else {n: np.concatenate([row[n] for row in rows]) for n in self.outputs}
        return {name: HostTensor(array) if name in keep else array for name, array in outputs.items()}

    def _row(self, feeds: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
        """One of a batch: of a model of batch one OpenVINO knows all sizes, and cores gain nothing from batches."""
        assert self._stages is not None
        try:
            self._stages.run({name: np.ascontiguousarray(array) for name, array in feeds.items()})
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed while running {self._name}: {_last_line(error)}") from error
        request = self._stages.network.request
        return {name: request.get_tensor(name).data.copy() for name in self.outputs}

    def close(self) -> None:
        self._stages = None


def _on_host(tensor: Tensor) -> NDArray[Any]:
    if isinstance(tensor, HostTensor):
        return tensor.array
    return tensor if isinstance(tensor, np.ndarray) else tensor.numpy()


def openvino_is_installed() -> bool:
    """Whether the Python package is there."""
    return importlib.util.find_spec("openvino") is not None


@functools.cache
def _core() -> ov.Core:
    """OpenVINO itself, one for the process and for as long as it lives, as its makers ask for (openvino issue 27366).
    Raises EngineError where it cannot be loaded.

    Processes that make and unload many were seen to crash, some time later and elsewhere (openvino issue 35338,
    ultralytics pull request 25864).
    """
    try:
        import openvino as ov  # takes a tenth of a second, and is not there for everyone

        return ov.Core()
    except Exception as error:  # whatever a broken installation comes to
        raise EngineError(
            f"OpenVINO does not start: {_last_line(error)}; install it again, or choose --engine cpu"
        ) from error


def _read(path: Path) -> ov.Model:
    if not openvino_is_installed():
        raise EngineError(
            'OpenVINO was asked for, but is not installed: pip install "wb-track[openvino]", or choose --engine cpu'
        )
    if not path.is_file():
        raise EngineError(f"OpenVINO cannot load {path}: there is no such file")
    try:
        return _core().read_model(str(path))
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot load {path}: {_last_line(error)}") from error


def _stages(model: ov.Model, path: Path, precision: str, threads: int | None) -> _Stages:
    if precision not in _HINTS:
        raise EngineError(f"OpenVINO runs {', '.join(_HINTS)} here, not {precision}; choose one of these")
    if precision == "bf16" and "BF16" not in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise EngineError("bf16 was asked for, but this processor has no bfloat16; choose --precision fp32")
    try:
        model.reshape({port.any_name: [1, *list(port.get_partial_shape())[1:]] for port in model.inputs})
        cut = cut_sampling(model)
        network = _Stage(model, _HINTS[precision], threads)
        if cut is None:
            return _Stages(None, network)
        sampled, aligned = (_Stage(each, _HINTS["fp32"], threads) for each in cut)
        crops = sampled.request.get_tensor(CROPS)
        for stage in (aligned, network):
            stage.request.set_tensor(CROPS, crops)
        return _Stages((sampled, aligned), network)
    except RuntimeError as error:
        raise EngineError(f"OpenVINO cannot load {path}: {_last_line(error)}") from error


def _spec(port: Any) -> TensorSpec:
    shape = (None if size.is_dynamic else size.get_length() for size in port.get_partial_shape())
    return TensorSpec(np.dtype(port.get_element_type().to_dtype()), tuple(shape))


def _last_line(error: Exception) -> str:
    """OpenVINO says where in its sources something went wrong, and what last."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1].strip()
