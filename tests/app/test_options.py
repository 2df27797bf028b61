"""The command line of `wb-track`: what is understood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.frame import Box
from app.options import Options, parse
from app.pinhole import Pinhole
from app.smoothing.settings import SmoothSettings
from app.sources.camera_address import CameraAddress
from tests.app.command_lines import ENOUGH

pytestmark = pytest.mark.usefixtures("in_a_folder")
_DEFAULTS = Options(
    video=Path("clip.mp4"),
    address=None,
    list_cameras=False,
    mirror=False,
    window=False,
    out=(Path("mesh.npz"),),
    recover=None,
    model=None,
    body=None,
    detector=None,
    box=None,
    people=1,
    engine="auto",
    precision="auto",
    fov_deg=60.0,
    focal_px=None,
    target_fps=None,
    smooth="balanced",
    filter=None,
    desk=False,
    height_cm=None,
    start_s=0.0,
    duration_s=None,
    resample_fps=None,
    axes="y-up",
    vertices=True,
    renderer="moderngl",
    stats=None,
    verbose=False,
    quiet=False,
)


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        # As little as it takes.
        ([], {}),
        # What to run, and on what.
        (["--model", "hand4whole"], {"model": "hand4whole"}),
        (["--body", "SMPLX_NEUTRAL.npz"], {"body": Path("SMPLX_NEUTRAL.npz")}),
        (["--engine", "cuda"], {"engine": "cuda"}),
        (["--engine", "openvino", "--precision", "bf16"], {"engine": "openvino", "precision": "bf16"}),
        # Where to look: x, y, width, height become corners; fractions, blanks and a box over the border are fine.
        (["--detector", "yolox.onnx"], {"detector": Path("yolox.onnx")}),
        (["--box", "300,160,190,150"], {"box": Box((300.0, 160.0, 490.0, 310.0), 1.0)}),
        (["--box", "0.5, 1.5, 10, 20"], {"box": Box((0.5, 1.5, 10.5, 21.5), 1.0)}),
        (["--box=-20,-10,100,200"], {"box": Box((-20.0, -10.0, 80.0, 190.0), 1.0)}),
        # How fast.
        (["--target-fps", "30"], {"target_fps": 30.0}),
        (["--target-fps", "29.97"], {"target_fps": 29.97}),
        # The camera.
        (["--fov", "45.5"], {"fov_deg": 45.5}),
        (["--focal", "1200"], {"focal_px": 1200.0}),
        # How steady.
        (["--smooth", "steady"], {"smooth": "steady"}),
        (["--smooth", "off"], {"smooth": "off"}),
        (["--filter", "kalman"], {"filter": "kalman"}),
        (["--desk", "--height", "183.5"], {"desk": True, "height_cm": 183.5}),
        # A part of the clip.
        (["--start", "1.5", "--duration", "2"], {"start_s": 1.5, "duration_s": 2.0}),
        (["--start", "0"], {"start_s": 0.0}),
        # The file.
        (["--resample", "29.97"], {"resample_fps": 29.97}),
        (["--out", "takes/MESH.NPZ"], {"out": (Path("mesh.npz"), Path("takes/MESH.NPZ"))}),
        (["--out", "clip.MP4"], {"out": (Path("mesh.npz"), Path("clip.MP4"))}),
        (["--out", "new.obj"], {"out": (Path("mesh.npz"), Path("new.obj"))}),
        (["--out", "meshes.obj"], {"out": (Path("mesh.npz"), Path("meshes.obj"))}),
        (["--out", "new/*.obj"], {"out": (Path("mesh.npz"), Path("new/*.obj"))}),
        (["--renderer", "pyrender"], {"renderer": "pyrender"}),
        (["--axes", "z-up"], {"axes": "z-up"}),
        (["--axes", "camera"], {"axes": "camera"}),
        (["--no-vertices"], {"vertices": False}),
        (["--stats", "stats.json"], {"stats": Path("stats.json")}),
        # What is said.
        (["-v"], {"verbose": True}),
        (["--quiet"], {"quiet": True}),
        (["-q"], {"quiet": True}),
    ],
)
def test_a_good_command_line_is_understood(arguments: Sequence[str], changes: dict[str, object]) -> None:
    assert parse([*ENOUGH, *arguments]) == replace(_DEFAULTS, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        # Recovering needs no video, and knows where to write.
        (["--recover", "mesh.npz.partial"], ()),
        (["--recover", "mesh.npz.partial", "--out", "other.npz"], (Path("other.npz"),)),
        (["--recover", "mesh.npz.partial", "-q", "--verbose", "--quiet", "-v"], ()),
    ],
)
def test_recovering_needs_only_the_partial_file(arguments: Sequence[str], out: tuple[Path, ...]) -> None:
    options = parse(arguments)
    assert (options.recover, options.video, options.out) == (Path("mesh.npz.partial"), None, out)


@pytest.mark.parametrize(
    ("arguments", "camera", "window"),
    [
        # A camera opens a window, unless none is wanted; files written do not change that.
        (["--camera", "0"], "0", True),
        (["--camera", "/dev/video2", "--mirror"], "/dev/video2", True),
        (["--camera", "rtsp://host/live", "--out", "mesh.npz", "--out", "take.raw.mp4"], "rtsp://host/live", True),
        (["--camera", "1", "--no-window"], "1", False),
        # A video is played in one where no file is asked for.
        (["--video", "clip.mp4"], None, True),
        (["--video", "clip.mp4", "--out", "mesh.npz"], None, False),
        (["--video", "clip.mp4", "--out", "mesh.npz", "--no-window"], None, False),
    ],
)
def test_when_there_is_a_window(arguments: Sequence[str], camera: str | None, window: bool) -> None:
    options = parse(arguments)
    assert options.window is window
    assert options.address == (None if camera is None else CameraAddress(camera))


def test_cameras_are_listed_without_a_window() -> None:
    options = parse(["--camera", "list"])
    assert (options.list_cameras, options.address, options.window) == (True, None, False)


_OUT_OF_ASCII = "\u30c6\u30b9\u30c8/\u00fcbung.mp4"


def test_paths_may_be_in_any_script() -> None:
    assert parse(["--video", _OUT_OF_ASCII, "--out", "mesh.npz"]).video == Path(_OUT_OF_ASCII)


def test_a_box_may_begin_left_of_the_frame() -> None:
    assert parse([*ENOUGH, "--box", "-20,-10,100,200"]).box == Box((-20.0, -10.0, 80.0, 190.0), 1.0)


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(["--help"])
    assert end.value.code == 0
    text = capsys.readouterr().out
    for option in ("--video", "--out", "--recover", "--model", "--body", "--detector", "--box", "--engine", "--fov"):
        assert option in text
    for option in (
        "--focal",
        "--start",
        "--duration",
        "--axes",
        "--renderer",
        "--no-vertices",
        "--stats",
        "--verbose",
        "--quiet",
    ):
        assert option in text
    for option in ("--smooth", "--filter", "--desk", "--height", "--people", "--camera"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "typed"),
    [([], set()), (["--smooth", "balanced"], {"smooth"}), (["--people=1", "--smooth", "off"], {"smooth", "people"})],
)
def test_a_default_that_was_typed_is_told_from_one_that_was_not(arguments: Sequence[str], typed: set[str]) -> None:
    assert parse([*ENOUGH, *arguments]).typed == typed


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_people_is_one_to_eight(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(["--video", "clip.mp4", "--out", "mesh.npz", f"--people={text}"])
    assert end.value.code == 2
    assert "people cannot be tracked; expected a number from 1 to" in capsys.readouterr().err


def test_one_region_is_for_one_person(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parse(["--video", "clip.mp4", "--out", "mesh.npz", "--box", "1,2,3,4", "--people", "2"])
    assert end.value.code == 2
    assert "leave out --people, or --box" in capsys.readouterr().err
    assert parse(["--video", "clip.mp4", "--out", "mesh.npz", "--people", "3"]).people == 3


def test_a_file_is_smoothed_with_a_look_ahead_unless_a_filter_is_named() -> None:
    assert parse(ENOUGH).smoothing == SmoothSettings("balanced", None)
    assert parse([*ENOUGH, "--filter", "one-euro"]).smoothing == SmoothSettings("balanced", "one-euro")
    options = parse([*ENOUGH, "--smooth", "steady", "--desk", "--height", "170"])
    assert options.smoothing == SmoothSettings("steady", None, desk=True, height_cm=170.0)


def test_live_pictures_are_smoothed_by_the_past_alone() -> None:
    for arguments in (["--camera", "0"], ["--camera", "0", "--no-window"], ["--video", "clip.mp4"]):
        assert parse(arguments).smoothing == SmoothSettings("balanced", "one-euro")


def test_the_camera_has_the_focal_length_or_the_field_of_view_named() -> None:
    assert parse([*ENOUGH, "--focal", "700"]).camera((640, 480)) == Pinhole.from_focal(700, (640, 480))
    assert parse([*ENOUGH, "--fov", "50"]).camera((640, 480)) == Pinhole.from_fov(50, (640, 480))
