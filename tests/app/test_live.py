"""`wb-track --camera URL --no-window`: what it says, what it writes, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.sources.video import VideoSource
from tests.app.takes import read
from tests.app.test_camera import within
from tests.camera_server import CameraServer, number_in, pictures_of

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "models" / "open" / "sample.mp4"
BOX = ("--box", "60,5,250,350")
PATIENCE_S = 30.0
LONGEST_S = 90  # of takes that are ended before
Track = Callable[..., int]


@pytest.fixture(scope="module")
def people_walking() -> list[NDArray[np.uint8]]:
    return pictures_of(SAMPLE, (320, 240))[:40]


@pytest.fixture
def server(people_walking: list[NDArray[np.uint8]]) -> Iterator[CameraServer]:
    with CameraServer(people_walking) as running:
        yield running


def test_a_take_and_its_raw_video_are_one(
    track: Track, server: CameraServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out, raw, stats = tmp_path / "take.npz", tmp_path / "take.raw.mp4", tmp_path / "stats.json"
    live = ("--camera", server.url, "--no-window", "--duration", "2.3", *BOX)
    assert track(*live, "--out", out, "--out", raw, "--stats", stats) == 0
    lines = capfd.readouterr().err.splitlines()
    status = [line for line in lines if " fps, age " in line]
    assert len(status) == 2  # one a second
    assert all("dropped" in line and "ONNX Runtime cpu fp32" in line for line in status)
    assert any("320 x 240 MJPG" in line for line in lines)  # what the camera granted
    assert lines[-1].startswith(f"wb-track: wrote {out}, {raw}")
    assert {path.name for path in tmp_path.iterdir()} == {"take.npz", "take.raw.mp4", "stats.json"}

    taken = read(out)
    with VideoSource(raw) as source:
        frames = list(source)
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert frames[0].time_s == 0
    times = np.array([frame.time_s for frame in frames])
    assert taken["frame_index"][-1] < len(frames)
    np.testing.assert_allclose(taken["time"], times[taken["frame_index"]], atol=2e-5)
    numbers = [number_in(frame.rgb) for frame in frames]
    assert numbers == sorted(set(numbers))  # every frame once, in order

    said = json.loads(stats.read_text())
    assert said["frames"] == len(taken["time"])
    assert said["frames"] + said["dropped"] >= len(frames)
    assert {"detect", "body", "parts", "finish"} <= said["stages_ms"].keys()
    assert said["age_ms"]["p50"] > 0
    assert said["interruptions"] == 0

    again = tmp_path / "again.npz"
    assert track("--video", raw, *BOX, "--out", again, "-q") == 0
    solved = read(again)
    assert solved.keys() == taken.keys()
    np.testing.assert_allclose(solved["time"], times, atol=1e-9)
    for key in ("axes", "camera", "faces", "image_size", "joint_names", "model", "body"):
        np.testing.assert_array_equal(solved[key], taken[key])


def test_a_rate_to_hold_is_on_every_line_and_in_the_statistics(
    track: Track, server: CameraServer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stats = tmp_path / "stats.json"
    live = ("--camera", server.url, "--no-window", "--duration", "1.5", *BOX)
    assert track(*live, "--target-fps", "20", "--stats", stats) == 0
    lines = capfd.readouterr().err.splitlines()
    status = [line for line in lines if " fps, age " in line]
    told = ("20 fps held", "20 fps cannot be held", "fps is all that comes")
    assert all(any(words in line for words in told) for line in [*status, lines[-1]])
    pace = json.loads(stats.read_text())["pace"]
    assert pace["target_fps"] == 20
    assert pace["strides"].keys() == {"body", "hands", "face"}


def test_a_camera_that_is_not_there_is_one_line_and_exit_code_2(
    track: Track, tmp_path: Path, one_line: Callable[[], str]
) -> None:
    out = tmp_path / "mesh.npz"
    assert track("--camera", "77", "--no-window", "--out", out) == 2
    assert "there is no camera 77" in one_line()
    assert track("--camera", "http://127.0.0.1:9/s.mjpg", "--no-window", "--out", out) == 2
    assert "nothing answers at 127.0.0.1:9" in one_line()
    assert not list(tmp_path.iterdir())


def test_a_box_outside_the_pictures_of_a_camera_is_refused(
    track: Track, tmp_path: Path, server: CameraServer, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mesh.npz"
    assert track("--camera", server.url, "--no-window", "--box", "900,900,50,50", "--out", out) == 2
    assert capfd.readouterr().err.splitlines()[-1] == (
        "wb-track: --box lies outside the frames, which are 320 x 240 pixels; correct it"
    )
    assert not list(tmp_path.iterdir())


def grown(partial: Path, more: int) -> None:
    """Wait until so many more bytes are recorded."""
    before = partial.stat().st_size if partial.exists() else 0
    within(lambda: partial.exists() and partial.stat().st_size > before + more, PATIENCE_S)


def end_once_back(caplog: pytest.LogCaptureFixture, partial: Path) -> None:
    """Ctrl-C, as soon as a few frames of the camera that is back are in the take."""
    within(lambda: any("is back" in message for message in caplog.messages), PATIENCE_S)
    grown(partial, 500_000)
    os.kill(os.getpid(), signal.SIGINT)


def test_a_camera_that_comes_back_goes_on_in_the_same_take(
    track: Track,
    server: CameraServer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    out, stats = tmp_path / "mesh.npz", tmp_path / "stats.json"

    def pull_the_plug() -> None:
        grown(partial, 1_000_000)
        server.stop()
        time.sleep(1.2)
        server.start()
        end_once_back(caplog, partial)

    partial = tmp_path / "mesh.npz.partial"
    trouble = threading.Thread(target=pull_the_plug)
    trouble.start()
    arguments = ("--camera", server.url, "--no-window", "--duration", LONGEST_S, *BOX)
    assert track(*arguments, "--out", out, "--stats", stats) == 0
    trouble.join()
    assert "wb-track: reconnecting: " in capfd.readouterr().err  # the status line, meanwhile
    lost, back = (message for message in caplog.messages if server.url in message)
    assert lost.endswith("reconnecting")
    assert back.endswith("is back")
    steps = np.diff(read(out)["time"])
    assert (steps > 0).all()
    assert (steps > 1.0).sum() == 1  # gone once, and back within two seconds
    assert steps.max() < 1.2 + 2.0
    assert json.loads(stats.read_text())["interruptions"] == 1


def test_a_camera_that_comes_back_upright_goes_on_in_the_same_take(
    track: Track, server: CameraServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out, raw, over = (tmp_path / name for name in ("take.npz", "take.raw.mp4", "take.mp4"))

    upright = [np.ascontiguousarray(np.rot90(picture)) for picture in server.pictures]

    def turn_it() -> None:
        grown(partial, 300_000)
        server.stop()
        server.pictures = upright
        server.start()
        end_once_back(caplog, partial)

    partial = tmp_path / "take.npz.partial"
    trouble = threading.Thread(target=turn_it)
    trouble.start()
    arguments = ("--camera", server.url, "--no-window", "--duration", LONGEST_S, *BOX)
    assert track(*arguments, "--out", out, "--out", raw, "--out", over) == 0
    trouble.join()
    assert caplog.messages[-1].endswith("is back, now with 240 x 320, fitted into 320 x 240")
    taken = read(out)
    assert tuple(taken["image_size"]) == (320, 240)
    assert np.isfinite(taken["vertices"]).all()
    with VideoSource(raw) as pictures, VideoSource(over) as overlay:
        first, *_, last = pictures
        sizes = {frame.size_wh for frame in overlay}
    assert sizes == {first.size_wh} == {(320, 240)}
    assert first.rgb[40:, 4].mean() > 40  # the picture is there, and later black is
    assert last.rgb[40:, 4].mean() < 20


@pytest.mark.parametrize(("number", "after_s"), [(signal.SIGINT, 0.8), (signal.SIGTERM, 0.1), (signal.SIGTERM, 0.0)])
def test_a_signal_at_any_moment_ends_it_well(
    tiny_bundle: Path, body_path: Path, server: CameraServer, tmp_path: Path, number: signal.Signals, after_s: float
) -> None:
    out = tmp_path / "mesh.npz"
    command = [sys.executable, "-m", "app", "--camera", server.url, "--no-window", *BOX, "--out", str(out)]
    command += ["--model", str(tiny_bundle), "--body", str(body_path)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    if after_s:
        within(lambda: (tmp_path / "mesh.npz.partial").exists() or process.poll() is not None, 30)
    time.sleep(after_s)
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    assert "Traceback" not in said
    if after_s == 0:  # the interpreter has hardly begun
        assert process.returncode in (-number, 128 + number)
        assert not out.exists()
        return
    assert process.returncode in (0, 1), said
    assert not (tmp_path / "mesh.npz.partial").exists()
    if process.returncode == 0:
        file = read(out)
        assert len(file["time"]) >= 1
        assert np.isfinite(file["vertices"]).all()
    assert ("wrote" in said.splitlines()[-1]) == out.exists()


def test_without_a_window_neither_qt_nor_opengl_is_loaded(
    tiny_bundle: Path, body_path: Path, server: CameraServer, tmp_path: Path
) -> None:
    arguments = [
        "--camera",
        server.url,
        "--no-window",
        "--duration",
        "0.3",
        *BOX,
        "--out",
        str(tmp_path / "m.npz"),
        "-q",
    ]
    arguments += ["--out", str(tmp_path / "m.raw.mp4"), "--model", str(tiny_bundle), "--body", str(body_path)]
    script = (
        "import sys\nfrom app.main import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'PySide6', 'shiboken6', 'OpenGL', 'moderngl', 'pyrender', 'trimesh', 'torch'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else code)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_disk_that_is_full_ends_the_take_with_what_was_recorded(
    track: Track, server: CameraServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_line: Callable[[], str]
) -> None:
    from app.recording.journal import Journal

    append, calls = Journal.append, []

    def append_until_full(self: Journal, record: NDArray[Any]) -> None:
        calls.append(record)
        if len(calls) > 3:
            raise OSError(28, "No space left on device")
        append(self, record)

    monkeypatch.setattr(Journal, "append", append_until_full)
    out = tmp_path / "mesh.npz"
    assert track("--camera", server.url, "--no-window", *BOX, "--out", out, "-q") == 1
    line = one_line()
    assert "No space left on device" in line
    assert "mesh.npz has what was recorded" in line
    assert len(read(out)["time"]) == 3


def test_nobody_is_an_end_that_says_so(
    track: Track, server: CameraServer, tmp_path: Path, one_line: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.boxes import FixedBox

    monkeypatch.setattr(FixedBox, "tracks", lambda *_, **__: ())
    raw = tmp_path / "m.raw.mp4"
    live = ("--camera", server.url, "--no-window", "--duration", "0.3", *BOX)
    assert track(*live, "--out", tmp_path / "m.npz", "-q") == 1
    assert "no person was found" in one_line()
    assert not list(tmp_path.iterdir())
    assert track(*live, "--out", raw) == 0  # the pictures were asked for, and are there
    assert [path.name for path in tmp_path.iterdir()] == ["m.raw.mp4"]
