"""The command line of `wb-track`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from app import option_types
from app.clashes import Named, clash, unwritable
from app.errors import reason
from app.frame import Box
from app.pinhole import Pinhole
from app.recording.outputs import RAW_SUFFIX, is_raw, mesh_folder
from app.recording.take import AXES
from app.rendering.renderer import RENDERERS
from app.smoothing.settings import FILTERS, LEVELS, SmoothSettings
from app.sources.camera_address import CameraAddress
from engines.runtime import ENGINES, PRECISIONS

CLIP = "{clip}"  # in the names of files: the clip's own name
_LEFT_OPEN = {"smooth": "balanced", "people": 1}  # unless typed, or remembered by the window
_WITH_RECOVER = frozenset({"--recover", "--out", "--verbose", "--quiet"})


@dataclass(frozen=True)
class Options:
    """What was asked for, each value checked by itself. What is in the files is found out when they are opened."""

    video: Path | None
    address: CameraAddress | None
    list_cameras: bool
    mirror: bool
    window: bool
    out: tuple[Path, ...]
    recover: Path | None
    model: str | None
    body: Path | None
    detector: Path | None
    box: Box | None
    people: int
    engine: str
    precision: str
    fov_deg: float
    focal_px: float | None
    target_fps: float | None
    smooth: str
    filter: str | None
    desk: bool
    height_cm: float | None
    start_s: float
    duration_s: float | None
    resample_fps: float | None
    axes: str
    vertices: bool
    renderer: str
    stats: Path | None
    verbose: bool
    quiet: bool
    typed: frozenset[str] = field(default=frozenset(), compare=False)  # which of those that a window remembers

    def camera(self, size_wh: tuple[int, int]) -> Pinhole:
        """The one camera of the take, of frames of that size."""
        if self.focal_px is not None:
            return Pinhole.from_focal(self.focal_px, size_wh)
        return Pinhole.from_fov(self.fov_deg, size_wh)

    @property
    def smoothing(self) -> SmoothSettings:
        """A file may look ahead, unless a causal filter is named."""
        causal = self.filter or (FILTERS[0] if self.live else None)
        return SmoothSettings(self.smooth, causal, self.desk, self.height_cm)

    @property
    def live(self) -> bool:
        """Whether the newest frame wins; otherwise every frame counts, and there is time."""
        return self.window or self.address is not None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Exits with code 2 and one line on stderr for bad arguments."""
    parser = _parser()
    words = _with_values(sys.argv[1:] if arguments is None else arguments)
    given = vars(parser.parse_args(words))
    camera = given.pop("camera")
    no_window = given.pop("no_window")
    out = tuple(given.pop("out"))
    typed = frozenset(name for name in _LEFT_OPEN if given[name] is not None)
    given |= {name: value for name, value in _LEFT_OPEN.items() if name not in typed}
    options = Options(
        address=None if camera in (None, option_types.LIST_CAMERAS) else CameraAddress(camera),
        list_cameras=camera == option_types.LIST_CAMERAS,
        window=not no_window
        and (camera not in (None, option_types.LIST_CAMERAS) or (given["video"] is not None and not out)),
        out=out,
        typed=typed,
        **given,
    )
    if options.recover is not None:
        _check_recovery(parser, options, words)
    elif not options.list_cameras:
        _check_source(parser, options)
    if options.box is not None and options.detector is not None:
        parser.error("--box is one region without detection; leave out --detector, or --box")
    if options.box is not None and options.people > 1:
        parser.error("--box is one region with one person in it; leave out --people, or --box")
    if options.smooth == "off" and (options.filter is not None or options.desk):
        parser.error("--smooth off leaves every frame as it is; leave it out, or leave out --filter and --desk")
    try:
        _check_places(parser, options)
    except OSError as error:
        parser.error(f"{error.filename} cannot be looked at: {reason(error)}")
    return options


def _check_recovery(parser: argparse.ArgumentParser, options: Options, words: Sequence[str]) -> None:
    """What the file is like was settled when it was recorded, so other options would change nothing."""
    named = [word.partition("=")[0] for word in words if word.startswith("--")]
    if others := [name for name in named if name not in _WITH_RECOVER]:
        parser.error(f"--recover makes the file as it was asked for at its recording; leave out {', '.join(others)}")
    if len(options.out) > 1:
        parser.error("--recover makes one file; give one --out, or none")
    if any(path.suffix.lower() == ".obj" for path in options.out):
        parser.error("--recover makes an .npz or an .mp4; meshes need none, each is whole as it is written")


