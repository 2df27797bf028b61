"""What can go wrong, by whose move is next."""

from __future__ import annotations

from pathlib import Path


class InputError(ValueError):
    """An argument or an input is unusable: found before tracking starts, exit code 2."""


class TrackingError(RuntimeError):
    """Something failed while running: what was recorded is kept, exit code 1."""


def reason(error: Exception) -> str:
    """What an error of the system or of FFmpeg says, without its number and path."""
    return str(getattr(error, "strerror", None) or error)


def recording_stopped(frame_index: int, path: Path, error: Exception) -> TrackingError:
    """What to raise where a frame cannot be recorded."""
    return TrackingError(f"recording stopped at frame {frame_index}: {reason(error)} ({path})")
