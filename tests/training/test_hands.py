"""Hand shapes stay within what fingers can do."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from models.joints import HAND_ROTATIONS
from training.hands import random_hand

HANDS = 300
OUTER = [row for row, name in enumerate(HAND_ROTATIONS) if name[-1] in "23" and not name.startswith("thumb")]
KNUCKLES = [row for row, name in enumerate(HAND_ROTATIONS) if name[-1] == "1" and not name.startswith("thumb")]


@pytest.fixture(scope="module")
def degrees() -> NDArray[np.float64]:
    """(HANDS, 15, 3) axis-angle."""
    rng = np.random.default_rng(0)
    hands = np.stack([random_hand(rng) for _ in range(HANDS)])
    assert hands.shape == (HANDS, 15, 3, 3)
    np.testing.assert_allclose(hands @ hands.swapaxes(-1, -2), np.broadcast_to(np.eye(3), hands.shape), atol=1e-9)
    return np.asarray(Rotation.from_matrix(hands.reshape(-1, 3, 3)).as_rotvec(degrees=True).reshape(HANDS, 15, 3))


def test_fingers_curl_towards_the_palm_and_no_further(degrees: NDArray[np.float64]) -> None:
    bends = -degrees[:, KNUCKLES + OUTER, 2]
    assert bends.min() > -35
    assert bends.max() < 150
    assert (bends > -15).mean() > 0.98


def test_outer_joints_are_hinges(degrees: NDArray[np.float64]) -> None:
    assert np.abs(degrees[:, OUTER, :2]).max() < 1e-6


def test_fingers_are_spread_a_little(degrees: NDArray[np.float64]) -> None:
    assert np.abs(degrees[:, KNUCKLES, 1]).max() < 35


def test_open_hands_and_fists_are_among_them(degrees: NDArray[np.float64]) -> None:
    knuckles = -degrees[:, KNUCKLES, 2]
    assert (knuckles < 20).all(1).mean() > 0.05
    assert (knuckles > 50).all(1).mean() > 0.05


def test_a_seed_gives_the_same_hand() -> None:
    assert np.array_equal(random_hand(np.random.default_rng(3)), random_hand(np.random.default_rng(3)))
