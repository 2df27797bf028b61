"""Takes and snapshots from the window, driven by keys, on a camera made of software."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt

from app.live.recording import Outcome
from app.live.session import Session
from app.sources.video import VideoSource
from app.window.main_window import MainWindow
from app.window.state import Phase
from tests.app.takes import read
from tests.app.window.conftest import Open, live, phase, press, until
from tests.camera_server import CameraServer


def recorded_frames(window: MainWindow) -> int:
    session = window._controller._session
    return session.recording._frames if session and session.recording else 0


def test_r_records_mesh_overlay_and_raw_video_at_once(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    window._controller.folder = tmp_path / "takes"
    began_s = time.monotonic()
    press(window, Qt.Key.Key_R)
    until(lambda: recorded_frames(window) >= 5)
    until(lambda: window.picture._recorded and window.panel.record.isChecked())
    minutes, seconds = re.fullmatch(r"(\d+):(\d\d)", window.picture._recorded).groups()  # type: ignore[union-attr]
    assert 60 * int(minutes) + int(seconds) <= time.monotonic() - began_s
    assert not window.panel.model.isEnabled()  # a take has one model
    press(window, Qt.Key.Key_R)
    until(lambda: window._controller.state.notice)
    assert window._controller.state.notice.startswith("Saved")
    files = {path.name.partition(".")[2]: path for path in (tmp_path / "takes").iterdir()}
    assert files.keys() == {"npz", "mp4", "raw.mp4"}
    until(lambda: files["npz"].name in window.status.rest.whole)
    taken = read(files["npz"])
    with VideoSource(files["raw.mp4"]) as raw, VideoSource(files["mp4"]) as overlay:
        times = np.array([frame.time_s for frame in raw])
        over = next(iter(overlay))
    np.testing.assert_allclose(taken["time"], times[taken["frame_index"]], atol=2e-5)
    assert over.size_wh == (320, 240)
    assert (np.abs(over.rgb.astype(int) - 128).max(-1) > 40).mean() > 0.02  # the mesh


def test_out_is_recorded_from_the_first_frame_whichever_source_gives_it(
    open_window: Open, server: CameraServer, tmp_path: Path
) -> None:
    out = tmp_path / "mesh.npz"
    window = open_window("--camera", "http://127.0.0.1:9/s.mjpg", "--out", out)
    until(lambda: "Nothing answers" in window.picture._detail)
    window._controller.use(smooth="steady")
    window._controller.open_camera(server.url)
    until(lambda: recorded_frames(window) >= 2)
    press(window, Qt.Key.Key_Escape)
    window._controller.close()
    assert len(read(out)["time"]) >= 1


def test_r_while_a_take_is_saved_does_nothing(
    open_window: Open, server: CameraServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved, end = threading.Event(), Session.end_recording

    def end_slowly(session: Session) -> Outcome | None:
        saved.wait(60)
        return end(session)

    monkeypatch.setattr(Session, "end_recording", end_slowly)
    window = live(open_window("--camera", server.url, "--out", tmp_path / "mesh.npz"))
    until(lambda: recorded_frames(window) >= 2)
    press(window, Qt.Key.Key_R)
    press(window, Qt.Key.Key_R)
    until(lambda: window.panel.record.text() == "Saving …")
    assert not window.panel.record.isEnabled()
    saved.set()
    until(lambda: window._controller.state.notice.startswith("Saved"))
    press(window, Qt.Key.Key_Space)  # done after all that was asked before
    until(lambda: phase(window) == Phase.PAUSED)
    assert not window._controller._session.records  # type: ignore[union-attr]


def test_r_in_a_pause_waits_for_the_next_picture_and_again_takes_it_back(
    open_window: Open, server: CameraServer, tmp_path: Path
) -> None:
    window = live(open_window("--camera", server.url, "--out", tmp_path / "mesh.npz"))
    until(lambda: recorded_frames(window) >= 2)
    press(window, Qt.Key.Key_R)
    until(lambda: window._controller.state.notice.startswith("Saved"))
    outcome = window._controller.outcome
    press(window, Qt.Key.Key_Space)
    until(lambda: phase(window) == Phase.PAUSED)
    press(window, Qt.Key.Key_R)
    until(lambda: window.picture._recorded == "Recording begins with the next picture")
    assert window.panel.record.isChecked()
    press(window, Qt.Key.Key_R)
    until(lambda: window.picture._recorded == "")
    assert window._controller.outcome is outcome is not None


def test_s_takes_a_snapshot(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    window._controller.folder = tmp_path
    until(lambda: window._controller.picture is not None and bool(window._controller.picture.people))
    press(window, Qt.Key.Key_S)
    until(lambda: "Saved" in window._controller.state.notice)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".obj", ".png"]


def test_closing_while_recording_leaves_whole_files(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    out = tmp_path / "mesh.npz"
    window = live(open_window("--camera", server.url, "--out", out))
    until(lambda: recorded_frames(window) >= 2)
    press(window, Qt.Key.Key_Escape)
    began_s = time.monotonic()
    window._controller.close()
    assert time.monotonic() - began_s < 5
    assert len(read(out)["time"]) >= 1
    assert [path.name for path in tmp_path.iterdir()] == ["mesh.npz"]
