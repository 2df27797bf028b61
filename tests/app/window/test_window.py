"""The window, driven by keys and the mouse, on a camera made of software."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.live.measures import Measure
from app.pacing.report import Held
from app.rendering.picture import PictureRenderer
from app.rendering.scene import Layers
from app.window.main_window import MainWindow
from app.window.panel import Panel
from app.window.preferences import Preferences
from app.window.state import Phase, State
from tests.app.takes import read
from tests.app.window.conftest import Open, live, phase, press, shown, until
from tests.camera_server import CameraServer

ROOT = Path(__file__).parents[3]


def kind_of(window: MainWindow) -> str:
    return window._view.kind


def middle_of(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(W, 3) a part of the middle row."""
    height, width = picture.shape[:2]
    return picture[height // 2, width // 3 : width // 2]


def test_it_shows_the_camera_with_the_mesh_over_it(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    with_mesh = shown(window.picture)
    press(window, Qt.Key.Key_M)
    until(lambda: np.abs(middle_of(shown(window.picture)).astype(int) - 128).max() < 12)  # the camera's own grey
    assert (np.abs(with_mesh.astype(int) - shown(window.picture)).max(-1) > 40).mean() > 0.02
    until(lambda: "tracked" in window.status.numbers.text() and "ONNX Runtime cpu fp32" in window.status.numbers.text())
    for word in ("fps shown", "age", "p95", "dropped"):
        assert word in window.status.numbers.text()
    assert "weights" in window.status.rest.whole  # the licence of the model
    assert server.url in window.windowTitle()
    assert "320 x 240" in window.panel.granted.text()


def test_a_rate_to_hold_is_on_the_line_below(open_window: Open, server: CameraServer) -> None:
    window = open_window("--camera", server.url)
    held = Held(30.0, fps=29.9, possible_fps=31.0, source_fps=30.0, strides={"face": 4.0, "hands": 1.0})
    window.status.show_state(State(Phase.LIVE, "0", pace=held), Measure(30.0, 9.0, 12.0))
    assert "30 fps held" in window.status.numbers.text()
    assert window.status.numbers.toolTip() == "30 fps held (face 1/4.0)"


def test_a_picture_that_cannot_be_drawn_is_said_while_it_lasts(
    open_window: Open, server: CameraServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object) -> None:
        raise MemoryError("no room for it")

    with monkeypatch.context() as patch:
        patch.setattr(PictureRenderer, "draw", out_of_memory)
        window = open_window("--camera", server.url)
        until(lambda: window.status.rest.whole == "the picture cannot be drawn: no room for it")
    live(window)
    until(lambda: "cannot be drawn" not in window.status.rest.whole)


def test_keys_choose_what_is_seen_and_how(open_window: Open, server: CameraServer, preferences: Preferences) -> None:
    window = live(open_window("--camera", server.url))
    press(window, Qt.Key.Key_K)
    press(window, Qt.Key.Key_B)
    assert window._layers == Layers(mesh=True, skeleton=True, boxes=True) == preferences.layers
    assert window.panel.layers["skeleton"].isChecked()
    for key, kind in ((Qt.Key.Key_2, "side"), (Qt.Key.Key_3, "top"), (Qt.Key.Key_4, "orbit"), (Qt.Key.Key_1, "camera")):
        press(window, key)
        assert window._view.kind == kind
        assert window.panel.views.button(kind).isChecked()
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ShiftModifier)  # a digit of a French keyboard
    assert kind_of(window) == "side"
    window.showMaximized()
    press(window, Qt.Key.Key_F)
    until(lambda: window.isFullScreen() and window.panel.isHidden())
    press(window, Qt.Key.Key_F)
    until(lambda: not window.isFullScreen() and window.isMaximized())
    press(window, Qt.Key.Key_F)
    until(window.isFullScreen)
    press(window, Qt.Key.Key_Escape)
    until(lambda: not window.isFullScreen() and window.panel.isVisible())
    press(window, Qt.Key.Key_Escape)
    assert window.isHidden()


def test_the_mouse_goes_around_people(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    view, middle = window.picture, window.picture.rect().center()

    def drag(by: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        QTest.mousePress(view, Qt.MouseButton.LeftButton, modifiers, middle)
        place, left = QPointF(middle + by), Qt.MouseButton.LeftButton
        move = QMouseEvent(
            QMouseEvent.Type.MouseMove, place, view.mapToGlobal(place), Qt.MouseButton.NoButton, left, modifiers
        )
        QApplication.sendEvent(view, move)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, modifiers, middle + by)

    drag(QPoint(100, 0))
    assert kind_of(window) == "camera"  # there is one place to see it from
    press(window, Qt.Key.Key_4)
    drag(QPoint(view.height() // 4, view.height() // 8))
    assert kind_of(window) == "orbit"
    assert window._view.yaw_deg == pytest.approx(-45, abs=1)
    assert window._view.pitch_deg == pytest.approx(22.5, abs=1)
    drag(QPoint(0, view.height() // 4), Qt.KeyboardModifier.ShiftModifier)
    assert window._view.pan == pytest.approx((0, 0.25), abs=0.01)
    position = QPointF(middle)
    none = Qt.MouseButton.NoButton
    notch = QPoint(0, 120)
    keys = Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(
        position, view.mapToGlobal(position), QPoint(), notch, none, keys, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(view, event)
    assert window._view.zoom == pytest.approx(1.15)
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, middle)
    assert (window._view.yaw_deg, window._view.zoom) == (0.0, 1.0)


def test_space_pauses_and_goes_on(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    press(window, Qt.Key.Key_Space)
    until(lambda: phase(window) == Phase.PAUSED and window.picture._footnote.startswith("Paused"))
    press(window, Qt.Key.Key_Space)
    live(window)
    until(lambda: window.picture._footnote == "")


def test_a_setting_leaves_a_pause(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    press(window, Qt.Key.Key_Space)
    until(lambda: phase(window) == Phase.PAUSED)
    before = window._controller._session
    window.panel.smooth_asked.emit("steady")
    until(lambda: window._controller._session not in (before, None))
    until(lambda: phase(window) == Phase.PAUSED)
    QTest.qWait(500)
    assert window._controller._session.newest is None  # type: ignore[union-attr]
    press(window, Qt.Key.Key_Space)
    live(window)


def test_the_knob_stays_where_it_is_held(application: QApplication) -> None:  # noqa: ARG001 - widgets need one
    panel, asked = Panel([], []), list[str]()
    panel.smooth_asked.connect(asked.append)
    panel.show_choices("model", "balanced", 1)
    panel.smooth.setSliderDown(True)
    panel.smooth.setSliderPosition(0)
    panel.show_choices("model", "balanced", 1)  # as four times a second
    panel.smooth.setSliderDown(False)
    assert asked == ["off"]


def test_a_camera_that_dies_is_said_and_comes_back(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    server.stop()
    until(lambda: window.picture._title.startswith("Reconnecting"))
    until(lambda: "nothing answers" in window.picture._detail.lower())
    server.start()
    live(window)
    until(lambda: window.picture._title == "")


def test_a_camera_that_is_not_there_keeps_the_window_open(open_window: Open) -> None:
    window = open_window("--camera", "77")
    until(lambda: "There is no camera 77" in window.picture._detail)
    assert window.isVisible()
    assert phase(window) == Phase.CONNECTING


def test_a_model_that_is_not_there_closes_it(open_window: Open, server: CameraServer) -> None:
    window = open_window("--camera", server.url, "--model", "nowhere")
    until(lambda: window.fatal and window.isHidden())
    assert "no model at nowhere" in window.fatal
    until(lambda: window._controller._source is None)  # the camera is off


def test_a_video_dragged_onto_it_is_played_to_its_end(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    drop(window, tmp_path / "no video.mp4")
    until(lambda: "no video, image or folder" in window.status.rest.whole)
    live(window)  # the camera goes on
    clip = tmp_path / "clip.png"
    shutil.copy(ROOT / "tests" / "data" / "frame.png", clip)
    drop(window, clip)
    until(lambda: phase(window) == Phase.ENDED)
    until(lambda: window.picture._footnote.startswith("The end") and "clip.png" in window.windowTitle())
    press(window, Qt.Key.Key_Space)  # again
    until(lambda: phase(window) == Phase.ENDED)


def drop(window: MainWindow, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    at, actions, button = QPointF(50, 50), Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    none = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), actions, data, button, none)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(at, actions, data, button, none))


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb is not installed")
@pytest.mark.skipif(os.environ.get("QT_QPA_PLATFORM") != "offscreen", reason="under X already")
def test_the_same_on_an_x_server(tiny_bundle: Path, body_path: Path, server: CameraServer, tmp_path: Path) -> None:
    """The program itself, in a process of its own, with a real window; it ends by a signal."""
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert screen.stdout is not None
        display = f":{int(screen.stdout.readline())}"
        environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "XDG_CONFIG_HOME": str(tmp_path)}
        out = tmp_path / "mesh.npz"
        command = [sys.executable, "-m", "app", "--camera", server.url, "--box", "60,5,200,230", "--out", str(out)]
        command += ["--model", str(tiny_bundle), "--body", str(body_path)]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        partial = tmp_path / "mesh.npz.partial"
        until(lambda: (partial.exists() and partial.stat().st_size > 500_000) or process.poll() is not None)
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert "Saved mesh.npz" in said
        assert len(read(out)["time"]) >= 1
    finally:
        screen.terminate()
        screen.wait(10)
