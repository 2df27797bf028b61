"""Stances turn legs and trunk, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from models.joints import SMPLX_JOINTS
from training.stances import STANCES, Stance

LEGS = {f"{side}_{name}" for side in ("left", "right") for name in ("hip", "knee", "ankle")}


@pytest.mark.parametrize("stance", [stance for _, stance in STANCES])
def test_stances_turn_legs_and_trunk_only(stance: Stance) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        stance(rng, pose)
        turned = {SMPLX_JOINTS[row] for row in np.flatnonzero((pose != np.eye(3)).any((1, 2)))}
        assert turned & LEGS
        assert turned <= LEGS | {"pelvis", "spine2"}
        np.testing.assert_allclose(pose @ pose.swapaxes(1, 2), np.broadcast_to(np.eye(3), pose.shape), atol=1e-9)
