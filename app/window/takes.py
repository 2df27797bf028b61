"""Where takes and snapshots of the window go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import platformdirs

from app.recording.outputs import RAW_SUFFIX


def takes_folder(out: Path | None) -> Path:
    """Beside --out where that was given, else with the user's videos."""
    if out is not None:
        return out.absolute().parent
    return Path(platformdirs.user_videos_dir()) / "wb-track"


def new_name(folder: Path, kind: str) -> Path:
    """A path without suffix that no file in the folder begins with; makes the folder. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = f"{kind}-{datetime.now():%Y%m%d-%H%M%S}"
    number = 1
    while any(folder.glob(f"{stem}{_numbered(number)}.*")):
        number += 1
    return folder / f"{stem}{_numbered(number)}"


def take_paths(folder: Path, *, live: bool) -> tuple[Path, ...]:
    """The files of a new take: mesh, overlay, and the raw video where there is no file of it yet. Raises OSError."""
    base = new_name(folder, "take")
    suffixes = (".npz", ".mp4", RAW_SUFFIX) if live else (".npz", ".mp4")
    return tuple(base.with_name(base.name + suffix) for suffix in suffixes)


def _numbered(number: int) -> str:
    return "" if number == 1 else f"-{number}"
