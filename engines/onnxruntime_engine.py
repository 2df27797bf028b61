"""ONNX Runtime on the CPU and on CUDA. CUDA: not run on hardware."""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from engines.closing import Closing
from engines.cores import adds_integers_exactly, physical_cores
from engines.engine import EngineError, Tensor, TensorSpec, check_feeds

_log = logging.getLogger(__name__)

_PROVIDERS: dict[str, tuple[str, dict[str, str]]] = {
    "cpu": ("CPUExecutionProvider", {}),
    # TF32 keeps ten bits of a factor's mantissa: not what FP32 promises.
    "cuda": ("CUDAExecutionProvider", {"use_tf32": "0", "cudnn_conv_algo_search": "EXHAUSTIVE"}),
}
_DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
# It moves a rounding to integers up before the pooling, which then runs, an integer at a time, a hundred times slower.
_LEFT_OUT = ("QDQPropagationTransformer",)
_SILENT = 4  # only fatal errors: what goes wrong is raised, in a sentence of our own


@dataclass(frozen=True)
class OrtTensor:
    """An output that stays on the device."""

    value: ort.OrtValue

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(_DTYPES[self.value.data_type()])

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.value.shape())

    def numpy(self) -> NDArray[Any]:
        """A copy in host memory."""
        return np.asarray(self.value.numpy())


class OnnxRuntimeEngine(Closing):
    """One ONNX graph on `device`, "cpu" or "cuda". See `engines.engine.Engine`.

    Raises EngineError when the graph cannot be loaded or the device is not to be had.
    """

    def __init__(self, path: Path, device: str = "cpu", threads: int | None = None) -> None:
        """threads: for operators on the CPU; by default one a physical core."""
        self.device = device
        self._name = path.stem
        self._session: ort.InferenceSession | None = _session(path, device, threads)
        self.inputs = {node.name: _spec(node) for node in self._session.get_inputs()}
        self.outputs = {node.name: _spec(node) for node in self._session.get_outputs()}

    def run(self, feeds: Mapping[str, Tensor], keep: Collection[str] = ()) -> dict[str, Any]:
        """See `Engine.run`. IO binding, so that what is kept never crosses to the host."""
        if self._session is None:
            raise EngineError(f"{self._name} was run after it was closed")
        check_feeds(self._name, self.inputs, feeds)
        if unknown := set(keep) - self.outputs.keys():
            raise EngineError(f"{self._name} has no outputs {', '.join(sorted(unknown))} to keep")
        binding = self._session.io_binding()
        for name, tensor in feeds.items():
            if isinstance(tensor, OrtTensor):
                binding.bind_ortvalue_input(name, tensor.value)
            else:
                binding.bind_cpu_input(name, np.ascontiguousarray(tensor))
        for name in self.outputs:
            binding.bind_output(name, self.device if name in keep else "cpu")
        try:
            self._session.run_with_iobinding(binding)
        except Exception as error:  # ONNX Runtime raises its own unnamed kinds
            raise EngineError(f"ONNX Runtime failed while running {self._name}: {_first_line(error)}") from error
        values = zip(self.outputs, binding.get_outputs(), strict=True)
        return {name: OrtTensor(value) if name in keep else value.numpy() for name, value in values}

    def close(self) -> None:
        self._session = None


def cuda_is_built_in() -> bool:
    """Whether this ONNX Runtime was built with CUDA at all; starting it may still fail."""
    return "CUDAExecutionProvider" in ort.get_available_providers()


def _session(path: Path, device: str, threads: int | None) -> ort.InferenceSession:
    if device not in _PROVIDERS:
        raise EngineError(f"ONNX Runtime has no device {device!r} here; choose one of {', '.join(_PROVIDERS)}")
    provider, settings = _PROVIDERS[device]
    if device == "cuda":
        _prepare_cuda()
    options = ort.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = physical_cores() if threads is None else threads
    # Four graphs take turns; without this, workers of an idle one keep the cores busy and the next runs 1.5 times
    # slower.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    if not adds_integers_exactly():
        # Kernels that do not overflow, so that INT8 is what it was proven to be; they take up to twice as long.
        options.add_session_config_entry("session.x64quantprecision", "1")
    try:
        session = ort.InferenceSession(
            path,
            options,
            providers=[(provider, settings)],
            disabled_optimizers=_LEFT_OUT,
            enable_fallback=0,  # to the CPU, with the reason lost and lines on stdout
        )
    except Exception as error:
        raise EngineError(f"ONNX Runtime cannot load {path} on {device}: {_first_line(error)}") from error
    if session.get_providers()[0] != provider:
        raise EngineError(
            "CUDA was asked for, but ONNX Runtime could not start it: it needs an NVIDIA driver, CUDA 13 and cuDNN 9 "
            '(pip install "onnxruntime-gpu[cuda,cudnn]" brings the last two). Choose --engine cpu to run without'
        )
    return session


def _prepare_cuda() -> None:
    if not cuda_is_built_in():
        raise EngineError(
            "CUDA was asked for, but the installed ONNX Runtime has no CUDA: pip uninstall onnxruntime, then "
            "pip install onnxruntime-gpu (Linux or Windows, x86-64), or choose --engine cpu"
        )
    ort.set_default_logger_severity(_SILENT)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        ort.preload_dlls()  # CUDA and cuDNN from their Python packages, where installed
    _log.debug("loading CUDA: %s", said.getvalue().strip() or "done")


def _spec(node: Any) -> TensorSpec:
    if node.type not in _DTYPES:
        raise EngineError(f"the graph has a tensor {node.name} of {node.type}, expected {', '.join(_DTYPES)}")
    return TensorSpec(np.dtype(_DTYPES[node.type]), tuple(n if isinstance(n, int) else None for n in node.shape))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
