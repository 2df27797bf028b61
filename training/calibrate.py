"""What the networks' agreement says of being right: `python -m training.calibrate [--model DIR]` prints the constants
of `app.confidence` for a bundle's weights."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.confidence import RIGHT_MM, evidence
from app.finish import smplx_rotations
from app.frame import Box, Frame
from app.load import Loaded
from app.standing import joints_of
from models.joint_fit import Posture
from models.joints import HAND_ROTATIONS, SMPLX_JOINTS
from training.command import positive_count, run
from training.estimates import estimates_in
from training.evaluate import held_out_frames, tracking
from training.film import Filmed
from training.measures import mean_mm, procrustes

Array = NDArray[np.floating[Any]]

FITTED, CHECKED = 1, 2  # series of held-out people
_LEAST_SEEN = 0.1
_BOX_NOISE = 0.02
_PULL = 3.0  # of the weights towards zero, as strong as so many people: they stay there where few tell anything
_STEPS = 30
_BODY = slice(0, 22)
_HANDS = [[SMPLX_JOINTS.index(f"{side}_{name}") for name in ("wrist", *HAND_ROTATIONS)] for side in ("left", "right")]
_HEAD, _FACE = (
    SMPLX_JOINTS.index("head"),
    [SMPLX_JOINTS.index(n) for n in ("jaw", "left_eye_smplhf", "right_eye_smplhf")],
)


@dataclass(frozen=True)
class Cases:
    """Evidence (N, F) and whether the part was about right (N,)."""

    evidence: Array
    right: NDArray[np.bool_]


def cases(parts: Loaded, people: int, series: int) -> dict[str, Cases]:
    """Of bodies, hands and faces of synthetic people, in boxes as a detector finds them."""
    rng = np.random.default_rng((series, people))
    rows: dict[str, list[tuple[Array, bool]]] = {name: [] for name in RIGHT_MM}
    for number, filmed in enumerate(held_out_frames(people, series)):
        if filmed.seen[0] < _LEAST_SEEN:
            continue
        x1, y1, x2, y2 = (
            filmed.boxes[0] + rng.normal(0, _BOX_NOISE, 4) * np.ptp(filmed.boxes[0].reshape(2, 2), 0)[[0, 1, 0, 1]]
        )
        for name, found, right in _judged(parts, filmed, Box((x1, y1, x2, y2), 1.0), number):
            rows[name].append((found, right))
    return {
        name: Cases(np.stack([found for found, _ in each]), np.array([right for _, right in each]))
        for name, each in rows.items()
    }


def fitted(some: Cases) -> Array:
    """(F + 1,) weights of a logistic regression, the constant last, by Newton's method (Bishop 2006, section 4.3.3),
    all but the constant drawn towards zero."""
    features = np.column_stack((some.evidence, np.ones(len(some.right))))
    pull = _PULL * np.diag([*[1.0] * (features.shape[1] - 1), 1e-3])
    weights = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(features @ weights, -30.0, 30.0)))
        slope = features.T @ (some.right - chance) - pull @ weights
        curvature = (features * (chance * (1.0 - chance))[:, None]).T @ features + pull
        weights = weights + np.linalg.solve(curvature, slope)
    return weights


def _judged(parts: Loaded, filmed: Filmed, box: Box, number: int) -> list[tuple[str, Array, bool]]:
    """Each part's evidence, and whether it was about right."""
    frame = Frame(number, float(number), filmed.rgb, 0.0)
    estimates = estimates_in(parts, frame, box)
    if estimates is None:
        return []
    (estimate,) = estimates.people
    params = estimate.params
    joints_m = joints_of(parts.body, params, Posture(smplx_rotations(params.rot6d), params.translation_m))
    found = evidence(estimate, estimate.camera.project(joints_m), joints_m, frame.size_wh)
    truth_m = filmed.joints_m[0].astype(np.float64)

    def right(name: str, rows: slice | list[int], anchor: int) -> bool:
        missed = (joints_m[rows] - joints_m[anchor]) - (truth_m[rows] - truth_m[anchor])
        return bool(1e3 * np.linalg.norm(missed, axis=-1).mean() < RIGHT_MM[name])

    hands = [
        ("hand", hand, mean_mm(procrustes(joints_m[rows], truth_m[rows]), truth_m[rows]) < RIGHT_MM["hand"])
        for hand, rows in zip(found.hands, _HANDS, strict=True)
    ]
    return [("body", found.body, right("body", _BODY, 0)), *hands, ("face", found.face, right("face", _FACE, _HEAD))]


def main() -> None:
    """Print the constants."""
    parser = argparse.ArgumentParser(prog="python -m training.calibrate", description=__doc__)
    parser.add_argument("--model", help="a bundle; default: as wb-track finds it")
    parser.add_argument("--people", type=positive_count, default=400, metavar="N")
    options = parser.parse_args()
    with tracking(options.model) as parts:
        for name, some in cases(parts, options.people, FITTED).items():
            weights = ", ".join(f"{weight:.2f}" for weight in fitted(some))
            print(f"{name.upper()} = ({weights})  # {len(some.right)} cases, {100 * some.right.mean():.0f} % right")


if __name__ == "__main__":
    run(main)
