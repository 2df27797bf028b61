"""Files that a command line names twice: what is written must replace nothing that is read or written besides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.sources.images import natural_order


@dataclass(frozen=True)
class Named:
    """A file or a folder, and the option that names it."""

    option: str
    path: Path


def clash(reads: Sequence[Named], writes: Sequence[Named]) -> str:
    """What is wrong with the first of `writes` that clashes, in a sentence; empty where none does. Raises OSError."""
    for number, written in enumerate(writes):
        for other in writes[:number]:
            if _are_one(written.path, other.path):
                return _twice(written, other)
        for read in reads:
            if any(_are_one(written.path, path) for path in _with_images(read.path, written.path)):
                return (
                    f"{written.option} {written.path} would replace what {read.option} {read.path} reads; "
                    "name another file"
                )
    return ""


def _twice(written: Named, other: Named) -> str:
    if written.option == other.option:
        return f"{written.option} names the same file twice: {other.path}, {written.path}"
    return f"{written.option} {written.path} is the file that {other.option} {other.path} writes; name another one"


def _with_images(read: Path, written: Path) -> Iterator[Path]:
    """What is read by that name: of a folder, its images too. They are looked at only where `written` is there."""
    yield read
    if read.is_dir() and written.exists():
        yield from natural_order(read)


def _are_one(path: Path, other: Path) -> bool:
    """Also through links, symbolic and hard ones."""
    try:
        return path.samefile(other)
    except (FileNotFoundError, NotADirectoryError):  # nothing is there yet, so only their names can be one
        return os.path.realpath(path) == os.path.realpath(other)
