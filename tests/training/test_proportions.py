"""Proportions: each direction changes what it says, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from training.proportions import HEAD, random_proportions, with_proportions
from training.torch_body import TorchBody

JOINT = {name: row for row, name in enumerate(SMPLX_JOINTS)}
ARM = ("shoulder", "elbow", "wrist", "index1")


@pytest.fixture(scope="module")
def body(arrays: BodyArrays) -> TorchBody:
    return TorchBody(with_proportions(arrays))


def measured(body: TorchBody, *proportions: float) -> dict[str, float]:
    """Lengths of a body at rest, metres."""
    coefficients = torch.zeros(1, HEAD + 3)
    coefficients[0, HEAD : HEAD + len(proportions)] = torch.tensor(proportions)
    vertices, joints = body(torch.eye(3).expand(1, 55, 3, 3), coefficients)
    at = {name: joints[0, row].numpy() for name, row in JOINT.items()}

    def apart(a: str, b: str) -> float:
        return float(np.linalg.norm(at[a] - at[b]))

    return {
        "eyes": apart("left_eye_smplhf", "right_eye_smplhf"),
        "crown": float(vertices[0, :, 1].max() - at["head"][1]),  # grows less where the neck moves it too
        "shoulders": apart("left_shoulder", "right_shoulder"),
        "hips": apart("left_hip", "right_hip"),
        "trunk": float(at["left_shoulder"][1] - at["left_hip"][1]),
        "neck": apart("neck", "head"),
        "arm": sum(apart(f"left_{a}", f"left_{b}") for a, b in pairwise(ARM)),
        "leg": apart("left_hip", "left_knee") + apart("left_knee", "left_ankle"),
    }


@pytest.mark.parametrize(
    ("proportions", "grown"),
    [
        ((0.2,), {"eyes": 1.2, "crown": 1.17, "neck": 1.09}),
        ((0, 0.2), {"shoulders": 1.2, "hips": 1.08}),
        ((0, 0, -0.2), {"trunk": 0.8}),
    ],
)
def test_each_changes_what_it_says(body: TorchBody, proportions: tuple[float, ...], grown: dict[str, float]) -> None:
    before, after = measured(body), measured(body, *proportions)
    for name, metres in before.items():
        assert after[name] / metres == pytest.approx(grown.get(name, 1.0), abs=0.03), name


def test_without_any_it_is_the_body_as_it_was(arrays: BodyArrays, body: TorchBody) -> None:
    coefficients = torch.randn(2, HEAD, generator=torch.Generator().manual_seed(0))
    rotations = torch.eye(3).expand(2, 55, 3, 3)
    more = torch.cat((coefficients, torch.zeros(2, 3)), 1)
    for one, other in zip(TorchBody(arrays)(rotations, coefficients), body(rotations, more), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_hands_and_feet_keep_their_form(arrays: BodyArrays) -> None:
    directions = with_proportions(arrays).shape_directions[..., HEAD:]
    wrist, foot = (arrays.weights[:, JOINT[name]] > 0.99 for name in ("left_wrist", "left_foot"))
    for part in (wrist, foot):
        assert part.any()
        assert np.ptp(directions[part], axis=0).max() < 1e-6


def test_people_differ() -> None:
    rng = np.random.default_rng(0)
    drawn = np.stack([random_proportions(rng) for _ in range(300)])
    assert drawn.shape == (300, 3)
    assert (drawn.std(0) > 0.05).all()
    assert (np.abs(drawn) < 0.3).all()
