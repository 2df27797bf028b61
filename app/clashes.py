"""Files that a command line names twice: what is written must replace nothing that is read or written besides."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.recording.outputs import mesh_folder
from app.sources.images import natural_order

_Identity = tuple[int, int] | str


@dataclass(frozen=True)
class Named:
    """A file or a folder, and the option that names it."""

    option: str
    path: Path


def unwritable(path: Path) -> str:
    """What is wrong with a place to write to, for what is already there or is not; empty where nothing is."""
    folder_wanted = path.suffix.lower() == ".obj"
    place = mesh_folder(path).absolute()
    if not place.parent.is_dir():
        return f"{path} cannot be written: there is no folder {place.parent}; make it first"
    if place.is_dir() and not folder_wanted:
        return f"{path} cannot be written: it is a folder; name a file in it"
    if place.is_file() and folder_wanted:
        return f"{path} cannot be written: it is a file; .obj names a folder of meshes"
    return ""


def clash(reads: Sequence[Named], writes: Sequence[Named]) -> str:
    """What is wrong with the first of `writes` that clashes, in a sentence; empty where none does. Raises OSError."""
    written_by: dict[_Identity, Named] = {}
    read_by = {_identity(read.path): read for read in reversed(reads)}
    images: dict[_Identity, Named] | None = None  # in folders that are read: looked at once something written is there
    for written in writes:
        identity = _identity(written.path)
        if (other := written_by.setdefault(identity, written)) is not written:
            return _twice(written, other)
        if images is None and written.path.exists():
            images = {_identity(image): read for read in reads for image in _images(read.path)}
        if read := read_by.get(identity) or (images or {}).get(identity):
            return (
                f"{written.option} {written.path} would replace what {read.option} {read.path} reads; name another file"
            )
    return ""


def _twice(written: Named, other: Named) -> str:
    if written.option == other.option:
        return f"{written.option} names the same file twice: {other.path}, {written.path}"
    return f"{written.option} {written.path} is the file that {other.option} {other.path} writes; name another one"


def _images(read: Path) -> list[Path]:
    return natural_order(read) if read.is_dir() else []


def _identity(path: Path) -> _Identity:
    """The same for two names of one file, also through links, symbolic and hard ones."""
    try:
        there = path.stat()
    except (FileNotFoundError, NotADirectoryError):  # nothing is there yet, so only names can be one
        return os.path.realpath(path)
    return there.st_dev, there.st_ino
