"""One application for all tests of the window, under Qt's offscreen platform unless another is asked for."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.load import Loaded, loaded
from app.options import Options, parse
from app.window.bell import Bell
from app.window.controller import Controller
from app.window.main_window import MainWindow
from app.window.preferences import Preferences
from app.window.state import Phase
from tests.camera_server import CameraServer


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> QApplication:
    """Its settings are kept apart from anyone's own."""
    folder = str(tmp_path_factory.mktemp("settings"))
    QSettings.setPath(QSettings.Format.NativeFormat, QSettings.Scope.UserScope, folder)
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication([])
    application.setStyle("Fusion")
    return application


@pytest.fixture
def preferences(application: QApplication) -> Preferences:  # noqa: ARG001 - it says where they are kept
    QSettings("wb-track", "wb-track").clear()
    preferences = Preferences()
    preferences.introduced = True
    return preferences


@pytest.fixture
def server() -> Iterator[CameraServer]:
    with CameraServer([grey()], fps=20) as running:
        yield running


def grey() -> NDArray[np.uint8]:
    return np.full((240, 320, 3), 128, np.uint8)


Open = Callable[..., MainWindow]


@pytest.fixture(scope="session", autouse=True)
def writers() -> None:
    """What writes a take or a snapshot, imported before a camera runs in this process too: beside its threads that
    takes twenty seconds instead of one."""
    for module in ("overlay", "raw_video", "snapshot"):
        importlib.import_module(f"app.recording.{module}")


@pytest.fixture(scope="session")
def kept_models() -> Iterator[Callable[[Options], AbstractContextManager[Loaded]]]:
    """`loaded`, once for all tests that want the same."""
    with ExitStack() as stack:
        kept: dict[object, Loaded] = {}

        @contextmanager
        def loaded_once(options: Options) -> Iterator[Loaded]:
            key = (options.model, options.body)
            if key not in kept:
                kept[key] = stack.enter_context(loaded(options))
            yield kept[key]

        yield loaded_once


@pytest.fixture
def open_window(
    application: QApplication,  # noqa: ARG001 - widgets need one
    preferences: Preferences,
    tiny_bundle: Path,
    body_path: Path,
    kept_models: Callable[[Options], AbstractContextManager[Loaded]],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """A window as `wb-track` opens it; closed with its controller at the end."""
    monkeypatch.setattr("app.window.controller.loaded", kept_models)
    opened: list[tuple[MainWindow, Controller]] = []

    def run(*arguments: object) -> MainWindow:
        model = ["--model", str(tiny_bundle), "--body", str(body_path), "--box", "60,5,200,230"]
        bell = Bell()
        controller = Controller(parse([*model, *map(str, arguments)]), bell.ring)
        window = MainWindow(controller, preferences, [("0", "0: A camera")], [])
        bell.answer(window.refresh)
        opened.append((window, controller))
        window.show()
        return window

    yield run
    for window, controller in opened:
        window.close()
        controller.close()


def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Let Qt work until it is so."""
    deadline_s = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline_s, "waited in vain"
        QTest.qWait(10)


def phase(window: MainWindow) -> Phase:
    return window._controller.state.phase


def live(window: MainWindow) -> MainWindow:
    """Once people are shown."""
    until(lambda: phase(window) == Phase.LIVE and window._number >= 2)
    return window


def shown(widget: QWidget) -> NDArray[np.uint8]:
    """(H, W, 3) RGB of a widget, as it looks."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()


def press(window: MainWindow, key: Qt.Key) -> None:
    QTest.keyClick(window, key)
