"""`wb-track` as it is used: what it writes, and what stays where something fails."""

from __future__ import annotations

import errno
import json
import shutil
import sys
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.pinhole import Pinhole
from app.sources.source import open_source
from tests import standins
from tests.app import clips
from tests.app.takes import read

Track = Callable[..., int]
OneLine = Callable[[], str]


def test_a_clip_becomes_a_mesh_with_true_times(track: Track, clip: Path, tmp_path: Path) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    assert track("--video", clip, "--box", "20,10,100,100", "--out", out, "--stats", stats, "-q") == 0
    file = read(out)
    with open_source(clip) as source:
        times = [frame.time_s for frame in source]
    np.testing.assert_array_equal(file["time"], times)
    np.testing.assert_array_equal(file["frame_index"], np.arange(60))
    assert file["vertices"].shape == (60, 10475, 3)
    assert np.isfinite(file["vertices"]).all()
    assert float(file["fps"]) == pytest.approx(25)
    assert {path.name for path in tmp_path.iterdir()} == {"mesh.npz", "stats.json"}
    said = json.loads(stats.read_text())
    assert said["frames"] == 60
    assert said["dropped"] == 0
    assert {"capture", "detect", "body", "parts", "finish", "record"} <= said["stages_ms"].keys()


def test_a_rate_to_hold_is_in_the_statistics_and_in_the_last_line(
    track: Track, clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    assert track("--video", clip, "--box", "20,10,100,100", "--out", out, "--stats", stats, "--target-fps", "240") == 0
    assert len(read(out)["time"]) == 60  # the body in every frame
    pace = json.loads(stats.read_text())["pace"]
    assert pace["target_fps"] == 240
    assert pace["held"] is (pace["fps"] >= 0.95 * 240)
    assert pace["strides"]["body"] == 1
    assert pace["strides"]["hands"] >= 1
    assert pace["strides"]["face"] >= 1
    assert pace["costs_ms"].keys() == {"detect", "body", "parts", "hands", "face"}
    assert "240 fps" in capfd.readouterr().err.splitlines()[-1]


def test_without_a_rate_to_hold_nothing_is_said_of_one(track: Track, clip: Path, tmp_path: Path) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"
    assert track("--video", clip, "--box", "20,10,100,100", "--out", out, "--stats", stats, "-q") == 0
    assert "pace" not in json.loads(stats.read_text())


def test_the_threads_change_nothing(
    track: Track, clip: Path, tmp_path: Path, body_path: Path, tiny_bundle: Path
) -> None:
    """The pipeline's file holds what the plain loop computes."""
    from app.load import loaded
    from app.options import parse

    out = tmp_path / "mesh.npz"
    box = ("--box", "20,10,100,100")
    assert track("--video", clip, *box, "--out", out, "--duration", "0.4", "-q") == 0
    options = parse(
        ["--video", str(clip), *box, "--out", str(out), "--model", str(tiny_bundle), "--body", str(body_path)],
    )
    with open_source(clip) as source, loaded(options) as parts:
        people = [result.people[0] for result in parts.tracker.tracks(islice(source, 10))]
    file = read(out)
    assert len(file["time"]) == 10
    np.testing.assert_allclose(file["betas_per_frame"], [person.params.betas for person in people], rtol=0, atol=1e-5)
    np.testing.assert_allclose(file["expression"], [person.params.expression for person in people], rtol=0, atol=1e-5)
    joints = [person.under(Pinhole(*map(float, file["camera"]))).joints_m for person in people]
    np.testing.assert_allclose(file["joints"], joints, rtol=0, atol=1e-3)
    assert np.ptp(file["expression"], 0).max() > 1e-4  # the frames differ, so an exchanged one would show


def test_without_a_detector_the_whole_frame_comes_first(track: Track, clip: Path, tmp_path: Path) -> None:
    assert track("--video", clip, "--out", tmp_path / "mesh.npz", "--duration", "0.1", "-q") == 0
    np.testing.assert_array_equal(read(tmp_path / "mesh.npz")["box"][0], [0, 0, 160, 120])


@pytest.mark.parametrize(("option", "fx"), [(("--focal", "500"), 500.0), (("--fov", "90"), 80.0), ((), 138.564)])
def test_the_camera_of_the_take(track: Track, clip: Path, tmp_path: Path, option: tuple[str, ...], fx: float) -> None:
    out = tmp_path / "mesh.npz"
    assert track("--video", clip, "--box", "20,10,100,100", "--out", out, "--duration", "0.1", "-q", *option) == 0
    np.testing.assert_allclose(read(out)["camera"], [fx, fx, 79.5, 59.5], atol=1e-2)


def test_a_clip_of_nobody_says_so_and_writes_nothing(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine
) -> None:
    import onnx
    from onnx import TensorProto, helper

    boxes = helper.make_tensor("boxes", TensorProto.FLOAT, [1, 1, 4], [0.0] * 4)
    scores = helper.make_tensor("scores", TensorProto.FLOAT, [1, 1], [0.0])
    graph = helper.make_graph(
        [helper.make_node("Constant", [], [t.name], value=t) for t in (boxes, scores)],
        "nobody",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, 64, 64, 3])],
        [helper.make_tensor_value_info(t.name, TensorProto.FLOAT, list(t.dims)) for t in (boxes, scores)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, str(tmp_path / "nobody.onnx"))
    detector = tmp_path / "nobody.onnx"
    assert track("--video", clip, "--detector", detector, "--out", tmp_path / "mesh.npz", "-q") == 1
    assert "no person was found in 60 frames" in one_line()
    assert not list(tmp_path.glob("mesh*"))


