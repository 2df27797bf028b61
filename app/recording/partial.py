"""Names of files that are still being recorded, and of what an earlier, killed run left."""

from __future__ import annotations

import itertools
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
    """Where to save what was left of `path`, as <name>.recovered.<suffix>; nothing is there yet."""
    numbers = itertools.chain([""], (f"-{k}" for k in itertools.count(2)))
    candidates = (path.with_name(f"{path.stem}.recovered{number}{path.suffix}") for number in numbers)
    return next(candidate for candidate in candidates if not candidate.exists())
