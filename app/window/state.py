"""What there is to show, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from app.live.measures import Measure
from app.live.report import engine_name
from app.live.session import Session
from app.load import OPEN_BUNDLE, Loaded
from app.pacing.report import Held
from app.sources.camera import CameraSource
from app.sources.played import PlayedSource
from models.body_file import SMPLX_SHAPE_SPACE


class Phase(Enum):
    """Where a session is."""

    LOADING = "loading"
    CONNECTING = "connecting"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True)
class About:
    """What tracks, in words. choice: the model's among `choices.model_choices`."""

    model: str
    choice: str
    engine: str
    body: str
    licence: str
    most_people: int
    is_open_model: bool
    is_open_body: bool

    @classmethod
    def of(cls, parts: Loaded) -> About:
        """Of what is loaded."""
        folder = parts.bundle.folder
        return cls(
            model=parts.bundle.name,
            choice=str(folder) if folder == OPEN_BUNDLE else folder.name,
            engine=engine_name(parts),
            body=parts.body.name,
            licence=parts.licence,
            most_people=parts.most_people,
            is_open_model=folder == OPEN_BUNDLE,
            is_open_body=parts.body.shape_space != SMPLX_SHAPE_SPACE,
        )


@dataclass(frozen=True)
class State:
    """message: why there is no live picture, in a sentence. notice: what was done last. recorded_s: None with no take.
    recording_next: a take begins with the next picture. pace: whether the rate that was asked for is held; None where
    none was.

    fatal: what was asked for at the start cannot be tracked: exit code 2.
    """

    phase: Phase
    source: str
    message: str = ""
    notice: str = ""
    fatal: bool = False
    about: About | None = None
    granted: str = ""
    tracking: Measure = field(default_factory=Measure)
    pace: Held | None = None
    dropped: int = 0
    people: int = 0
    recorded_s: float | None = None
    recording_next: bool = False
    saving: bool = False
    folder: Path = Path()


def phase_of(session: Session, source: CameraSource | PlayedSource) -> tuple[Phase, str]:
    """Where a session is, and why there is no live picture, in a sentence or nothing."""
    if session.ended:
        return (Phase.FAILED, str(session.error)) if session.error else (Phase.ENDED, "")
    if source.problem:
        return (Phase.CONNECTING if session.newest is None else Phase.RECONNECTING), source.problem
    if source.paused:
        return Phase.PAUSED, ""
    return (Phase.CONNECTING if session.newest is None else Phase.LIVE), ""
