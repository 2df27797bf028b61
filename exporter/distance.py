"""What a reduced precision costs, in millimetres of the mesh: the same crops through two sets of graphs, skinned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.engine import Engine
from models import joints
from models.body_file import OPEN_BODY, read_body_file
from models.camera import FOCAL_PX
from models.rotations import axis_angle_to_matrix, matrix_to_axis_angle, rot6d_to_matrix
from models.smplx_body import BodyMesh, SmplxBody

Arrays = dict[str, NDArray[Any]]
Outputs = dict[str, Arrays]  # by graph

_BATCH = 8
_HEAD = tuple(joints.SMPLX_JOINTS.index(name) for name in ("head", "jaw", "left_eye_smplhf", "right_eye_smplhf"))
_LEFT_WRIST, _RIGHT_WRIST = (joints.SMPLX_JOINTS.index(f"{side}_wrist") for side in ("left", "right"))

# Graphs whose outputs change with those of each, itself included.
AFTER: Mapping[str, frozenset[str]] = {
    "body": frozenset({"body", "hand", "face", "pose"}),
    "hand": frozenset({"hand", "pose"}),
    "face": frozenset({"face"}),
    "pose": frozenset({"pose"}),
}


@dataclass(frozen=True)
class Distance:
    """Of vertices: their mean and the 99th percentile."""

    mean: float
    p99: float

    @classmethod
    def of(cls, values: NDArray[Any]) -> Distance:
        return cls(float(values.mean()), float(np.percentile(values, 99)))


@dataclass(frozen=True)
class Distances:
    """parts_mm: body, left_hand, right_hand, face. image_px: where all vertices are seen, in a 192 x 256 crop."""

    parts_mm: Mapping[str, Distance]
    image_px: Distance

    def too_far(self, limit_mm: float) -> list[str]:
        """Parts whose mean is past the limit, NaN included."""
        return [name for name, distance in self.parts_mm.items() if not distance.mean <= limit_mm]


def run_graphs(engines: Mapping[str, Engine], crops: NDArray[np.uint8], known: Outputs | None = None) -> Outputs:
    """Everything the four graphs say of crops (N, H, W, 3). known: outputs of graphs that need not be run again."""
    known = known or {}
    batches = [_run(engines, slice(at, at + _BATCH), crops, known) for at in range(0, len(crops), _BATCH)]
    return {
        graph: {name: np.concatenate([batch[graph][name] for batch in batches]) for name in batches[0][graph]}
        for graph in batches[0]
    }


def graph_feeds(crops: NDArray[np.uint8], outputs: Outputs) -> dict[str, Arrays]:
    """What each graph is fed, from the outputs of those before it."""
    feeds: dict[str, Arrays] = {"body": {"crop": crops}}
    if "body" in outputs:
        boxes = outputs["body"]["boxes"]
        feeds["hand"] = {"crop": crops, "boxes": boxes[:, :2]}
        feeds["face"] = {"crop": crops, "box": boxes[:, 2]}
    if "hand" in outputs:
        feeds["pose"] = {
            f"{graph}_{name}": outputs[graph][name] for graph in ("body", "hand") for name in ("features", "joints")
        }
    return feeds


class Figure:
    """The body that outputs are skinned with: the open one, in its mean shape where shapes are of another space."""

    def __init__(self, shape_space: str) -> None:
        arrays = read_body_file(OPEN_BODY)
        self._body = SmplxBody(arrays, arrays.shape_space)
        self._shaped = shape_space == arrays.shape_space
        carrier = arrays.weights.argmax(1)  # (V,) the joint that each vertex follows most
        left, right = (
            _rows(carrier, (wrist, *range(*fingers.indices(55))))
            for wrist, fingers in ((_LEFT_WRIST, joints.LEFT_HAND), (_RIGHT_WRIST, joints.RIGHT_HAND))
        )
        # Vertices of each part, and the joint from which they are measured.
        self._parts = {
            "body": (np.arange(len(carrier)), 0),
            "left_hand": (left, _LEFT_WRIST),
            "right_hand": (right, _RIGHT_WRIST),
            "face": (_rows(carrier, _HEAD), _HEAD[0]),
        }

    @property
    def name(self) -> str:
        """For bundle.json."""
        return self._body.name if self._shaped else f"{self._body.name}, in its mean shape and without expression"

    def distances(self, found: Outputs, expected: Outputs) -> Distances:
        """Of each part's vertices: the body's from the pelvis, a hand's from its wrist, the face's from the head joint;
        and of all of them, where they are seen."""
        count = len(expected["pose"]["camera"])
        apart: dict[str, list[NDArray[Any]]] = {name: [] for name in self._parts}
        image = []
        for row in range(count):
            meshes = [self._mesh(outputs, row) for outputs in (found, expected)]
            for name, (vertices, joint) in self._parts.items():
                ours, theirs = (mesh.vertices_m[vertices] - mesh.joints_m[joint] for mesh in meshes)
                apart[name].append(1e3 * np.linalg.norm(ours - theirs, axis=1))
            seen = [_seen(mesh, o["pose"]["camera"][row]) for mesh, o in zip(meshes, (found, expected), strict=True)]
            image.append(np.linalg.norm(seen[0] - seen[1], axis=1))
        parts = {name: Distance.of(np.concatenate(values)) for name, values in apart.items()}
        return Distances(parts, Distance.of(np.concatenate(image)))

    def _mesh(self, outputs: Outputs, row: int) -> BodyMesh:
        hand, face, pose = outputs["hand"], outputs["face"], outputs["pose"]
        rotations = np.tile(np.eye(3), (55, 1, 1))
        rotations[joints.ROOT] = _matrices(pose["root_rot6d"][row][None])
        rotations[joints.BODY] = _matrices(pose["body_rot6d"][row])
        rotations[joints.JAW] = _matrices(face["jaw_rot6d"][row][None])
        fingers = matrix_to_axis_angle(_matrices(hand["rot6d"][row])) + self._body.hand_mean  # (2, 15, 3)
        rotations[joints.LEFT_HAND], rotations[joints.RIGHT_HAND] = axis_angle_to_matrix(fingers)
        betas, expression = pose["betas"][row], face["expression"][row]
        if not self._shaped:
            betas, expression = np.zeros_like(betas), np.zeros_like(expression)
        return self._body.forward(rotations, betas, expression)


def _run(engines: Mapping[str, Engine], rows: slice, crops: NDArray[np.uint8], known: Outputs) -> Outputs:
    outputs = {graph: {name: array[rows] for name, array in arrays.items()} for graph, arrays in known.items()}
    for graph in AFTER:
        if graph not in outputs:
            outputs[graph] = engines[graph].run(graph_feeds(crops[rows], outputs)[graph])
    return outputs


def _rows(carrier: NDArray[Any], of: tuple[int, ...]) -> NDArray[np.intp]:
    return np.flatnonzero(np.isin(carrier, of))


def _matrices(rot6d: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(rot6d_to_matrix(rot6d.astype(np.float64)))


def _seen(mesh: BodyMesh, camera: NDArray[Any]) -> NDArray[Any]:
    """(V, 2) pixels of a 192 x 256 crop, from its centre."""
    at = mesh.vertices_m.astype(np.float64) + camera
    return np.asarray(FOCAL_PX * at[:, :2] / np.maximum(at[:, 2:], 1e-3))
