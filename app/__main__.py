"""`wb-track`, also as `python -m app`. Ctrl-C while the libraries load is an end like any other."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """See `app.main.main`. Ends the process itself: files are whole by now, taking libraries down one by one takes
    longer than closing a window should, and a camera's driver may hang."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _end_early)
    try:
        from app.main import main as track

        code = track()
    except ImportError as error:
        advice = "" if "lib" not in str(error) else "; on Debian: apt-get install libgl1 libglib2.0-0 libegl1"
        print(f"wb-track: a library is missing: {error}{advice}", file=sys.stderr)
        code = 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # everything is done
    _leave(code)


def _end_early(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature signals have
    """Before and after tracking there is nothing to save, and libraries may be half loaded."""
    sys.stderr.write("wb-track: interrupted while not tracking; what is written stays\n")
    _leave(128 + number)


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
