"""The head that is asked for landmarks: read from means, of faces that are seen alone."""

from __future__ import annotations

import pytest
import torch

from training.landmarks import WEIGHTS, LandmarkHead, landmark_losses
from training.parts import FACE_POINTS


def test_features_are_read_by_their_means() -> None:
    head = LandmarkHead(2)
    with torch.no_grad():
        head.places.weight[:, 0] = torch.arange(2.0 * FACE_POINTS)
    features = torch.zeros(1, 2, 2, 2)
    features[0, 0, 0, 1] = 4.0
    torch.testing.assert_close(head(features)[0], torch.arange(2.0 * FACE_POINTS).view(FACE_POINTS, 2))


def test_a_new_head_says_the_middle_and_moves_nothing() -> None:
    features = torch.randn(2, 3, 2, 2, requires_grad=True)
    found = LandmarkHead(3)(features)
    assert not found.any()
    losses = landmark_losses(found, {"face_points": torch.ones(2, FACE_POINTS, 2), "face_valid": torch.ones(2)})
    losses["face points"].backward()  # type: ignore[no-untyped-call]
    assert features.grad is not None
    assert not features.grad.any()


def test_only_faces_that_are_seen_count() -> None:
    points = torch.zeros(3, FACE_POINTS, 2)
    found = points + torch.tensor((0.1, 0.4, 9.0))[:, None, None]
    batch = {"face_points": points, "face_valid": torch.tensor((1.0, 1.0, 0.0))}
    losses = landmark_losses(found, batch)
    assert losses.keys() == WEIGHTS.keys()
    assert float(losses["face points"]) == pytest.approx(0.25)
    assert not any(landmark_losses(found, {**batch, "face_valid": torch.zeros(3)}).values())
