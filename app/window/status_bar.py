"""The line below: how fast, how late, on what."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.live.measures import Measure
from app.window.labels import Elided
from app.window.state import State


class StatusBar(QWidget):
    """Numbers on the left keep their places; what is left of the line says what was done last, or the licence."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("status")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(self)
        unit = self.fontMetrics().height()
        row.setContentsMargins(unit, unit // 3, unit, unit // 3)
        row.setSpacing(unit)
        self.numbers = QLabel()
        self.rest = Elided("faint")
        row.addWidget(self.numbers)
        row.addWidget(self.rest, 1)

    def show_state(self, state: State, shown: Measure) -> None:
        """shown: pictures painted, and how old they were."""
        parts = [
            f"{shown.fps:.0f} fps shown",
            f"{state.tracking.fps:.0f} tracked",
            f"age {shown.p50_ms:.0f} ms, p95 {shown.p95_ms:.0f}" if shown.fps else "no new picture",
            f"{state.dropped} dropped",
        ]
        if state.pace and state.pace.verdict:
            parts.append(state.pace.verdict)
        if state.about:
            parts.append(state.about.engine)
        self.numbers.setText("   ·   ".join(parts))
        self.numbers.setToolTip(str(state.pace or ""))
        self.rest.say(state.notice or (state.about.licence if state.about else ""))
