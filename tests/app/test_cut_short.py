"""`wb-track` interrupted or killed: what was recorded is whole, or is recovered."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.main import main as wb_track
from app.recording.video_file import VideoFile
from tests import standins
from tests.app import clips
from tests.app.takes import read

ROOT = Path(__file__).parents[2]
Track = Callable[..., int]
OneLine = Callable[[], str]


def test_a_killed_overlay_is_recovered(tmp_path: Path, one_line: OneLine) -> None:
    with VideoFile(tmp_path / "over.mp4", (64, 48), 30.0, "") as video:
        for k in range(90):
            video.add(np.full((48, 64, 3), k, np.uint8), k / 30)
    assert wb_track(["--recover", str(tmp_path / "over.mp4.partial")]) == 0
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
    started: Callable[[], subprocess.Popen[str]], tmp_path: Path, one_line: OneLine
) -> None:
    process = started()
    process.kill()
    process.communicate(timeout=60)
    partial = tmp_path / "mesh.npz.partial"
    assert not (tmp_path / "mesh.npz").exists()
    assert wb_track(["--recover", str(partial)]) == 0
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
