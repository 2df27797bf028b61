"""The camera's own pictures, kept so that a live take can be solved again from them."""

from __future__ import annotations

from pathlib import Path

from av.error import FFmpegError

from app.errors import recording_stopped
from app.frame import Frame
from app.recording.video_file import VideoFile
from engines.closing import Closing

_NEARLY_LOSSLESS = {"preset": "ultrafast", "crf": "16", "bf": "0"}  # and quick: the cores are for the networks


class RawVideo(Closing):
    """Records Frames, each at its own `time_s`. A context manager; `finish` makes the file."""

    def __init__(self, path: Path, size_wh: tuple[int, int], fps: float, comment: str) -> None:
        """fps: about how many frames a second will come. Raises OSError where the file cannot be made."""
        self._video = VideoFile(path, size_wh, fps, comment, encoder=_NEARLY_LOSSLESS)

    def __call__(self, frame: Frame) -> None:
        """Raises TrackingError when the disk is full or gone; frames recorded before stay."""
        try:
            self._video.add(frame.rgb, frame.time_s)
        except (FFmpegError, OSError) as error:
            raise recording_stopped(frame.index, self._video.partial, error) from error

    def finish(self) -> list[Path]:
        """Make the file: its path, or none where no frame came. Raises TrackingError."""
        return self._video.finish()

    def close(self) -> None:
        self._video.close()
