"""Everything a take is written to."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from app.errors import InputError, TrackingError
from app.frame import Result
from app.recording.journal import NothingRecordedError
from app.recording.partial import final_path, partial_path, recovered_path
from app.recording.recorder import NpzRecorder
from app.recording.recorder import recover as recover_npz
from app.recording.take import Take

SUFFIXES = (".npz", ".mp4", ".obj")  # the mesh and its parameters, an overlay video, a folder of meshes
RAW_SUFFIX = ".raw.mp4"  # a camera's own pictures

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Recorder(Protocol):
    """Stage: Result -> the same Result, recorded.

    Whatever ends the program before `finish`, what was recorded can be had again.
    """

    @property
    def name(self) -> str:
        """What the stage is called in statistics."""
        ...

    @property
    def frames(self) -> int:
        """How many it has recorded."""
        ...

    def __call__(self, result: Result) -> Result:
        """Raises TrackingError when the disk is full or gone; frames recorded before stay."""
        ...

    def finish(self) -> list[Path]:
        """Make the file of what was recorded: its path, or none where there is nothing to be in it.

        Raises TrackingError where it cannot be written; what was recorded is kept.
        """
        ...

    def close(self) -> None: ...


class Outputs:
    """The recorders of a take."""

    def __init__(self, recorders: Sequence[Recorder]) -> None:
        self._recorders = recorders

    @property
    def groups(self) -> list[tuple[Recorder]]:
        """Stages by thread: each has its own."""
        return [(recorder,) for recorder in self._recorders]

    @property
    def frames(self) -> int:
        """How many are recorded, where most are."""
        return max(recorder.frames for recorder in self._recorders)

    def finish(self) -> tuple[list[Path], list[Exception]]:
        """Make every file, whatever becomes of the others: those that are whole, and what went wrong."""
        written: list[Path] = []
        problems: list[Exception] = []
        for recorder in self._recorders:
            try:
                written += recorder.finish()
            except Exception as problem:  # noqa: BLE001 - whatever it is, the other files are to be made
                problems.append(problem)
        return written, problems


@contextlib.contextmanager
def open_outputs(paths: Sequence[Path], take: Take, *, renderer: str, clip: Path | None) -> Iterator[Outputs]:
    """A recorder for each path, by its suffix. What an earlier run left in its place must be dealt with before.

    renderer: for overlay videos, one of `RENDERERS`. clip: the file whose sound goes with them. Raises InputError or
    TrackingError where one cannot be written; nothing is left of the others then.
    """
    recorders: list[Recorder] = []
    outputs = Outputs(recorders)
    with contextlib.ExitStack() as stack:
        try:
            for path in paths:
                recorders.append(open_recorder(path, take, renderer, clip))
                stack.callback(recorders[-1].close)
        except BaseException as error:
            outputs.finish()
            if not isinstance(error, OSError):
                raise
            raise cannot_be_written(paths[len(recorders)], error) from error
        yield outputs


def open_recorder(path: Path, take: Take, renderer: str, clip: Path | None) -> Recorder:
    """By the path's suffix. Raises OSError and InputError.

    Libraries are imported for what is asked for only: the npz needs no OpenGL, no encoder and no trimesh.
    """
    match path.suffix.lower():
        case ".mp4":
            from app.recording.overlay import OverlayRecorder
            from app.rendering.renderer import open_renderer

            return OverlayRecorder(path, take, open_renderer(renderer, take.faces), clip)
        case ".obj":
            from app.recording.obj import ObjRecorder

            return ObjRecorder(mesh_folder(path), take)
    return NpzRecorder(path, take)


def is_raw(path: Path) -> bool:
    """Whether a path asks for the camera's own pictures."""
    return path.name.lower().endswith(RAW_SUFFIX)


def names(paths: Sequence[Path]) -> str:
    """Files as messages list them."""
    return ", ".join(map(str, paths))


def cannot_be_written(path: Path, error: OSError) -> InputError | TrackingError:
    """What to raise where a file cannot be begun."""
    kind = TrackingError if error.errno in _NO_ROOM else InputError
    return kind(f"{path} cannot be written: {error.strerror}")


def mesh_folder(path: Path) -> Path:
    """The folder that an output ending in .obj means: `meshes.obj`, and for `meshes/*.obj`, `meshes`."""
    return path.parent if path.name == "*.obj" else path


def recover(partial: Path, path: Path | None = None) -> list[Path]:
    """Make the file of a partial recording, `path` or what it was to be, and remove it. What was written.

    Raises InputError where that is no recording, TrackingError where it cannot be written.
    """
    target = path or final_path(partial)
    if target.suffix.lower() == ".mp4":
        from app.recording.video_finish import finish_video

        return finish_video(partial, target)
    return recover_npz(partial, target)


def rescue(paths: Sequence[Path], say: Callable[[str], object]) -> None:
    """`recover_left_over` for each path, and say what was saved."""
    for path in paths:
        if rescued := recover_left_over(path):
            say(f"an earlier take was cut short; recovered {names(rescued)}")


def recover_left_over(path: Path) -> list[Path]:
    """Save what an earlier, killed run left of `path`, as <name>.recovered.<suffix>; overwrites nothing."""
    partial = partial_path(path)
    if not partial.exists():
        return []
    try:
        return recover(partial, recovered_path(path))
    except NothingRecordedError:
        partial.unlink()
        return []
