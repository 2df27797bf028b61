"""Names of TensorRT's engine files, and the refusal of those that were made of something else.

An engine runs on the GPU, the TensorRT version and the graph that it was built for, and on no other, so its name says
all three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from engines.bundle import Bundle, sha256
from engines.engine import EngineError

FOLDER = "tensorrt"
MOST_PEOPLE = 8  # in a batch
_SUFFIX = ".engine"


@dataclass(frozen=True)
class EngineKey:
    """What an engine file was built for. gpu: name and compute capability; graph_hash: of the ONNX file."""

    graph: str
    precision: str
    gpu: str
    tensorrt: str
    graph_hash: str
    most_people: int = MOST_PEOPLE

    @classmethod
    def of(cls, bundle: Bundle, graph: str, gpu: str, tensorrt: str) -> EngineKey:
        """What a bundle's graph needs on this GPU and TensorRT."""
        return cls(graph, bundle.precision, gpu, tensorrt, sha256(bundle.graphs[graph]))

    @property
    def file_name(self) -> str:
        gpu = re.sub(r"[^a-z0-9]+", "-", self.gpu.lower()).strip("-")
        shapes = f"n1-{self.most_people}"
        return (
            f"{self.graph}_{self.precision}_{gpu}_trt{self.tensorrt}_{shapes}_{self.graph_hash[:16].lower()}{_SUFFIX}"
        )


def build_command(bundle: Bundle) -> str:
    """What makes a bundle's engine files."""
    return f"wb-export {bundle.folder} --tensorrt"


def found_engine(bundle: Bundle, key: EngineKey) -> Path:
    """The engine file of a key. Raises EngineError, saying what differs and how to build it."""
    folder = bundle.folder / FOLDER
    path = folder / key.file_name
    if path.is_file():
        return path
    others = sorted(file.name for file in folder.glob(f"{key.graph}_*{_SUFFIX}"))
    why = f"that of {key.graph} is for another {_difference(others, path.name)}" if others else "it has none"
    raise EngineError(
        f"the model {bundle.name} has no TensorRT engine for {key.gpu}, TensorRT {key.tensorrt}, {key.precision}: "
        f"{why}; build it here with {build_command(bundle)}"
    )


def _difference(others: list[str], wanted: str) -> str:
    """In what the nearest file's name differs."""
    labels = ("graph", "precision", "GPU", "TensorRT", "batch", "export of the graph")
    want = wanted.removesuffix(_SUFFIX).split("_")
    differences = [
        [label for label, a, b in zip(labels, name.removesuffix(_SUFFIX).split("_"), want, strict=False) if a != b]
        for name in others
    ]
    _, nearest = min((len(differing), differing) for differing in differences)
    return " and ".join(nearest)
