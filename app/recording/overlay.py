"""The overlay video: the source with everyone's mesh over it."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from av.error import FFmpegError

from app.errors import recording_stopped
from app.frame import Result
from app.recording.take import Take
from app.recording.video_file import VideoFile
from app.rendering.renderer import Renderer
from app.rendering.scene import Scene
from engines.closing import Closing


class OverlayRecorder(Closing):
    """Keeps `outputs.Recorder`. Every frame is in it, with its own time; draws in the thread of whoever calls it."""

    name = "overlay"

    def __init__(self, path: Path, take: Take, renderer: Renderer, clip: Path | None) -> None:
        """renderer: taken over, and closed. clip: the file whose sound goes with it. Raises OSError."""
        self._camera = take.camera
        with ExitStack() as undo:
            undo.callback(renderer.close)
            self._video = VideoFile(path, take.image_size_wh, take.fps, take.licence, sound=clip)
            undo.pop_all()
        self._renderer = renderer

    @property
    def frames(self) -> int:
        return self._video.frames

    def __call__(self, result: Result) -> Result:
        """See `Recorder`."""
        frame = result.frame
        picture = self._renderer.draw(Scene(frame.rgb, result.people, self._camera), frame.size_wh)
        try:
            self._video.add(picture, frame.time_s)
        except (FFmpegError, OSError) as error:
            raise recording_stopped(frame.index, self._video.partial, error) from error
        return result

    def finish(self) -> list[Path]:
        """See `Recorder`."""
        return self._video.finish()

    def close(self) -> None:
        with ExitStack() as stack:
            stack.callback(self._renderer.close)
            stack.callback(self._video.close)
