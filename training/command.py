"""How the commands of this folder end where an option or a file is not what they need: a sentence, no traceback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

_BAD_INPUT = 2


class UnusableError(ValueError):
    """A file is there, but is not what a command was to be given. Says which, and what was expected."""


def positive_count(text: str) -> int:
    """An option's number of things, of which there must be some."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text} is no number of them; expected 1 or more")
    return int(text)


def run(main: Callable[[], None]) -> None:
    """Run a command. Exits with 2 where it raises FileNotFoundError or `UnusableError`."""
    try:
        main()
    except FileNotFoundError as error:
        missing = error.filename and f"no file at {error.filename}; expected one that is there"
        print(missing or error, file=sys.stderr)
        sys.exit(_BAD_INPUT)
    except UnusableError as error:
        print(error, file=sys.stderr)
        sys.exit(_BAD_INPUT)
