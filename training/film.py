"""Frames of a pinhole camera with dressed people in them: the sample clip, held-out frames, sequences for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.body_file import BodyArrays
from training.looks import Looks
from training.scene import Drawn, Plane
from training.wardrobe import Wardrobe

Camera = tuple[float, float, float, float]  # fx, fy, cx, cy in pixels


@dataclass(frozen=True)
class Actor:
    """One person in one frame. rotations (55, 3, 3), the root in camera axes; translation_m (3,) as SMPL-X's, added to
    everything; look as `looks.random_look` gives it."""

    rotations: np.ndarray
    betas: np.ndarray
    expression: np.ndarray
    translation_m: np.ndarray
    look: np.ndarray


@dataclass(frozen=True)
class Filmed:
    """A frame (H, W, 3) uint8; of each actor the vertices (A, V, 3) and joints (A, 55, 3) in camera axes, the box of
    what is seen (A, 4) xyxy and the share of the body's picture that is in the frame and not hidden (A,)."""

    rgb: np.ndarray
    vertices_m: np.ndarray
    joints_m: np.ndarray
    boxes: np.ndarray
    seen: np.ndarray


class Film(torch.nn.Module):
    """Draws frames."""

    def __init__(self, arrays: BodyArrays, supersample: int = 2) -> None:
        super().__init__()
        self.wardrobe = Wardrobe(arrays)
        self._supersample = supersample

    @torch.no_grad()
    def forward(self, actors: Sequence[Actor], camera: Camera, background: np.ndarray) -> Filmed:
        """A frame of the background's size."""
        height, width = background.shape[:2]

        def stacked(name: str) -> Tensor:
            return torch.from_numpy(np.stack([getattr(a, name) for a in actors])).float()

        look = Looks(stacked("look"))
        coefficients = torch.cat((stacked("betas"), stacked("expression")), 1)
        dressed, bare, joints = self.wardrobe(stacked("rotations"), coefficients, look)
        offset = stacked("translation_m")[:, None]
        dressed, bare, joints = dressed + offset, bare + offset, joints + offset
        fine = self._supersample
        fx, _, cx, cy = camera
        plane = Plane.pinhole((fx * fine, (cx + 0.5) * fine - 0.5, (cy + 0.5) * fine - 0.5), len(actors))
        rgba, depth = Drawn(dressed, self.wardrobe, look).layers(plane, (width * fine, height * fine))
        nearest = depth.argmin(0)  # (H, W)
        covered = torch.isfinite(depth.amin(0))
        picture = rgba.gather(0, nearest[None, ..., None].expand(1, *nearest.shape, 4))[0].numpy()
        picture = np.where(covered.numpy()[..., None], picture[..., :3], np.repeat(np.repeat(background, fine, 0), fine, 1))
        rgb = picture.reshape(height, fine, width, fine, 3).mean((1, 3)).round().astype(np.uint8)
        boxes, seen = zip(*(_seen(a, nearest, covered, depth, fine) for a in range(len(actors))), strict=True)
        total = _whole_area(bare, camera)
        return Filmed(
            rgb,
            bare.numpy(),
            joints.numpy(),
            np.stack(boxes),
            np.array([pixels / max(whole, 1.0) for pixels, whole in zip(seen, total, strict=True)]),
        )


def _seen(actor: int, nearest: Tensor, covered: Tensor, depth: Tensor, fine: int) -> tuple[np.ndarray, float]:
    """Box (4,) xyxy in pixels of the frame and area of what is seen of an actor."""
    mask = ((nearest == actor) & covered & torch.isfinite(depth[actor])).numpy()
    if not mask.any():
        return np.zeros(4), 0.0
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.array((columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)) / fine
    return box, float(mask.sum()) / fine**2


def _whole_area(bare: Tensor, camera: Camera) -> list[float]:
    """Roughly the pixels that each body would cover in a frame without edges: 0.35 of its box."""
    px = bare[..., :2] / bare[..., 2:].clamp(min=0.05) * camera[0]
    extent = px.amax(1) - px.amin(1)
    return [float(0.35 * w * h) for w, h in extent]