def test_statistics_that_cannot_be_written_are_said_and_the_mesh_is_there(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine
) -> None:
    stats, out = tmp_path / "stats.json", tmp_path / "mesh.npz"
    stats.symlink_to(tmp_path / "missing" / "stats.json")
    assert track("--video", clip, "--duration", "0.1", "--out", out, "--stats", stats, "-q") == 1
    assert f"{stats} could not be written: No such file or directory; what was recorded is kept" in one_line()
    assert len(read(out)["time"]) >= 1


def test_images_that_turn_bad_keep_the_frames_before(track: Track, tmp_path: Path, one_line: OneLine) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for k in range(4):
        shutil.copy(standins.DATA / "frame.png", folder / f"{k}.png")
    (folder / "3.png").write_bytes(b"no image")
    out = tmp_path / "mesh.npz"
    assert track("--video", folder, "--box", "60,5,250,350", "--out", out, "-q") == 1
    line = one_line()
    assert "3.png cannot be read as an image" in line
    assert "3 frames are in" in line
    np.testing.assert_array_equal(read(out)["frame_index"], [0, 1, 2])


def test_everything_at_once(track: Track, clip: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """npz, overlay and meshes of one run, named in the last line; the overlay with the source's own times."""
    names = ("mesh.npz", "over.mp4", "meshes.obj")
    outs = [word for name in names for word in ("--out", tmp_path / name)]
    assert track("--video", clip, "--box", "20,10,100,100", *outs, "--start", "0.2", "--duration", "0.4") == 0
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith(f"wb-track: wrote {', '.join(str(tmp_path / name) for name in names)}: 10 frames")
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    file = read(tmp_path / "mesh.npz")
    np.testing.assert_allclose(clips.frame_times(tmp_path / "over.mp4"), file["time"] - 0.2, rtol=0, atol=2e-5)
    assert clips.video_length(tmp_path / "over.mp4") == pytest.approx(0.4, abs=1e-3)
    meshes = sorted(path.name for path in (tmp_path / "meshes.obj").iterdir())
    assert meshes == [f"{index:06d}.1.obj" for index in range(5, 15)]


def test_where_one_output_fails_the_others_are_whole(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.recording import obj

    write = obj.write_obj

    def full_at_5(path: Path, *rest: Any) -> None:
        if path.name == "000005.1.obj":
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *rest)

    monkeypatch.setattr(obj, "write_obj", full_at_5)
    outs = [word for name in ("mesh.npz", "over.mp4", "meshes.obj") for word in ("--out", tmp_path / name)]
    assert track("--video", clip, "--box", "20,10,100,100", *outs, "-q") == 1
    line = one_line()
    assert "recording stopped at frame 5: No space left on device" in line
    assert "frames are in" in line
    assert "over.mp4" in line
    assert len(read(tmp_path / "mesh.npz")["time"]) >= 6
    assert len(clips.decoded(tmp_path / "over.mp4")) >= 6
    assert len(list((tmp_path / "meshes.obj").glob("*.obj"))) == 5
    assert not list(tmp_path.glob("*.partial"))


def test_whatever_keeps_one_file_from_being_finished_the_others_are_whole(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_recorder: object) -> None:
        raise ValueError("an encoder's own")

    monkeypatch.setattr("app.recording.overlay.OverlayRecorder.finish", fail)
    outs = ("--out", tmp_path / "over.mp4", "--out", tmp_path / "mesh.npz")
    assert track("--video", clip, "--box", "20,10,100,100", "--duration", "0.2", *outs, "-q") == 1
    line = one_line()
    assert "an encoder's own; " in line
    assert "frames are in" in line
    assert len(read(tmp_path / "mesh.npz")["time"]) >= 5


def test_without_opengl_the_overlay_shows_a_skeleton_and_the_npz_is_complete(
    track: Track, clip: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)
    for module in [name for name in sys.modules if name.startswith("app.rendering.") and "painter" in name]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "app.rendering.gl_context", raising=False)
    outs = ("--out", tmp_path / "mesh.npz", "--out", tmp_path / "over.mp4")
    assert track("--video", clip, "--box", "20,10,100,100", *outs, "--duration", "0.4") == 0
    (line,) = [line for line in caplog.messages if "OpenGL" in line]
    assert line.startswith("no OpenGL, so a skeleton is drawn")
    assert len(read(tmp_path / "mesh.npz")["time"]) == len(clips.frame_times(tmp_path / "over.mp4")) == 10
