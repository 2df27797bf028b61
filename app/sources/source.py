"""What a source of frames is, and which one a path means."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from app.errors import InputError, reason
from app.frame import Frame
from app.sources.images import IMAGE_SUFFIXES, ImageSource


class Source(Protocol):
    """Frames in order, each once. A context manager; size_wh and fps are known before the first frame."""

    @property
    def name(self) -> str: ...

    @property
    def size_wh(self) -> tuple[int, int]: ...

    @property
    def fps(self) -> float:
        """Frames a second on average, as far as the source says."""
        ...

    @property
    def frame_count(self) -> int | None:
        """How many frames will come, as far as the source says."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LiveSource(Protocol):
    """Frames as they happen, for as long as it takes: whoever is late gets the newest."""

    paused: bool

    @property
    def name(self) -> str: ...

    @property
    def fps(self) -> float:
        """Frames a second, as far as the source knows before they come."""
        ...

    @property
    def problem(self) -> str:
        """Why no frames come now, in a sentence; empty while they do."""
        ...

    @property
    def dropped(self) -> int:
        """Frames that newer ones overtook in the source."""
        ...

    def __iter__(self) -> Iterator[Frame]: ...

    def stop(self) -> None:
        """No more frames. Safe in a signal handler."""
        ...

    def close(self) -> None: ...


def open_source(path: Path, start_s: float = 0.0, duration_s: float | None = None) -> Source:
    """A video file, an image, or a folder of images. Raises InputError with one sentence for anything else."""
    try:
        if not path.exists():
            raise InputError(f"no video, image or folder at {path}")
        if path.is_dir() or path.suffix.lower() in IMAGE_SUFFIXES:
            return ImageSource(path, start_s, duration_s)
        from app.sources.video import VideoSource  # a camera needs no decoder of files

        return VideoSource(path, start_s, duration_s)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {reason(error)}; make it readable, or name another") from error
