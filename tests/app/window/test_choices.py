"""What is chosen in the window, and what of it is remembered."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.options import parse
from app.window.main import remembered
from app.window.preferences import Preferences
from app.window.state import Phase
from tests.app.window.conftest import Open, live, phase, until
from tests.camera_server import CameraServer


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
