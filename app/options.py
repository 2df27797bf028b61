"""The command line of `wb-track`."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from app.frame import Box
from app.recording.outputs import SUFFIXES, mesh_folder
from app.recording.take import AXES
from app.rendering.renderer import RENDERERS


@dataclass(frozen=True)
class Options:
    """What was asked for, each value checked by itself. What is in the files is found out when they are opened."""

    video: Path | None
    out: tuple[Path, ...]
    recover: Path | None
    model: str | None
    body: Path | None
    detector: Path | None
    box: Box | None
    engine: str
    fov_deg: float
    focal_px: float | None
    start_s: float
    duration_s: float | None
    resample_fps: float | None
    axes: str
    vertices: bool
    renderer: str
    stats: Path | None
    verbose: bool
    quiet: bool


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Exits with code 2 and one line on stderr for bad arguments."""
    parser = _parser()
    values = vars(parser.parse_args(_with_values(sys.argv[1:] if arguments is None else arguments)))
    options = Options(**values | {"out": tuple(values["out"])})
    if options.recover is None:
        if options.video is None:
            parser.error("nothing to track; give --video FILE, or --recover FILE")
        if not options.out:
            parser.error("nowhere to write; give --out mesh.npz")
    elif len(options.out) > 1:
        parser.error("--recover makes one file; give one --out, or none")
    if len({path.absolute() for path in options.out}) < len(options.out):
        parser.error("--out names the same file twice")
    if options.box is not None and options.detector is not None:
        parser.error("--box is one region without detection; leave out --detector, or --box")
    for path in (*options.out, *([options.stats] if options.stats else [])):
        _check_place(parser, path)
    return options


def _check_place(parser: argparse.ArgumentParser, path: Path) -> None:
    """End with one line where `path` cannot be written for what is already there, or is not."""
    folder_wanted = path.suffix.lower() == ".obj"
    place = mesh_folder(path).absolute()
    if not place.parent.is_dir():
        parser.error(f"{path} cannot be written: there is no folder {place.parent}; make it first")
    if place.is_dir() and not folder_wanted:
        parser.error(f"{path} cannot be written: it is a folder; name a file in it")
    if place.is_file() and folder_wanted:
        parser.error(f"{path} cannot be written: it is a file; .obj names a folder of meshes")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="wb-track",
        description="Track a person in a video: body, hands and face as an SMPL-X mesh.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--video", type=Path, metavar="FILE|FOLDER", help="a video, an image, or a folder of images")
    add(
        "--out",
        type=_out,
        action="append",
        default=[],
        metavar="FILE",
        help="repeatable; the suffix says what: mesh.npz; clip.mp4, video with the mesh over it; meshes.obj, a folder "
        "with a mesh for each person and frame",
    )
    add("--recover", type=Path, metavar="FILE", help="make the file of a killed recording's .partial one")
    add("--model", metavar="NAME|DIR", help="a bundle from wb-export; default: the first in the user's data folder")
    add(
        "--body",
        type=Path,
        metavar="FILE",
        help="SMPL-X as .npz or .pkl; default: the user's own, else the shipped one",
    )
    add("--detector", type=Path, metavar="FILE", help="a person detector (ONNX): YOLOX, RTMDet end to end, YOLOv8")
    add("--box", type=_box, metavar="X,Y,W,H", help="one region for every frame, in pixels, without detection")
    add("--engine", choices=("auto", "cpu", "cuda"), default="auto")
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument(
        "--fov", dest="fov_deg", type=_fov, default=60.0, metavar="DEG", help="horizontal field of view; default: 60"
    )
    camera.add_argument("--focal", dest="focal_px", type=_positive, metavar="PX", help="focal length")
    add("--start", dest="start_s", type=_not_negative, default=0.0, metavar="S", help="seconds to leave out first")
    add("--duration", dest="duration_s", type=_positive, metavar="S", help="seconds to track")
    add(
        "--resample",
        dest="resample_fps",
        type=_positive,
        metavar="FPS",
        help="write at this rate, interpolating between frames",
    )
    add(
        "--axes",
        choices=AXES,
        default="y-up",
        help="of root_orient, poses and trans in the npz, and of .obj; default: y-up",
    )
    add("--no-vertices", dest="vertices", action="store_false", help="leave the mesh's vertices out of the npz")
    add("--renderer", choices=RENDERERS, default="moderngl", help="of the .mp4; default: moderngl")
    add("--stats", type=Path, metavar="FILE.json", help="write how long each stage took")
    add("-v", "--verbose", action="store_true", help="say more")
    add("-q", "--quiet", action="store_true", help="say nothing but errors")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"wb-track: {' '.join(message.split())}; wb-track --help lists the options\n")


def _with_values(arguments: Sequence[str]) -> list[str]:
    """--box and its value in one word, since argparse takes a value that begins with a minus for another option."""
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] == "--box":
            joined[-1] = f"--box={word}"
        else:
            joined.append(word)
    return joined


def _out(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in SUFFIXES:
        raise argparse.ArgumentTypeError(f"{text} has no suffix wb-track writes; expected {', '.join(SUFFIXES)}")
    return path


def _box(text: str) -> Box:
    try:
        x, y, width, height = (float(part) for part in text.split(","))
    except ValueError:
        message = f"{text} is not a box; expected X,Y,W,H in pixels, as 300,160,190,490"
        raise argparse.ArgumentTypeError(message) from None
    if not (all(map(math.isfinite, (x, y, width, height))) and width > 0 and height > 0):
        raise argparse.ArgumentTypeError(f"{text} is an empty box; expected a width and a height above zero")
    return Box((x, y, x + width, y + height), 1.0)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a number") from None
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number")
    return value


def _positive(text: str) -> float:
    value = _number(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return value


def _not_negative(text: str) -> float:
    value = _number(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{text} is below zero")
    return value


def _fov(text: str) -> float:
    value = _positive(text)
    if value >= 180:
        raise argparse.ArgumentTypeError(f"{text} is no field of view; expected degrees below 180")
    return value
