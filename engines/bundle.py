"""A folder of graphs that belong together: what `wb-export` writes and `wb-track --model` runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import platformdirs
from numpy.typing import NDArray

from engines.engine import TensorSpec

FILE_NAME = "bundle.json"
FORMAT = 1
_SHAPE_SPACE = "smplx"  # of bundles that do not say

# Inputs and outputs of each graph, in the order the graphs run.
CONTRACT: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "body": (frozenset({"crop"}), frozenset({"features", "joints", "boxes"})),
    "hand": (frozenset({"crop", "boxes"}), frozenset({"features", "joints", "rot6d"})),
    "face": (frozenset({"crop", "box"}), frozenset({"expression", "jaw_rot6d"})),
    "pose": (
        frozenset({"body_features", "body_joints", "hand_features", "hand_joints"}),
        frozenset({"root_rot6d", "body_rot6d", "betas", "camera"}),
    ),
    "detector": (frozenset({"image"}), frozenset({"boxes", "scores"})),
}
_PICTURES = frozenset({"crop", "image"})
DETECTOR = "detector"  # the one graph that a bundle may lack
GRAPHS = tuple(name for name in CONTRACT if name != DETECTOR)

PROVEN_PARTS = ("body", "left_hand", "right_hand", "face")
# How far from FP32 each part's vertices may be on average.
LIMIT_MM: Mapping[str, float] = {"fp16": 0.5, "int8": 3.0}

_TEXTS = ("name", "precision", "licence", "shape_space")  # keys of bundle.json and fields of `Bundle`


class BundleError(ValueError):
    """The folder is not a whole bundle; the message says in what way."""


@dataclass(frozen=True)
class JointDepth:
    """What the depth of heatmaps means: so many metres, from the first of the bins to the last, BodyNet's pelvis or
    HandNet's wrist in the middle."""

    metres: float
    bins: int

    def behind_m(self, cells: NDArray[Any]) -> NDArray[np.float64]:
        """Depths in cells -> metres behind the middle."""
        return np.asarray((cells / self.bins - 0.5) * self.metres, np.float64)


@dataclass(frozen=True)
class Bundle:
    """A checked bundle. `graphs` maps names to ONNX files whose hashes are right.

    shape_space: the space of bodies that its shape and expression coefficients belong to. joint_depth: where there is
    one, meshes are fitted to BodyNet's joints. identity: another one for whatever else it may hold. distance_mm: of a
    reduced precision, how far each part's vertices were from FP32 on average, where that was measured.
    """

    folder: Path
    name: str
    precision: str
    licence: str
    shape_space: str
    joint_depth: JointDepth | None
    graphs: Mapping[str, Path]
    identity: str
    distance_mm: Mapping[str, float] | None = None

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read bundle.json and check every graph's hash. Raises BundleError or FileNotFoundError."""
        if not folder.is_dir():
            raise FileNotFoundError(f"no model at {folder}; make one with wb-export CHECKPOINT --out {folder}")
        content = _read(folder / FILE_NAME)
        graphs = {}
        for name, entry in content["graphs"].items():
            path = folder / entry["file"]
            if not path.is_file():
                raise BundleError(f"{folder} is not whole: {path.name} is missing; export it again")
            if sha256(path) != entry["sha256"]:
                raise BundleError(f"{path} is not the graph that bundle.json names (its hash differs); export it again")
            graphs[name] = path
        depth = content.get("joint_depth")
        return cls(
            folder,
            joint_depth=None if depth is None else JointDepth(float(depth["metres"]), int(depth["bins"])),
            graphs=MappingProxyType(graphs),
            identity=sha256(folder / FILE_NAME),
            distance_mm=_distance_mm(content),
            **{key: content[key] for key in _TEXTS},
        )

    @property
    def proven(self) -> bool:
        """Whether it is in FP32, or so near to it at every part that its precision is worth its speed."""
        if self.precision == "fp32":
            return True
        limit, found = LIMIT_MM.get(self.precision), self.distance_mm or {}
        return limit is not None and all(found.get(part, float("inf")) <= limit for part in PROVEN_PARTS)

    @property
    def has_tensorrt(self) -> bool:
        """Whether engine files were built for it, on whatever GPU."""
        return any((self.folder / "tensorrt").glob("*.engine"))


def check_contract(graph: str, inputs: Mapping[str, TensorSpec], outputs: Iterable[str]) -> None:
    """Raise BundleError unless a graph takes and gives what the graph of that name must."""
    for what, found, expected in zip(("takes", "gives"), (inputs, outputs), CONTRACT[graph], strict=True):
        if set(found) != expected:
            raise BundleError(
                f"the model's {graph} graph {what} {', '.join(found)}, expected {', '.join(sorted(expected))}; "
                "export it again"
            )
    for name in _PICTURES & inputs.keys():
        picture_hw(graph, inputs[name])


def picture_hw(graph: str, spec: TensorSpec) -> tuple[int, int]:
    """Height and width of the pictures (N, H, W, 3) that a graph takes. Raises BundleError where they are open."""
    match spec.shape:
        case (_, int(height), int(width), 3):
            return height, width
    raise BundleError(f"the model's {graph} graph takes {spec}, expected pictures of one size; export it again")


def user_data_folder() -> Path:
    """Where a user's own models and bodies are looked for."""
    return platformdirs.user_data_path("wb-track", appauthor=False)


def user_bundle_folder(name: str) -> Path:
    """Where the user's bundle of that name is."""
    return user_data_folder() / "models" / name


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _distance_mm(content: Mapping[str, Any]) -> Mapping[str, float] | None:
    """What is said of a reduction; None where nothing is, or nothing that can be read."""
    try:
        parts = content["reduction"]["distance_mm"]
        return {part: float(parts[part]["mean"]) for part in PROVEN_PARTS}
    except (KeyError, TypeError, ValueError):
        return None


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise BundleError(f"{path.parent} is not a model: it has no {FILE_NAME}. Make one with wb-export")
    try:
        content = {"shape_space": _SHAPE_SPACE, **json.loads(path.read_text(encoding="utf-8"))}
        version = content["format"]
        if version == FORMAT:
            graphs = content["graphs"]
            missing = [name for name in GRAPHS if name not in graphs]
            named = all(Path(entry["file"]).name == entry["file"] and entry["sha256"] for entry in graphs.values())
            complete = named and all(isinstance(content[key], str) for key in _TEXTS)
            depth = content.get("joint_depth")
            complete = complete and (depth is None or (float(depth["metres"]) > 0 and int(depth["bins"]) > 0))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BundleError(f"{path} is damaged: it cannot be read as a bundle's description; export it again") from error
    if version != FORMAT:
        raise BundleError(f"{path} is of format {version}, this wb-track reads format {FORMAT}; export it again")
    if missing:
        raise BundleError(f"{path} names no graph for {', '.join(missing)}; export it again")
    if not complete:
        raise BundleError(f"{path} is damaged: its description is incomplete; export it again")
    return content
