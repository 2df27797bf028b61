"""How the commands of this folder end where a file that they need is not there: a sentence, no traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

_BAD_INPUT = 2


def run(main: Callable[[], None]) -> None:
    """Run a command. Exits with 2 where it raises FileNotFoundError."""
    try:
        main()
    except FileNotFoundError as error:
        missing = error.filename and f"no file at {error.filename}; expected one that is there"
        print(missing or error, file=sys.stderr)
        sys.exit(_BAD_INPUT)
