"""Recording a take to mesh.npz, safe against whatever ends the program."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import TracebackType
from typing import Self

from app.errors import InputError, TrackingError
from app.frame import Result
from app.recording.journal import Journal, NothingRecordedError, read_journal
from app.recording.npz_file import write_takes
from app.recording.take import Take

_SUFFIX = ".partial"


class NpzRecorder:
    """Stage: Result -> the same Result, recorded. A context manager; `finish` makes the npz.

    Frames go to `<path>.partial` as they come. Whatever happens before `finish`, that file stays for `recover`.
    """

    name = "record"

    def __init__(self, path: Path, take: Take) -> None:
        """Raises OSError where the file cannot be made."""
        self._path = path
        self._take = take
        self._journal = Journal(partial_path(path), take)
        self.frames = 0

    def __call__(self, result: Result) -> Result:
        """Raises TrackingError when the disk is full or gone; frames recorded before stay."""
        for person in result.people:
            try:
                self._journal.append(self._take.record(result.frame, person))
            except OSError as error:
                raise TrackingError(
                    f"recording stopped at frame {result.frame.index}: {error.strerror} ({self._journal.path})"
                ) from error
        self.frames += bool(result.people)
        return result

    def finish(self) -> list[Path]:
        """Make the npz of what was recorded: its path, or none where no frame had a person.

        Raises TrackingError where it cannot be written; the partial file is kept.
        """
        self._journal.close()
        return recover(self._journal.path, self._path)

    def close(self) -> None:
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def partial_path(path: Path) -> Path:
    """Where a take is kept while it is recorded."""
    return path.with_name(path.name + _SUFFIX)


def final_path(partial: Path) -> Path:
    """The file that a partial one becomes."""
    if partial.suffix != _SUFFIX:
        raise InputError(f"{partial} is not a partial recording; expected a file that ends in {_SUFFIX}")
    return partial.with_suffix("")


def recover_left_over(path: Path) -> list[Path]:
    """Save what an earlier, killed take left in `path`'s partial file, as <name>.recovered.npz; overwrites nothing."""
    partial = partial_path(path)
    if not partial.exists():
        return []
    numbers = itertools.chain([""], (f"-{k}" for k in itertools.count(2)))
    asides = (path.with_name(f"{path.stem}.recovered{number}{path.suffix}") for number in numbers)
    aside = next(candidate for candidate in asides if not candidate.exists())
    try:
        return recover(partial, aside)
    except NothingRecordedError:
        partial.unlink()
        return []


def recover(partial: Path, path: Path) -> list[Path]:
    """Make the npz of a partial recording and remove it; the files written, none where no frame had a person."""
    take, records = read_journal(partial)
    written: list[Path] = []
    if len(records):
        try:
            written = write_takes(path, take, records)
        except OSError as error:
            raise TrackingError(
                f"{path} could not be written: {error.strerror}; every frame is in {partial}: "
                f"make room, then wb-track --recover {partial}"
            ) from error
    del records  # closes the mapping
    partial.unlink()
    return written
