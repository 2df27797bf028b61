"""`wb-export`: a Hand4Whole checkpoint to a bundle of graphs."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from engines.bundle import FILE_NAME, BundleError, user_bundle_folder, user_data_folder
from engines.engine import EngineError

_NEEDED = ("torch", "onnx", "onnxscript")
_RELEASED = "snapshot_6.pth.tar"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed while exporting, 2 bad arguments or inputs, 130 interrupted."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.tensorrt and options.precision == "int8":
        parser.error("--int8 is for CPUs, and --tensorrt for GPUs; leave one of them out")
    if options.calibrate is not None and options.precision == "fp32":
        parser.error("--calibrate is for --int8 and --fp16; add one of them, or leave it out")
    if options.tensorrt and options.checkpoint.is_dir():
        if options.precision != "fp32" or options.out is not None or options.flip_test:
            parser.error(
                f"{options.checkpoint} is a bundle: engines are built into it, in its own precision; leave "
                "out --fp16, --flip-test and --out, or name a checkpoint"
            )
        return _build_engines(options.checkpoint)
    if refusal := _refusal(options.checkpoint):
        return _failed(2, refusal)
    suffix = "" if options.precision == "fp32" else f"-{options.precision}"
    out: Path = (options.out or user_bundle_folder(f"hand4whole{suffix}")).resolve()
    try:
        code = _export(options, out)
    except KeyboardInterrupt:
        return _failed(130, f"interrupted; {out} is as it was")
    return _build_engines(out) if options.tensorrt and not code else code


def _export(options: argparse.Namespace, out: Path) -> int:
    # PyTorch takes seconds to import and is not there for everyone.
    from exporter.clip import SAMPLE, ClipError
    from exporter.export import export
    from exporter.proof import ProofError
    from models.checkpoint import CheckpointError

    checkpoint: Path = options.checkpoint
    try:
        clip = options.calibrate or SAMPLE
        export(checkpoint, out, print, options.precision, clip, flip_test=options.flip_test)
    except (CheckpointError, ClipError, FileNotFoundError, FileExistsError) as error:
        hint = _how_to_get() if not checkpoint.is_file() else ""
        return _failed(2, f"{error}{hint}")
    except (ProofError, EngineError, OSError) as error:
        return _failed(1, str(error))
    print(f"wrote {out}; largest errors against PyTorch above and in bundle.json")
    return 0


def _build_engines(bundle: Path) -> int:
    """Needs no PyTorch."""
    if importlib.util.find_spec("onnx") is None:
        return _failed(2, "onnx not installed; pip install onnx")
    try:
        from exporter.tensorrt_build import build_engines

        build_engines(bundle, print)
    except (BundleError, EngineError, FileNotFoundError) as error:
        return _failed(2, str(error))
    except OSError as error:
        return _failed(1, str(error))
    except KeyboardInterrupt:
        return _failed(130, f"interrupted; run wb-export {bundle} --tensorrt again for the rest")
    print(f"{bundle} has TensorRT engines for this GPU")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="wb-export", description="Export a Hand4Whole checkpoint to a bundle that wb-track runs.")
    default = user_data_folder() / "checkpoints" / _RELEASED
    parser.add_argument(
        "checkpoint", nargs="?", type=Path, default=default, metavar="CHECKPOINT", help=f"default: {default}"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the bundle; default: the user's data folder")
    precision = parser.add_mutually_exclusive_group()
    for name, what in (
        ("fp16", "half-precision feature extractors, for GPUs"),
        ("int8", "8-bit integers, for CPUs; layers that need it stay in float, found in some minutes"),
    ):
        precision.add_argument(f"--{name}", dest="precision", action="store_const", const=name, help=what)
    parser.set_defaults(precision="fp32")
    parser.add_argument(
        "--tensorrt",
        action="store_true",
        help="also build TensorRT's engine files, on the GPU that will run them; with a bundle's folder in place of "
        "CHECKPOINT, only those",
    )
    parser.add_argument(
        "--calibrate",
        type=Path,
        metavar="CLIP",
        help="a clip of a person, to fit --int8 to and to judge --int8 and --fp16 on; default: the shipped sample",
    )
    parser.add_argument(
        "--flip-test",
        action="store_true",
        help="look at bodies in a mirror too, and average what is found: more exact, and BodyNet takes twice as long",
    )
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(_failed(2, f"{message}; wb-export --help lists the options"))


def _failed(code: int, message: str) -> int:
    print(f"wb-export: {' '.join(message.split())}", file=sys.stderr)
    return code


def _refusal(checkpoint: Path) -> str:
    """What stands in the way before anything is read; empty where nothing does."""
    if (checkpoint / FILE_NAME).is_file():
        return f"{checkpoint} is a bundle already, expected a checkpoint file; add --tensorrt to build engines into it"
    if checkpoint.is_dir():
        return f"{checkpoint} is a folder, expected a checkpoint file, name it{_how_to_get()}"
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        advice = 'pip install "wb-track[export]", or pip install ".[export]" in a clone'
        return f"{', '.join(missing)} not installed; {advice}"
    return ""


def _how_to_get() -> str:
    return f"; {_RELEASED} is linked from the README of Hand4Whole's repository"
