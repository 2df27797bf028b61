"""What writes the files of a live take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.recording import outputs
from app.recording.take import Take

if TYPE_CHECKING:
    from app.recording.raw_video import RawVideo


@contextlib.contextmanager
def opened_raw(path: Path, take: Take) -> Iterator[RawVideo]:
    """Raises InputError where nothing can be written there, TrackingError for a full disk."""
    from app.recording.raw_video import RawVideo

    try:
        recorder = RawVideo(path, take.image_size_wh, take.fps, take.licence)
    except OSError as error:
        raise outputs.cannot_be_written(path, error) from error
    with recorder:
        yield recorder


@contextlib.contextmanager
def opened(path: Path, take: Take, renderer: str) -> Iterator[outputs.Recorder]:
    """By the path's suffix; renderer: for overlays. Raises InputError, TrackingError for a full disk."""
    try:
        recorder = outputs.open_recorder(path, take, renderer, None)
    except OSError as error:
        raise outputs.cannot_be_written(path, error) from error
    with contextlib.closing(recorder):
        yield recorder
