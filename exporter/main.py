"""`wb-export`: a Hand4Whole checkpoint to a bundle of graphs."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from engines.bundle import user_bundle_folder, user_data_folder
from engines.engine import EngineError

_NEEDED = ("torch", "onnx", "onnxscript")
_RELEASED = "snapshot_6.pth.tar"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed while exporting, 2 bad arguments or inputs, 130 interrupted."""
    options = _parser().parse_args(arguments)
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        advice = 'pip install "wb-track[export]", or pip install ".[export]" in a clone'
        return _failed(2, f"{', '.join(missing)} not installed; {advice}")
    # PyTorch takes seconds to import and is not there for everyone.
    from exporter.export import export
    from exporter.proof import ProofError
    from models.checkpoint import CheckpointError

    checkpoint: Path = options.checkpoint
    out: Path = options.out or user_bundle_folder("hand4whole")
    try:
        export(checkpoint, out, report=print)
    except (CheckpointError, FileNotFoundError, FileExistsError) as error:
        hint = _how_to_get() if not checkpoint.is_file() else ""
        return _failed(2, f"{error}{hint}")
    except (ProofError, EngineError, OSError) as error:
        return _failed(1, str(error))
    except KeyboardInterrupt:
        return _failed(130, f"interrupted; {out} is as it was")
    print(f"wrote {out}; largest errors against PyTorch above and in bundle.json")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="wb-export", description="Export a Hand4Whole checkpoint to a bundle that wb-track runs.")
    default = user_data_folder() / "checkpoints" / _RELEASED
    parser.add_argument(
        "checkpoint", nargs="?", type=Path, default=default, metavar="CHECKPOINT", help=f"default: {default}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the bundle; default: the user's data folder")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_failed(2, f"{message}; wb-export --help lists the options"))


def _failed(code: int, message: str) -> int:
    print(f"wb-export: {' '.join(message.split())}", file=sys.stderr)
    return code


def _how_to_get() -> str:
    return f"; {_RELEASED} is linked from the README of Hand4Whole's repository"
