"""People before the camera of the take, between the networks and the mesh."""

from __future__ import annotations

from dataclasses import dataclass

from app.boxes import Track
from app.frame import ALL_MEASURED, BodyParams, Confidence, Frame, Measured
from app.pinhole import Pinhole
from models.rotations import Array


@dataclass(frozen=True)
class Placed:
    """A person before the take's camera. joints_m: (55, 3), of params. measured: which parts were looked at."""

    track: Track
    params: BodyParams
    camera: Pinhole
    joints_m: Array
    confidence: Confidence
    flags: int = 0
    measured: Measured = ALL_MEASURED


@dataclass(frozen=True)
class Scene:
    """Everyone in a frame."""

    frame: Frame
    people: tuple[Placed, ...]
