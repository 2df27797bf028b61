"""One writer a file: a lock that ends with the process, however it ends."""

from __future__ import annotations

import contextlib
from typing import IO, Any

try:
    import fcntl
except ImportError:  # Windows refuses to remove or replace an open file by itself
    fcntl = None  # type: ignore[assignment]


def locked(file: IO[Any]) -> bool:
    """Whether this process now holds the file's lock. Where file systems have no locks, it always does."""
    if fcntl is None:
        return True
    with contextlib.suppress(OSError):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
