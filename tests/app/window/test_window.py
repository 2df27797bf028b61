"""The window, driven by keys and the mouse, on a camera made of software."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.live.measures import Measure
from app.options import parse
from app.pacing.report import Held
from app.rendering.scene import Layers
from app.sources.video import VideoSource
from app.window.main import remembered
from app.window.main_window import MainWindow
from app.window.preferences import Preferences
from app.window.state import Phase, State
from app.window.theme import DARK, LIGHT, Theme
from tests.app.window.conftest import Open, until
from tests.camera_server import CameraServer

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "models" / "open" / "sample.mp4"


def phase(window: MainWindow) -> Phase:
    return window._controller.state.phase


def live(window: MainWindow) -> MainWindow:
    """Once people are shown."""
    until(lambda: phase(window) == Phase.LIVE and window._number >= 2)
    return window


def kind_of(window: MainWindow) -> str:
    return window._view.kind


def recorded_frames(window: MainWindow) -> int:
    session = window._controller._session
    return session.recording._frames if session and session.recording else 0


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window, key)


def shown(widget: QWidget) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a widget, as it looks."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_it_shows_the_camera_with_the_mesh_over_it(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    with_mesh = shown(window.picture)
    press(window, Qt.Key.Key_M)
    number = window._number
    until(lambda: window._number > number + 2)
    without = shown(window.picture)
    assert (np.abs(with_mesh.astype(int) - without).max(-1) > 40).mean() > 0.02
    middle = without[without.shape[0] // 2, without.shape[1] // 3 : without.shape[1] // 2]
    assert np.abs(middle.astype(int) - 128).max() < 12  # the camera's own grey
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
    press(window, Qt.Key.Key_F)
    until(lambda: window.isFullScreen() and window.panel.isHidden())
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


def test_r_records_mesh_overlay_and_raw_video_at_once(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    window._controller.folder = tmp_path / "takes"
    press(window, Qt.Key.Key_R)
    until(lambda: recorded_frames(window) >= 5)
    until(lambda: window.picture._recorded.startswith("0:0") and window.panel.record.isChecked())
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


def test_s_takes_a_snapshot(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    window._controller.folder = tmp_path
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


def test_a_video_dragged_onto_it_is_played_to_its_end(open_window: Open, server: CameraServer, tmp_path: Path) -> None:
    window = live(open_window("--camera", server.url))
    drop(window, tmp_path / "no video.mp4")
    until(lambda: phase(window) == Phase.FAILED)
    assert "no video, image or folder" in window._controller.state.message
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


def test_the_smoothing_knob_and_people_reach_the_options(
    open_window: Open, server: CameraServer, preferences: Preferences
) -> None:
    window = live(open_window("--camera", server.url))
    QTest.keyClick(window.panel.smooth, Qt.Key.Key_Right)
    until(lambda: window._controller.options.smooth == "steady")
    live(window)
    window.panel.people.setEnabled(True)  # as with a person detector
    QTest.mouseClick(window.panel.people.more, Qt.MouseButton.LeftButton)
    until(lambda: window._controller.options.people == 2)
    assert (preferences.smooth, preferences.people) == ("steady", 2)
    live(window)


@pytest.mark.parametrize(
    ("typed", "smooth", "people"),
    [
        ([], "steady", 3),
        (["--smooth", "balanced"], "balanced", 3),  # typed, though it is the default
        (["--people", "1"], "steady", 1),
        (["--people", "2", "--smooth", "off"], "off", 2),
    ],
)
def test_what_is_remembered_gives_way_to_what_is_typed(
    preferences: Preferences, typed: list[str], smooth: str, people: int
) -> None:
    preferences.smooth, preferences.people = "steady", 3
    options = remembered(parse(["--camera", "0", *typed]), preferences)
    assert (options.smooth, options.people) == (smooth, people)


@pytest.mark.parametrize("typed", [["--filter", "kalman"], ["--desk"]])
def test_smoothing_that_is_remembered_as_off_does_not_undo_a_filter(preferences: Preferences, typed: list[str]) -> None:
    preferences.smooth = "off"
    assert remembered(parse(["--camera", "0", *typed]), preferences).smooth == "balanced"


def test_several_people_are_not_offered_where_they_cannot_be_told_apart(
    open_window: Open, server: CameraServer
) -> None:
    """And a number of them that is remembered from another model is no reason not to track."""
    window = live(open_window("--camera", server.url))
    window._controller.use(people=3)
    until(lambda: window._controller.options.people == 3)
    live(window)
    until(lambda: not window.panel.people.isEnabled())
    assert "no person detector" in window.panel.people.toolTip()
    assert window.panel.people._number.text() == "1"


def test_a_model_that_fails_later_leaves_the_window_open(open_window: Open, server: CameraServer) -> None:
    window = live(open_window("--camera", server.url))
    model = window._controller.options.model
    window._controller.use(model="nowhere")
    until(lambda: phase(window) == Phase.FAILED and "No model at nowhere" in window.picture._detail)
    assert window.isVisible()
    window._controller.use(model=model)
    live(window)


def test_the_first_run_says_what_is_in_use_once(
    open_window: Open, server: CameraServer, preferences: Preferences
) -> None:
    preferences.introduced = False
    window = live(open_window("--camera", server.url))
    assert window.banner.isVisible()
    assert "Tracking with the model" in window.banner.text.text()
    assert "the body" in window.banner.text.text()
    window.banner.read.emit()
    assert window.banner.isHidden()
    assert preferences.introduced


def test_its_size_is_remembered(open_window: Open, server: CameraServer) -> None:
    first = open_window("--camera", server.url)
    first.resize(701, 503)
    QTest.qWait(50)
    first.close()
    second = open_window("--camera", server.url)
    assert (second.width(), second.height()) == (701, 503)


def test_light_and_dark(open_window: Open, server: CameraServer, preferences: Preferences) -> None:
    window = live(open_window("--camera", server.url))
    looks = {}
    for name in ("dark", "light"):
        QTest.mouseClick(window.panel.themes.button(name), Qt.MouseButton.LeftButton)
        looks[name] = shown(window.panel)[-4, 8]
        assert preferences.theme == name
    np.testing.assert_array_equal(looks["dark"], [int(DARK.panel[k : k + 2], 16) for k in (1, 3, 5)])
    np.testing.assert_array_equal(looks["light"], [int(LIGHT.panel[k : k + 2], 16) for k in (1, 3, 5)])


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_everything_can_be_read(theme: Theme) -> None:
    """WCAG 2.1, success criterion 1.4.3: a contrast of 4.5 for text."""
    for ground in (theme.window, theme.panel, theme.field):
        for ink in (theme.text, theme.faint):
            assert contrast(ink, ground) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast("#ffffff", theme.warm) >= 4.5


def contrast(one: str, other: str) -> float:
    """Of two colours as #rrggbb: WCAG 2.1, contrast ratio and relative luminance."""

    def luminance(colour: str) -> float:
        channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_at_twice_the_size_nothing_is_cut_off(
    open_window: Open, server: CameraServer, application: QApplication
) -> None:
    font = application.font()
    larger = application.font()
    larger.setPointSizeF(2 * font.pointSizeF())
    application.setFont(larger)
    try:
        window = live(open_window("--camera", server.url))
        buttons = [*window.panel.layers.values(), window.panel.record, window.panel.snapshot]
        buttons += [window.panel.views.button(kind) for kind in ("camera", "side", "top", "orbit")]
        for button in buttons:
            assert button.width() >= button.fontMetrics().horizontalAdvance(button.text()), button.text()
            assert button.height() >= button.fontMetrics().height()
        contents = window.panel.findChild(QWidget, "contents")
        assert contents is not None
        assert contents.width() <= window.panel.width()
    finally:
        application.setFont(font)


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
