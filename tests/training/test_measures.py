"""Errors of points whose error is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from training.measures import errors_mm, mean_mm, pck, procrustes

RNG = np.random.default_rng(0)
POINTS = RNG.normal(size=(30, 3))


@pytest.mark.parametrize("scale", [0.5, 1.0, 3.0])
def test_procrustes_undoes_a_similarity(scale: float) -> None:
    moved = scale * Rotation.random(rng=np.random.default_rng(1)).apply(POINTS) + np.array((1.0, -2.0, 3.0))
    np.testing.assert_allclose(procrustes(moved, POINTS), POINTS, atol=1e-9)
    np.testing.assert_allclose(procrustes(POINTS, moved), moved, atol=1e-9)


def test_procrustes_does_not_mirror() -> None:
    mirrored = POINTS * (-1, 1, 1)
    assert mean_mm(procrustes(mirrored, POINTS), POINTS) > 300


def test_procrustes_is_better_than_any_other_similarity() -> None:
    noisy = POINTS + RNG.normal(0, 0.05, POINTS.shape)
    best = ((procrustes(noisy, POINTS) - POINTS) ** 2).sum()
    for seed in range(20):
        turned = Rotation.from_rotvec(np.random.default_rng(seed).normal(0, 0.05, 3)).apply(noisy)
        assert ((turned - POINTS) ** 2).sum() > best


def test_errors_are_about_the_anchors() -> None:
    shifted = POINTS + np.array((0.0, 0.3, 0.4))
    assert mean_mm(shifted, POINTS) == pytest.approx(500)
    mean, aligned = errors_mm(shifted, POINTS, shifted[0], POINTS[0])
    assert mean == pytest.approx(0, abs=1e-9)
    assert aligned == pytest.approx(0, abs=1e-9)
    assert errors_mm(shifted, POINTS, POINTS[0], POINTS[0])[0] == pytest.approx(500)


def test_pck_counts_what_is_within_the_limit() -> None:
    truth = np.array([[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [np.nan, 0.0]])
    found = np.array([[3.0, 4.0], [3.0, 4.1], [0.0, 0.0], [0.0, 0.0]])
    np.testing.assert_array_equal(pck(found, truth, np.full(4, 5.0)), [1, 0, 1, np.nan])
    np.testing.assert_array_equal(pck(found, truth, np.array((6, 6, 0, 6.0))), [1, 1, 1, np.nan])
