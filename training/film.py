"""Frames of a pinhole camera with dressed people in them: the sample clip, held-out frames, sequences for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.body_file import BodyArrays
from training.looks import Looks
from training.pictures import bounds
from training.views import NEAR_M, Drawn, Plane
from training.wardrobe import Wardrobe

Camera = tuple[float, float, float, float]  # fx, fy, cx, cy in pixels

_BODY_IN_BOX = 0.35  # roughly the share of a body's box that the body covers


@dataclass(frozen=True)
class Actor:
    """One person in one frame."""

    rotations: NDArray[Any]  # (55, 3, 3), the root in camera axes
    betas: NDArray[Any]  # (10,)
    expression: NDArray[Any]  # (10,)
    translation_m: NDArray[Any]  # (3,) as SMPL-X's, added to everything
    look: NDArray[Any]  # (looks.LOOK_NUMBERS,), as `looks.random_look` gives it


@dataclass(frozen=True)
class Filmed:
    """A frame and what is in it, actors in their order; camera axes."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    vertices_m: NDArray[np.float32]  # (A, V, 3), undressed
    joints_m: NDArray[np.float32]  # (A, 55, 3)
    boxes: NDArray[np.float64]  # (A, 4) xyxy pixels of what is seen, 0 of nobody
    seen: NDArray[np.float64]  # (A,) area that is in the frame and not hidden, over roughly the body's whole area
    whole: NDArray[np.bool_]  # (A,) whether nothing of the body is outside the frame
    part_boxes: NDArray[np.float64]  # (A, 3, 4) xyxy pixels, tight around left hand, right hand and face


class Film(torch.nn.Module):
    """Draws frames."""

    def __init__(self, arrays: BodyArrays, supersample: int = 2) -> None:
        super().__init__()
        self.wardrobe = Wardrobe(arrays)
        self._finer = supersample

    @torch.no_grad()
    def forward(self, actors: Sequence[Actor], camera: Camera, background: NDArray[np.uint8]) -> Filmed:
        """A frame over a background (H, W, 3), of its size. The camera's pixels are square."""

        def stacked(name: str) -> Tensor:
            return torch.from_numpy(np.stack([getattr(actor, name) for actor in actors])).float()

        look = Looks(stacked("look"))
        coefficients = torch.cat((stacked("betas"), stacked("expression")), 1)
        offset = stacked("translation_m")[:, None]
        dressed, bare, joints = (m + offset for m in self.wardrobe(stacked("rotations"), coefficients, look))

        height, width = background.shape[:2]
        view = self._view(camera, len(actors))
        layers = Drawn(dressed, self.wardrobe, look).layers(view, (width * self._finer, height * self._finer))
        rgb, owner = _flattened(*layers, np.repeat(np.repeat(background, self._finer, 0), self._finer, 1))
        masks = [owner == actor for actor in range(len(actors))]
        areas = np.array([mask.sum() for mask in masks]) / self._finer**2
        px = _projected(bare.numpy(), camera)
        parts = [px[:, part.numpy()] for part in (*self.wardrobe.hands, self.wardrobe.face)]
        return Filmed(
            rgb=self._shrunk(rgb),
            vertices_m=bare.numpy(),
            joints_m=joints.numpy(),
            boxes=np.array([bounds(mask) or (0, 0, 0, 0) for mask in masks]) / self._finer,
            seen=areas / np.maximum(_BODY_IN_BOX * np.ptp(px, axis=1).prod(-1), 1.0),
            whole=np.array([bool(((at >= 0) & (at <= (width - 1, height - 1))).all()) for at in px]),
            part_boxes=np.stack([np.concatenate((part.min(1), part.max(1)), 1) for part in parts], 1),
        )

    def _view(self, camera: Camera, count: int) -> Plane:
        """In the pixels that are drawn, finer than the frame's."""
        fx, fy, cx, cy = camera
        if fx != fy:
            raise ValueError(f"camera: expected the same focal length across and down, got {fx} and {fy}")
        finer = self._finer
        return Plane.pinhole((fx * finer, (cx + 0.5) * finer - 0.5, (cy + 0.5) * finer - 0.5), count)

    def _shrunk(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = (size // self._finer for size in picture.shape[:2])
        blocks = picture.reshape(height, self._finer, width, self._finer, 3)
        return np.asarray(blocks.mean((1, 3)).round(), np.uint8)


def _flattened(
    rgba: Tensor, depth: Tensor, background: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Layers (A, H, W, 4) and their depths (A, H, W) over a background -> RGB (H, W, 3), and of each pixel whose it is
    (H, W), -1 nobody's."""
    nearest = depth.argmin(0)  # (H, W)
    covered = torch.isfinite(depth.amin(0)).numpy()
    picture = rgba.gather(0, nearest[None, ..., None].expand(1, *nearest.shape, 4))[0].numpy()
    return np.where(covered[..., None], picture[..., :3], background), np.where(covered, nearest.numpy(), -1)


def _projected(vertices_m: NDArray[np.float32], camera: Camera) -> NDArray[np.float64]:
    """(A, V, 2) pixels of vertices (A, V, 3), of those behind the camera as if a little before it."""
    px = vertices_m[..., :2].astype(np.float64) / vertices_m[..., 2:].clip(min=NEAR_M)
    return np.asarray(px * camera[:2] + camera[2:])
