"""Command lines of `wb-track` that are not understood, and the one line that says why."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.options import parse
from tests.app.command_lines import ENOUGH

pytestmark = pytest.mark.usefixtures("in_a_folder")
_BAD = [
    # Not enough.
    ([], "nothing to track; give --camera 0, --video FILE"),
    (["--video", "clip.mp4", "--no-window"], "nowhere to write; give --out mesh.npz"),
    (["--out", "mesh.npz"], "nothing to track; give --camera 0, --video FILE"),
    # Cameras that are none, and options that only cameras or only files have.
    (["--camera", "webcam"], "webcam is no camera; expected a number, /dev/videoN"),
    (["--camera", "-1"], "--camera"),
    (["--camera", "http://127.0.0.1:99999/x"], "http://127.0.0.1:99999/x is no address: Port out of range"),
    (["--camera", "http://host:port/x"], "http://host:port/x is no address"),
    (["--camera", "http://[::1/x"], "http://[::1/x is no address"),
    (["--camera", "ht!tp://host/x"], "ht!tp://host/x is no address: it begins with no protocol; expected one such as"),
    (["--camera", "rtsp://"], "rtsp:// is no address: it names no host; expected one such as rtsp://HOST"),
    (["--camera", "0", "--video", "clip.mp4"], "--camera and --video are two sources"),
    (["--camera", "0", "--start", "1"], "--start is for files"),
    ([*ENOUGH, "--mirror"], "--mirror is for cameras"),
    (["--video", "clip.mp4", "--out", "take.raw.mp4"], ".raw.mp4 is a camera's own pictures"),
    ([*ENOUGH, "--people", "0"], "0 people cannot be tracked; expected a number from 1 to 8"),
    ([*ENOUGH, "--smooth", "very"], "very"),
    # Options that do not exist, are cut short, or lack their value.
    ([*ENOUGH, "--colour", "red"], "--colour"),
    ([*ENOUGH, "--dur", "3"], "--dur"),
    ([*ENOUGH, "stray"], "stray"),
    ([*ENOUGH, "--box"], "--box"),
    # Numbers that are none, or not usable.
    ([*ENOUGH, "--fov", "wide"], "wide is not a number"),
    ([*ENOUGH, "--fov", "0"], "0 is not above zero"),
    ([*ENOUGH, "--fov", "180"], "180 is no field of view"),
    ([*ENOUGH, "--fov", "nan"], "nan is not a finite number"),
    ([*ENOUGH, "--focal", "-5"], "-5 is not above zero"),
    ([*ENOUGH, "--focal", "inf"], "inf is not a finite number"),
    ([*ENOUGH, "--start", "-1"], "-1 is below zero"),
    ([*ENOUGH, "--start", "0:10"], "0:10 is not a number"),
    ([*ENOUGH, "--duration", "0"], "0 is not above zero"),
    ([*ENOUGH, "--resample", "0"], "0 is not above zero"),
    ([*ENOUGH, "--duration", "nan"], "nan is not a finite number"),
    # Boxes that are none, or empty.
    ([*ENOUGH, "--box", "1,2,3"], "1,2,3 is not a box"),
    ([*ENOUGH, "--box", "1,2,3,4,5"], "1,2,3,4,5 is not a box"),
    ([*ENOUGH, "--box", "all"], "all is not a box"),
    ([*ENOUGH, "--box", "10,10,0,50"], "10,10,0,50 is an empty box"),
    ([*ENOUGH, "--box", "10,10,50,-1"], "10,10,50,-1 is an empty box"),
    ([*ENOUGH, "--box", "10,10,inf,50"], "10,10,inf,50 is an empty box"),
    ([*ENOUGH, "--box", "nan,10,50,50"], "nan,10,50,50 is an empty box"),
    # Words that are not among those to choose from.
    ([*ENOUGH, "--engine", "tpu"], "tpu"),
    ([*ENOUGH, "--axes", "x-up"], "x-up"),
    ([*ENOUGH, "--renderer", "opencv"], "opencv"),
    ([*ENOUGH, "--smooth", "very"], "very"),
    ([*ENOUGH, "--filter", "median"], "median"),
    # Heights that are none; metres.
    ([*ENOUGH, "--height", "tall"], "tall is not a number"),
    ([*ENOUGH, "--target-fps", "fast"], "fast is not a number"),
    ([*ENOUGH, "--target-fps", "0"], "0 is not above zero"),
    ([*ENOUGH, "--target-fps", "0.5"], "0.5 is not a frame rate to hold; expected 1 to 240"),
    ([*ENOUGH, "--target-fps", "1000"], "1000 is not a frame rate to hold; expected 1 to 240"),
    ([*ENOUGH, "--height", "1.83"], "1.83 is not a height in centimetres; expected 50 to 250"),
    # Two that exclude each other.
    ([*ENOUGH, "--fov", "50", "--focal", "900"], "--focal"),
    ([*ENOUGH, "--box", "1,2,3,4", "--detector", "yolox.onnx"], "--box is one region without detection"),
    ([*ENOUGH, "--smooth", "off", "--filter", "kalman"], "--smooth off leaves every frame as it is"),
    ([*ENOUGH, "--smooth", "off", "--desk"], "--smooth off leaves every frame as it is"),
    # Files that cannot be written.
    (["--video", "clip.mp4", "--out", "mesh.fbx"], "mesh.fbx has no suffix wb-track writes; expected .npz"),
    (["--video", "clip.mp4", "--out", "mesh"], "mesh has no suffix wb-track writes"),
    (["--video", "clip.mp4", "--out", "nowhere/mesh.npz"], "nowhere/mesh.npz cannot be written: there is no folder"),
    (["--video", "clip.mp4", "--out", "file/mesh.npz"], "file/mesh.npz cannot be written: there is no folder"),
    (["--video", "clip.mp4", "--out", "folder.npz"], "folder.npz cannot be written: it is a folder"),
    (["--video", "clip.mp4", "--out", "folder.mp4"], "folder.mp4 cannot be written: it is a folder"),
    (["--video", "clip.mp4", "--out", "file.obj"], "file.obj cannot be written: it is a file"),
    (["--video", "clip.mp4", "--out", "file/*.obj"], "file/*.obj cannot be written: it is a file"),
    (["--video", "clip.mp4", "--out", "nowhere/meshes/*.obj"], "there is no folder"),
    ([*ENOUGH, "--out", "takes/../mesh.npz", "--out", "mesh.npz"], "--out names the same file twice"),
    (["--recover", "mesh.npz.partial", "--out", "a.npz", "--out", "b.npz"], "--recover makes one file"),
    # Options that come too late for what is recorded.
    (["--recover", "mesh.npz.partial", "--resample", "30"], "at its recording; leave out --resample; wb-track --help"),
    (["--recover", "mesh.npz.partial", "--axes=y-up"], "leave out --axes"),
    (["--no-vertices", "--recover", "mesh.npz.partial", "--box", "-1,2,3,4"], "leave out --no-vertices, --box"),
    (["--recover", "mesh.npz.partial", *ENOUGH], "leave out --video"),
    (["--recover", "mesh.npz.partial", "--camera", "list"], "leave out --camera"),
    (["--recover", "mesh.npz.partial", "--stats", "stats.json"], "leave out --stats"),
    (["--recover", "mesh.npz.partial", "--out", "new.obj"], "--recover makes an .npz or an .mp4"),
    ([*ENOUGH, "--stats", "nowhere/stats.json"], "nowhere/stats.json cannot be written: there is no folder"),
    ([*ENOUGH, "--stats", "takes"], "takes cannot be written: it is a folder"),
    (["--recover", "mesh.npz.partial", "--out", "nowhere/mesh.npz"], "nowhere/mesh.npz cannot be written"),
]


@pytest.mark.parametrize(("arguments", "said"), _BAD)
def test_a_bad_command_line_ends_with_code_2_and_one_line(
    arguments: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        parse(arguments)
    out, err = capsys.readouterr()
    assert end.value.code == 2
    assert out == ""
    assert err.startswith("wb-track: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert said in err


def test_a_line_break_in_an_argument_does_not_make_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse([*ENOUGH, "--box", "1,2\n3"])
    assert capsys.readouterr().err.count("\n") == 1
