"""What is asked of FaceNet's features in training, and of nothing else: where the face's landmarks are.

Expressions move a face by a few pixels of its picture at most. A FaceNet that is asked for nothing but their
coefficients says the mean one of everybody, for hours; who says where lips and lids are sees what they do.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from training.parts import FACE_POINTS

WEIGHTS = {"face points": 5.0}


class LandmarkHead(nn.Module):
    """FaceNet's features (N, C, h, w) to landmarks (N, 51, 2), in shares of the picture from its middle; from their
    means, as expressions are."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.places = nn.Linear(channels, 2 * FACE_POINTS)
        nn.init.zeros_(self.places.weight)  # until it knows something, it moves no backbone that does
        nn.init.zeros_(self.places.bias)

    def forward(self, features: Tensor) -> Tensor:
        places: Tensor = self.places(features.mean((2, 3)))
        return places.view(len(features), FACE_POINTS, 2)


def landmark_losses(found: Tensor, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """By the names of `WEIGHTS`, unweighted: the mean error of the faces that are seen. found: as `LandmarkHead` gives
    it. batch: "face_points" (N, 51, 2) and "face_valid" (N,), as `targets` gives them."""
    seen = batch["face_valid"]
    apart = (found - batch["face_points"]).abs().mean((1, 2))
    return {"face points": (apart * seen).sum() / torch.clamp(seen.sum(), min=1.0)}
