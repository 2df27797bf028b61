"""Names of files that are still being recorded, and of what an earlier, killed run left."""

from __future__ import annotations

import glob
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.errors import InputError

_SUFFIX = ".partial"


def partial_path(path: Path) -> Path:
    """Where a file is kept while it is recorded."""
    return path.with_name(path.name + _SUFFIX)


def final_path(partial: Path) -> Path:
    """The file that a partial one becomes."""
    if partial.suffix != _SUFFIX:
        raise InputError(f"{partial} is not a partial recording; expected a file that ends in {_SUFFIX}")
    return partial.with_suffix("")


def recovered_path(path: Path) -> Path:
    """Where to save what was left of `path`, as <name>.recovered.<suffix>; nothing is there yet, nor is anything of the
    names that files of several people have beside it."""
    candidates = (path.with_name(f"{path.stem}.recovered{number}{path.suffix}") for number in _numbers())
    return _free(candidate for candidate in candidates if not any(numbered(candidate)))


def damaged_path(partial: Path) -> Path:
    """Where to keep a partial file that cannot be read throughout, as <name>.damaged; nothing is there yet."""
    return _free(partial.with_suffix(f".damaged{number}") for number in _numbers())


def numbered(path: Path) -> Iterator[Path]:
    """The files that there are of single people, of several of a take: <name>.<number>.<suffix>."""
    pattern = f"{glob.escape(path.stem)}.*{glob.escape(path.suffix)}"
    return (found for found in path.parent.glob(pattern) if found.suffixes[-2][1:].isdecimal())


def _numbers() -> Iterator[str]:
    return itertools.chain([""], (f"-{k}" for k in itertools.count(2)))


def _free(candidates: Iterable[Path]) -> Path:
    return next(candidate for candidate in candidates if not candidate.exists())
