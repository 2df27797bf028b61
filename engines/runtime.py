"""An engine and a precision for a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from engines.bundle import DETECTOR, Bundle
from engines.engine import Engine, EngineError
from engines.onnxruntime_engine import OnnxRuntimeEngine
from engines.openvino_engine import OpenVinoEngine
from engines.tensorrt_engine import TensorRtEngine

# What each engine computes in, and the bundle it takes for it. INT8 bundles have uint8 activations, which are for CPUs.
BUNDLES: Mapping[str, Mapping[str, str]] = {
    "cpu": {"fp32": "fp32", "fp16": "fp16", "int8": "int8"},
    "openvino": {"fp32": "fp32", "bf16": "fp32", "int8": "int8"},
    "cuda": {"fp32": "fp32", "fp16": "fp16"},
    "tensorrt": {"fp32": "fp32", "fp16": "fp16"},
}
ENGINES = ("auto", *BUNDLES)
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

    @property
    def takes_files(self) -> bool:
        """Whether it runs graphs that are not the bundle's."""
        return self.engine != "tensorrt"

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
        if not self.takes_files:
            raise EngineError(
                f"TensorRT runs what was built into the model, not {path}; leave out --{DETECTOR}, or choose "
                "--engine cuda"
            )
        return OnnxRuntimeEngine(path, self.device)
