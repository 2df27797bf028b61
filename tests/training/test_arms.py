"""Plans turn one arm, and bring its hand where they say."""

from __future__ import annotations

import numpy as np
import pytest

from models.body_file import BodyArrays
from models.joints import SMPLX_JOINTS
from training.arms import ARM_PLANS, ArmPlan, hang
from training.skeleton import Skeleton

SIDES = ("left", "right")


@pytest.fixture(scope="module")
def skeleton(arrays: BodyArrays) -> Skeleton:
    return Skeleton(arrays.regressor @ arrays.template, arrays.parents)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("plan", [plan for _, plan in ARM_PLANS])
def test_plans_turn_their_own_arm_only(skeleton: Skeleton, plan: ArmPlan, side: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        plan(skeleton, rng, pose, side)
        turned = {SMPLX_JOINTS[row] for row in np.flatnonzero((pose != np.eye(3)).any((1, 2)))}
        assert turned == {f"{side}_{name}" for name in ("collar", "shoulder", "elbow", "wrist")}
        np.testing.assert_allclose(pose @ pose.swapaxes(1, 2), np.broadcast_to(np.eye(3), pose.shape), atol=1e-9)


@pytest.mark.parametrize("side", SIDES)
def test_hanging_arms_hang(skeleton: Skeleton, side: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        hang(skeleton, rng, pose, side)
        heights = [skeleton.place(pose, f"{side}_{name}")[1][1] for name in ("shoulder", "elbow", "wrist")]
        assert heights[0] > heights[1] + 0.1
        assert heights[0] > heights[2] + 0.15


@pytest.mark.parametrize("side", SIDES)
def test_a_hand_on_the_head_is_up_there(skeleton: Skeleton, side: str) -> None:
    rng, (_, plan) = np.random.default_rng(0), ARM_PLANS[7]
    for _ in range(20):
        pose = np.tile(np.eye(3), (len(SMPLX_JOINTS), 1, 1))
        plan(skeleton, rng, pose, side)
        assert skeleton.place(pose, f"{side}_wrist")[1][1] > skeleton.place(pose, "neck")[1][1]
