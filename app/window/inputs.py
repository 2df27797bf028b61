"""Inputs drawn by the style sheet, which has no arrows of its own."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget


class Chooser(QComboBox):
    """A combo box as narrow as its place, with an arrow."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        super().paintEvent(event)
        unit = self.fontMetrics().height()
        middle = QPointF(self.width() - 0.9 * unit, 0.5 * self.height())
        half = 0.22 * unit
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        role = QPalette.ColorRole.WindowText if self.isEnabled() else QPalette.ColorRole.PlaceholderText
        painter.setPen(QPen(self.palette().color(role), 0.1 * unit, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        corners = (QPointF(-half, -half / 2), QPointF(0, half / 2), QPointF(half, -half / 2))
        painter.drawPolyline(QPolygonF([middle + corner for corner in corners]))
        painter.end()


class Stepper(QWidget):
    """A small number between a minus and a plus; `changed` when a person changed it."""

    changed = Signal(int)

    def __init__(self, name: str, most: int) -> None:
        """From 1 to `most`."""
        super().__init__()
        self.setAccessibleName(name)
        self._most, self._value = most, 1
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.fewer, self.more = (QPushButton(sign) for sign in "\u2212+")
        self._number = QLabel()
        self._number.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._number.setMinimumWidth(2 * self.fontMetrics().height())
        for button, step, tip in ((self.fewer, -1, "Fewer"), (self.more, 1, "More")):
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(lambda _=False, step=step: self._step(step))
        for widget in (self.fewer, self._number, self.more):
            row.addWidget(widget)
        self.show_value(1)

    def show_value(self, value: int) -> None:
        self._value = value
        self._number.setText(str(value))
        self.fewer.setEnabled(value > 1)
        self.more.setEnabled(value < self._most)

    def _step(self, step: int) -> None:
        self.show_value(self._value + step)
        self.changed.emit(self._value)
