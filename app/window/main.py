"""Opens the window and runs it to its end."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.errors import InputError
from app.interrupt import Interrupts
from app.options import Options
from app.window.bell import Bell
from app.window.choices import camera_choices, model_choices
from app.window.controller import Controller
from app.window.main_window import MainWindow
from app.window.preferences import Preferences

_LIBRARY = "libxcb-cursor.so.0"  # the one that Qt needs and desktops tend to lack
_SIGNALS_EVERY_MS = 100

Say = Callable[[str], None]


def run_window(options: Options, say: Say) -> int:
    """Exit code 0 when the window was closed, by whomever, 1 where the last take failed. Raises InputError where there
    can be no window, or no model."""
    check_display()
    application = new_application(sys.argv[:1])
    preferences = Preferences()
    bell = Bell()
    with Interrupts(_told_by_timer) as interrupts:
        controller = Controller(remembered(options, preferences), bell.ring)
        window = MainWindow(controller, preferences, camera_choices(), model_choices())
        bell.answer(window.refresh)
        timer = QTimer()  # also lets Python see signals, while Qt waits for events
        timer.timeout.connect(lambda: interrupts.exit_code is not None and window.close())
        timer.start(_SIGNALS_EVERY_MS)
        window.show()
        application.exec()
        timer.stop()
        controller.close()
    if window.fatal:
        raise InputError(window.fatal)
    if options.out and controller.outcome is None:
        say("closed before anything was recorded")
    elif controller.state.notice:
        say(controller.state.notice)
    failed = controller.outcome is not None and controller.outcome.error is not None
    return 1 if failed else 0


def new_application(arguments: Sequence[str]) -> QApplication:
    """The one there is, or another, for arguments as Qt takes them; it looks the same everywhere."""
    application = QApplication.instance() or QApplication(list(arguments))
    assert isinstance(application, QApplication)
    application.setApplicationName("wb-track")
    application.setStyle("Fusion")
    return application


def _told_by_timer() -> None:
    """A signal handler should do no more than it must."""


def remembered(options: Options, preferences: Preferences) -> Options:
    """What was chosen in the window the last time, where nothing was typed; nothing that goes against what was."""
    smooth, people = preferences.smooth, preferences.people
    plain = options.filter is None and not options.desk  # off would take these back
    if smooth and "smooth" not in options.typed and (smooth != "off" or plain):
        options = replace(options, smooth=smooth)
    if people and "people" not in options.typed:
        options = replace(options, people=people)
    return options


def check_display() -> None:
    """Raises InputError where there is no display, or not what Qt needs for it: Qt would end the program there, with a
    page of text."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise InputError("there is no display for the window; add --no-window, and --out mesh.npz to write a file")
    if not os.environ.get("WAYLAND_DISPLAY"):
        try:
            ctypes.CDLL(_LIBRARY)
        except OSError:
            raise InputError(
                "the window needs a library of the system; on Debian and Ubuntu: apt-get install libxcb-cursor0"
            ) from None
