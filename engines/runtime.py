"""Which engine runs a bundle, and in which precision: what was asked for, or nothing."""

from __future__ import annotations

import ctypes.util
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engines.bundle import DETECTOR, Bundle
from engines.engine import Engine, EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine, cuda_is_built_in
from engines.openvino_engine import OpenVinoEngine
from engines.tensorrt_engine import TensorRtEngine

_log = logging.getLogger(__name__)

_DRIVERS = ("cuda", "nvcuda")  # the NVIDIA driver's library on Linux and on Windows

# What each engine computes in, and the bundle it takes for it. INT8 bundles have uint8 activations, which are for CPUs.
_BUNDLES: Mapping[str, Mapping[str, str]] = {
    "cpu": {"fp32": "fp32", "fp16": "fp16", "int8": "int8"},
    "openvino": {"fp32": "fp32", "bf16": "fp32", "int8": "int8"},
    "cuda": {"fp32": "fp32", "fp16": "fp16"},
    "tensorrt": {"fp32": "fp32", "fp16": "fp16"},
}
ENGINES = ("auto", *_BUNDLES)
PRECISIONS = ("auto", "fp32", "bf16", "fp16", "int8")
_TITLES = {"cpu": "ONNX Runtime", "openvino": "OpenVINO", "cuda": "ONNX Runtime", "tensorrt": "TensorRT"}


@dataclass(frozen=True)
class Runtime:
    """An engine and a precision that fit a bundle. engine: one of `ENGINES` but "auto"; precision likewise."""

    engine: str
    precision: str
    bundle: Bundle

    @property
    def device(self) -> str:
        """ "cpu" or "cuda"."""
        return "cuda" if self.engine in ("cuda", "tensorrt") else "cpu"

    def __str__(self) -> str:
        return f"{_TITLES[self.engine]} {self.device}"

    def load(self, graph: str) -> Engine:
        """One of the bundle's graphs. Raises EngineError."""
        if self.engine == "tensorrt":
            return TensorRtEngine(self.bundle, graph)
        return self.load_file(self.bundle.graphs[graph])

    def load_file(self, path: Path) -> Engine:
        """A graph of any file. Raises EngineError."""
        if self.engine == "openvino":
            return OpenVinoEngine(path, self.precision)
        if self.engine == "tensorrt":
            raise EngineError(
                f"TensorRT runs what was built into the model, not {path}; leave out --{DETECTOR}, or choose "
                "--engine cuda"
            )
        return OnnxRuntimeEngine(path, self.device)


def chosen_runtime(engine: str, precision: str, bundle: Bundle) -> Runtime:
    """What is asked for, "auto" being CUDA where it starts and else the CPU, and the bundle's own precision.

    Raises EngineError for what is not there; nothing slower takes its place.
    """
    wanted = bundle.precision if precision == "auto" else precision
    if engine == "auto":
        engine = _automatic(wanted, bundle)
    takes = _BUNDLES[engine]
    if wanted not in takes:
        others = " or ".join(f"--engine {other}" for other in _BUNDLES if wanted in _BUNDLES[other])
        raise EngineError(
            f"--engine {engine} runs {', '.join(takes)}, not {wanted}; "
            + (f"choose {others}" if others else "export the model again")
        )
    if takes[wanted] != bundle.precision:
        flag = "" if takes[wanted] == "fp32" else f" --{takes[wanted]}"
        raise EngineError(
            f"{wanted} was asked for, but the model {bundle.name} is {bundle.precision}; name one that was made with "
            f"wb-export CHECKPOINT{flag}, or choose --precision auto"
        )
    if engine == "cpu" and wanted == "fp16":
        _log.warning("half precision is for GPUs: the CPU computes it in FP32 and is no faster for it")
    return Runtime(engine, wanted, bundle)


def _automatic(precision: str, bundle: Bundle) -> str:
    able = [engine for engine, takes in _BUNDLES.items() if precision in takes]
    if "cuda" in able and cuda_is_built_in() and any(map(ctypes.util.find_library, _DRIVERS)):
        try:
            OnnxRuntimeEngine(bundle.graphs["pose"], "cuda").close()
        except EngineError as error:
            _log.warning("an NVIDIA driver is here, but the CPU is used: %s", error)
        else:
            return "cuda"
    return able[0] if able else "cpu"
