"""Recording a take to mesh.npz, safe against whatever ends the program."""

from __future__ import annotations

import logging
from pathlib import Path

from app.errors import InputError, TrackingError, recording_stopped
from app.frame import Result
from app.recording.journal import Journal, read_journal
from app.recording.npz_file import write_takes
from app.recording.partial import damaged_path, partial_path
from app.recording.take import Take
from engines.closing import Closing

_log = logging.getLogger(__name__)


class NpzRecorder(Closing):
    """Keeps `outputs.Recorder`. Frames go to `<path>.partial` as they come; `finish` makes the npz of it.

    Whatever happens before `finish`, that file stays for `recover`.
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
                raise recording_stopped(result.frame.index, self._journal.path, error) from error
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


def recover(partial: Path, path: Path) -> list[Path]:
    """Make the npz of a partial recording and remove it; the files written, none where no frame had a person.

    Damaged records are left out, and the partial file is kept under another name then. Raises InputError where none
    can be read, and TrackingError where the npz cannot be written; the partial file stays.
    """
    recorded = read_journal(partial)
    count, damaged = len(recorded.records), recorded.damaged
    if count and damaged == count:
        raise InputError(
            f"{partial} is of another version of wb-track, or damaged: none of its {count:,} records can be read; "
            "recover it with the version that recorded it, or move it away"
        )
    written: list[Path] = []
    if count:
        try:
            written = write_takes(path, recorded.take, recorded.records, recorded.whole)
        except OSError as error:
            raise TrackingError(
                f"{path} could not be written: {error.strerror}; every frame is in {partial}: "
                f"make room, then wb-track --recover {partial}"
            ) from error
    del recorded  # closes the mapping
    if damaged:
        kept = partial.rename(damaged_path(partial))
        _log.warning("%d of %d records are damaged and left out; they are kept in %s", damaged, count, kept)
    else:
        partial.unlink()
    return written
