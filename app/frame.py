"""The values that move through the pipeline. A stage returns a new one and never writes into an old one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.pinhole import Pinhole

Floats = NDArray[np.floating[Any]]

# Bits of `Person.flags`.
HELD, PREDICTED, GUARDED = 1, 2, 4

MOST_PREDICTED = 3  # frames in a row of someone who is lost

# Rows of `BodyParams.rot6d`.
ROOT, BODY, LEFT_HAND, RIGHT_HAND, JAW = slice(0, 1), slice(1, 22), slice(22, 37), slice(37, 52), slice(52, 53)


@dataclass(frozen=True)
class Frame:
    """An image and when it was taken.

    rgb: (H, W, 3) uint8. time_s: the source's own clock, monotonic. captured_s: `time.perf_counter()` at arrival.
    segment: another number than the frame before where the source was interrupted, so that nothing earlier says where
    people are now. shot: the same of cuts, new segments included; 0 until `Detect` has counted them.
    """

    index: int
    time_s: float
    rgb: NDArray[np.uint8]
    captured_s: float
    segment: int = 0
    shot: int = 0

    @property
    def size_wh(self) -> tuple[int, int]:
        return self.rgb.shape[1], self.rgb.shape[0]


@dataclass(frozen=True)
class Box:
    """A person's box: x1, y1, x2, y2 in pixels of the frame, width x2 - x1; score in [0, 1]."""

    xyxy_px: tuple[float, float, float, float]
    score: float

    @property
    def width_px(self) -> float:
        return self.xyxy_px[2] - self.xyxy_px[0]

    @property
    def height_px(self) -> float:
        return self.xyxy_px[3] - self.xyxy_px[1]

    @property
    def area_px2(self) -> float:
        return max(0.0, self.width_px) * max(0.0, self.height_px)

    def overlap(self, other: Box) -> float:
        """Intersection over union, in [0, 1]."""
        common = self._common_px2(other)
        union = self.area_px2 + other.area_px2 - common
        return common / union if union > 0 else 0.0

    def share_in(self, other: Box) -> float:
        """How much of this box lies in the other, in [0, 1]."""
        return self._common_px2(other) / self.area_px2 if self.area_px2 > 0 else 0.0

    def _common_px2(self, other: Box) -> float:
        x1, y1, x2, y2 = self.xyxy_px
        u1, v1, u2, v2 = other.xyxy_px
        return max(0.0, min(x2, u2) - max(x1, u1)) * max(0.0, min(y2, v2) - max(y1, v1))


@dataclass(frozen=True)
class BodyParams:
    """SMPL-X parameters of one person in one frame.

    rot6d: (53, 6), rotations relative to the parent joint: root, 21 body, 15 left hand, 15 right hand, jaw; hands
    absolute (a flat hand is the identity). betas: (10,). expression: (10,). translation_m: (3,), camera axes, where
    the model's origin goes.
    """

    rot6d: Floats
    betas: Floats
    expression: Floats
    translation_m: Floats


@dataclass(frozen=True)
class Confidence:
    """How far each part can be believed, in [0, 1]."""

    body: float
    left_hand: float
    right_hand: float
    face: float


@dataclass(frozen=True)
class Measured:
    """Which parts were looked at in a frame; the others are as they were when they were last."""

    left_hand: bool = True
    right_hand: bool = True
    face: bool = True


ALL_MEASURED = Measured()


@dataclass(frozen=True)
class Person:
    """One person in one frame. vertices_m (V, 3), joints_m (J, 3): metres, axes of `camera`, which params are under."""

    track_id: int
    box: Box
    params: BodyParams
    camera: Pinhole
    vertices_m: NDArray[np.float32]
    joints_m: NDArray[np.float32]
    confidence: Confidence
    flags: int = 0

    def under(self, camera: Pinhole) -> Person:
        """The same person before another camera: the root is seen at the same pixel, and the body as large."""
        shift = camera.shift_from(self.camera, self.joints_m[0].astype(np.float64))
        return replace(
            self,
            params=replace(self.params, translation_m=self.params.translation_m + shift),
            camera=camera,
            vertices_m=self.vertices_m + shift.astype(np.float32),
            joints_m=self.joints_m + shift.astype(np.float32),
        )


@dataclass(frozen=True)
class Result:
    """Everyone in a frame, how long each stage took, and how old the frame was when it was done."""

    frame: Frame
    people: tuple[Person, ...]
    stage_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    age_ms: float = 0.0
