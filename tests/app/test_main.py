"""`wb-track` as it is used: what it writes, how it ends, and what it says about bad inputs."""

from __future__ import annotations

import errno
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from app.pinhole import Pinhole
from app.recording.video_file import VideoFile
from app.sources.source import open_source
from tests import standins
from tests.app import clips

ROOT = Path(__file__).parents[2]
Track = Callable[..., int]
OneLine = Callable[[], str]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty frames of a moving pattern at 25 a second."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    x, y = np.arange(160), np.arange(120)[:, None]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for k in range(60):
            planes = [127 + 120 * np.sin((a * x + b * y) / 9 + k / 3) for a, b in ((1, 1), (2, -1), (1, 2))]
            picture = av.VideoFrame.from_ndarray(np.stack(planes, -1).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


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


class Harmful:
    """Pickles as a call of os.system."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.marker}",)


def _text(path: Path) -> None:
    path.write_text("this is no video, and nothing else either\n" * 100)


def _pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps({"v_template": Harmful(path.parent / "harm")}))


def _meshes(path: Path) -> None:
    path.mkdir()
    (path / "000000.1.obj").touch()


def _no_weights(path: Path) -> None:
    arrays = standins.body_arrays()
    del arrays["weights"]
    np.savez(path, **arrays)  # type: ignore[arg-type]


def _wrong_hash(path: Path, bundle: Path) -> None:
    shutil.copytree(bundle, path)
    graph = bytearray((path / "hand.onnx").read_bytes())
    graph[-1] ^= 1
    (path / "hand.onnx").write_bytes(bytes(graph))


@pytest.mark.parametrize(
    ("arguments", "make", "says"),
    [
        (("--video", "missing.mp4"), None, "no video, image or folder at missing.mp4"),
        (("--video", "text.mp4"), _text, "cannot be read as a video"),
        (("--video", "zero.mp4"), Path.touch, "is empty"),
        (("--video", "folder"), Path.mkdir, "holds no images"),
        (("--body", "missing.npz"), None, "no body file at missing.npz"),
        (("--body", "text.npz"), _text, "cannot be read as an SMPL-X"),
        (("--body", "harmful.pkl"), _pickle, "refused"),
        (("--body", "bare.npz"), _no_weights, "lacks weights"),
        (("--model", "missing"), None, "no model at missing"),
        (("--model", "folder"), Path.mkdir, "has no bundle.json"),
        (("--out", "missing/mesh.npz"), None, "no folder"),
        (("--out", "mesh.xyz"), None, "expected .npz"),
        (("--out", "full.obj"), _meshes, "full.obj holds meshes already"),
        (("--box", "900,900,10,10"), None, "lies outside the frames"),
        (("--engine", "cuda"), None, "--engine cpu"),
        (("--detector", "missing.onnx"), None, "no detector at missing.onnx"),
        (("--start", "99"), None, "no frame that can be decoded after 99 s"),
    ],
)
def test_bad_inputs_are_one_line_and_exit_code_2(
    track: Track,
    clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    one_line: OneLine,
    arguments: tuple[str, str],
    make: Callable[[Path], None] | None,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if make:
        make(Path(arguments[1]))
    before = set(tmp_path.iterdir())
    assert track("--video", clip, "--out", "mesh.npz", *arguments) == 2
    assert says in one_line()
    assert set(tmp_path.iterdir()) == before  # nothing was written, and nothing in a pickle was run


def test_a_cut_off_clip_is_refused(track: Track, clip: Path, tmp_path: Path, one_line: OneLine) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-200])
    assert track("--video", cut, "--out", tmp_path / "mesh.npz") == 2
    assert "cut off" in one_line()


def test_a_bundle_whose_graph_was_changed_is_refused(
    track: Track, clip: Path, tmp_path: Path, tiny_bundle: Path, one_line: OneLine
) -> None:
    _wrong_hash(tmp_path / "changed", tiny_bundle)
    assert track("--video", clip, "--out", tmp_path / "mesh.npz", "--model", tmp_path / "changed") == 2
    assert "hand.onnx is not the graph" in one_line()


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


def test_an_output_that_cannot_be_opened_leaves_nothing_of_the_others(
    track: Track, clip: Path, tmp_path: Path, one_line: OneLine
) -> None:
    _meshes(tmp_path / "full.obj")
    outs = [word for name in ("mesh.npz", "over.mp4", "full.obj") for word in ("--out", tmp_path / name)]
    assert track("--video", clip, "--box", "20,10,100,100", *outs, "-q") == 2
    assert "holds meshes already" in one_line()
    assert [path.name for path in tmp_path.iterdir()] == ["full.obj"]


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


def test_a_killed_overlay_is_recovered(track: Track, tmp_path: Path, one_line: OneLine) -> None:
    with VideoFile(tmp_path / "over.mp4", (64, 48), 30.0, "") as video:
        for k in range(90):
            video.add(np.full((48, 64, 3), k, np.uint8), k / 30)
    assert track("--recover", tmp_path / "over.mp4.partial") == 0
    assert f"recovered {tmp_path / 'over.mp4'}" in one_line()
    assert len(clips.decoded(tmp_path / "over.mp4")) == 90


def test_the_same_command_saves_what_was_left_of_each_output(track: Track, clip: Path, tmp_path: Path) -> None:
    with VideoFile(tmp_path / "over.mp4", (64, 48), 30.0, "") as video:
        for k in range(30):
            video.add(np.full((48, 64, 3), k, np.uint8), k / 30)
    out = ("--out", tmp_path / "over.mp4")
    assert track("--video", clip, "--box", "20,10,100,100", *out, "--duration", "0.2", "-q") == 0
    assert len(clips.decoded(tmp_path / "over.recovered.mp4")) == 30
    assert len(clips.decoded(tmp_path / "over.mp4")) == 5


@pytest.fixture
def started(tiny_bundle: Path, body_path: Path, tmp_path: Path) -> Callable[[], subprocess.Popen[str]]:
    """`wb-track` in a process of its own, on many images, once it has recorded some frames."""
    folder = tmp_path / "images"
    folder.mkdir()
    for k in range(2000):
        (folder / f"{k}.png").symlink_to(standins.DATA / "frame.png")
    arguments = ["--video", folder, "--box", "60,5,250,350", "--model", tiny_bundle, "--body", body_path]

    def start() -> subprocess.Popen[str]:
        out = tmp_path / "mesh.npz"
        command = [sys.executable, "-m", "app", *map(str, arguments), "--out", str(out)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        partial = tmp_path / "mesh.npz.partial"
        while not partial.exists() or partial.stat().st_size < 2_000_000:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        return process

    return start


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_a_whole_file(
    started: Callable[[], subprocess.Popen[str]], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    process = started()
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in said
    assert "interrupted" in said.splitlines()[-1]
    file = read(tmp_path / "mesh.npz")
    np.testing.assert_array_equal(file["frame_index"], np.arange(len(file["time"])))
    assert len(file["time"]) >= 2
    assert not (tmp_path / "mesh.npz.partial").exists()


def test_a_killed_take_is_recovered(
    started: Callable[[], subprocess.Popen[str]], tmp_path: Path, track: Track, one_line: OneLine
) -> None:
    process = started()
    process.kill()
    process.communicate(timeout=60)
    partial = tmp_path / "mesh.npz.partial"
    assert not (tmp_path / "mesh.npz").exists()
    assert track("--recover", partial) == 0
    assert "recovered" in one_line()
    file = read(tmp_path / "mesh.npz")
    assert len(file["time"]) >= 10
    np.testing.assert_array_equal(file["frame_index"], np.arange(len(file["time"])))
    assert np.isfinite(file["vertices"]).all()


def test_the_same_command_after_a_kill_saves_the_earlier_take(
    started: Callable[[], subprocess.Popen[str]], tmp_path: Path, track: Track, clip: Path
) -> None:
    process = started()
    process.kill()
    process.communicate(timeout=60)
    out = tmp_path / "mesh.npz"
    assert track("--video", clip, "--box", "20,10,100,100", "--out", out, "--duration", "0.2", "-q") == 0
    assert len(read(tmp_path / "mesh.recovered.npz")["time"]) >= 10
    assert len(read(out)["time"]) == 5
