"""A benchmark as a command: what it is given and cannot use is one line and exit code 2, as of `wb-track`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from app.errors import InputError
from app.load import OPEN_BUNDLE
from engines.bundle import BundleError
from engines.engine import EngineError
from models.body_file import OPEN_BODY, BodyFileError

_BAD_INPUT = (InputError, BundleError, BodyFileError, EngineError, FileNotFoundError)


def add_model(parser: argparse.ArgumentParser) -> None:
    """--model and --body: the shipped ones where none is named, whatever the user's data folder holds."""
    parser.add_argument("--model", default=str(OPEN_BUNDLE), help="default: the open model")
    parser.add_argument("--body", default=str(OPEN_BODY), help="default: the open body")


def count(text: str) -> int:
    """What so many frames or rounds are, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is too few, expected at least 1")
    return number


def run(main: Callable[[], None], *also: type[Exception]) -> None:
    """Run a script's `main`. also: what else it raises for bad input."""
    bad_input: tuple[type[Exception], ...] = (*_BAD_INPUT, *also)
    try:
        main()
    except bad_input as error:
        print(f"{Path(sys.argv[0]).stem}: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
