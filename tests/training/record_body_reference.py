"""Record what the package says, for tests where it is not installed: `python -m tests.training.record_body_reference`.

Again only when people are drawn or straightened in another way, or the shape space is another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.body_file import OPEN_BODY, read_body_file
from tests.training.package_body import Array, Package, Person, fitted_betas, random_turns, rotations

REFERENCE = Path(__file__).parents[1] / "data" / "open_body_reference.npz"
STEP_M = 1e-4  # positions are whole numbers of it

_PEOPLE = 100
_SAMPLED = 150


def main() -> None:
    """Write the file."""
    arrays = read_body_file(OPEN_BODY)
    package = Package()
    rng = np.random.default_rng(7)
    sampled = np.sort(rng.permutation(len(arrays.template))[:_SAMPLED])
    turns = np.stack([random_turns(rng) for _ in range(_PEOPLE)])
    people: list[Person] = [package.person(rng, rotations(turn)) for turn in turns]
    space = package.shape_space()
    shapes = rng.standard_normal((_PEOPLE, 10))
    shape_joints = space.joints + np.einsum("nk,kjc->njc", shapes, space.joint_directions)
    np.savez_compressed(
        REFERENCE,
        shapes=shapes.astype(np.float32),  # (N, 10)
        shape_joints=_steps(shape_joints),  # (N, 55, 3) at rest
        betas=np.stack([fitted_betas(arrays, person.vertices) for person in people]).astype(np.float32),  # (N, 10)
        joints=_steps([person.joints for person in people]),  # (N, 55, 3) at rest
        turns=np.rint(turns * 1000).astype(np.int16),  # (N, 55, 3) milliradians
        sampled=sampled.astype(np.int16),  # (K,) vertices
        posed=_steps([person.posed[sampled] for person in people]),  # (N, K, 3)
    )


def _steps(positions: Sequence[Array] | Array) -> NDArray[np.int16]:
    return np.rint(np.asarray(positions) / STEP_M).astype(np.int16)


if __name__ == "__main__":
    main()
