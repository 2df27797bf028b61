"""How the window looks: its size, its colours, and that everything can be read."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.window.preferences import Preferences
from app.window.theme import DARK, LIGHT, Theme
from tests.app.window.conftest import Open, live, shown
from tests.camera_server import CameraServer


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