def _check_source(parser: argparse.ArgumentParser, options: Options) -> None:
    if options.video is None and options.address is None:
        parser.error("nothing to track; give --camera 0, --video FILE, or --recover FILE")
    if options.video is not None and options.address is not None:
        parser.error("--camera and --video are two sources; give one of them")
    if options.address is None and options.mirror:
        parser.error("--mirror is for cameras; leave it out with --video")
    if options.address is not None and options.start_s:
        parser.error("--start is for files; a camera begins now")
    if options.address is None and any(map(is_raw, options.out)):
        parser.error(f"{RAW_SUFFIX} is a camera's own pictures; with --video, leave it out")
    if options.address is None and not options.window and not options.out:
        parser.error("nowhere to write; give --out mesh.npz")


def _check_places(parser: argparse.ArgumentParser, options: Options) -> None:
    """End with one line where something cannot be written, or would replace what is read. Raises OSError."""
    reads = {
        "--video": options.video,
        "--recover": options.recover,
        "--body": options.body,
        "--detector": options.detector,
    }
    writes = [Named("--out", mesh_folder(path)) for path in options.out]
    writes += [Named("--stats", options.stats)] if options.stats else []
    for path in (*options.out, *([options.stats] if options.stats else [])):
        if CLIP not in str(path) and (problem := unwritable(path)):
            parser.error(problem)
    if problem := clash([Named(option, path) for option, path in reads.items() if path], writes):
        parser.error(problem)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="wb-track",
        description="Track a person in a video: body, hands and face as an SMPL-X mesh.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add(
        "--camera",
        type=option_types.camera_name,
        metavar="N|DEVICE|URL|list",
        help="track live, in a window: a camera's number or device, or a stream (RTSP, MJPEG); list: name the cameras",
    )
    add(
        "--video",
        type=Path,
        metavar="FILE|FOLDER|PATTERN",
        help="a video, an image, or a folder of images; or many of these by a pattern in quotes, each tracked to files "
        "with its own name for {clip}, as in --video 'clips/*.mp4' --out 'takes/{clip}.npz'",
    )
    add("--mirror", action="store_true", help="turn the camera's picture left to right before tracking")
    add("--no-window", action="store_true", help="live without a window: a line a second says how it goes")
    add(
        "--out",
        type=option_types.out_path,
        action="append",
        default=[],
        metavar="FILE",
        help="repeatable; the suffix says what: mesh.npz; clip.mp4, video with the mesh over it; meshes.obj, a folder "
        "with a mesh for each person and frame; take.raw.mp4, the camera's own pictures; optional with a camera or a "
        "window",
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
    add(
        "--box",
        type=option_types.box,
        metavar="X,Y,W,H",
        help="one region for every frame, in pixels, without detection",
    )
    add(
        "--people",
        type=option_types.people_count,
        metavar="N",
        help="how many to track, the largest first; each keeps a number and gets a file; default: 1",
    )
    add("--engine", choices=ENGINES, default="auto", help="cpu and cuda are ONNX Runtime; default: the fastest here")
    add("--precision", choices=PRECISIONS, default="auto", help="bf16 is OpenVINO's; default: that of the model")
    add(
        "--target-fps",
        type=option_types.frame_rate,
        metavar="N",
        help="hold this many frames a second: the body is looked at in every frame, the detector, hands and face as "
        "often as there is time; default: all in every frame",
    )
    camera = parser.add_mutually_exclusive_group()
    camera.add_argument(
        "--fov",
        dest="fov_deg",
        type=option_types.fov_deg,
        default=60.0,
        metavar="DEG",
        help="horizontal field of view; default: 60",
    )
    camera.add_argument("--focal", dest="focal_px", type=option_types.positive, metavar="PX", help="focal length")
    add("--smooth", choices=LEVELS, help="how steady the motion is; default: balanced")
    add("--filter", choices=FILTERS, help="smooth by the past alone, as live; default for files: look ahead")
    add("--desk", action="store_true", help="legs rest seated; default: only where hips and knees are out of view")
    add(
        "--height",
        dest="height_cm",
        type=option_types.height_cm,
        metavar="CM",
        help="the person's height, which sets the scale",
    )
    add(
        "--start",
        dest="start_s",
        type=option_types.not_negative,
        default=0.0,
        metavar="S",
        help="seconds to leave out first",
    )
    add("--duration", dest="duration_s", type=option_types.positive, metavar="S", help="seconds to track")
    add(
        "--resample",
        dest="resample_fps",
        type=option_types.positive,
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
