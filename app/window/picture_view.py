"""The picture with the mesh, and what is said over it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.rendering.scene import View
from app.window.drawing import Picture
from app.window.orbit import panned, turned, zoomed

_BACKGROUND = QColor("#131518")  # in both themes: what surrounds a picture should not outshine it
_VEIL = QColor(12, 14, 16, 165)
_TEXT, _FAINT, _RECORDING = QColor("#f4f6f8"), QColor("#c3cad2"), QColor("#ff5a5a")


class PictureView(QWidget):
    """Paints what it is given. The mouse turns, moves and enlarges the views around people."""

    view_asked = Signal(object)  # View
    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Picture")
        self._picture: Picture | None = None
        self._view = View()
        self._title = self._detail = self._footnote = self._recorded = ""
        self._dragged_from: QPointF | None = None

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(800, 600)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(240, 180)

    @property
    def size_px(self) -> tuple[int, int]:
        """In device pixels."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    def show_picture(self, picture: Picture) -> None:
        self._picture = picture
        self.update()

    def show_view(self, view: View) -> None:
        """What the mouse changes from now on."""
        self._view = view
        self.setCursor(Qt.CursorShape.ArrowCursor if view.kind == "camera" else Qt.CursorShape.OpenHandCursor)

    def say(self, title: str, detail: str, footnote: str, recorded: str) -> None:
        """title, detail: over the darkened picture, where not empty. footnote: at its lower edge. recorded: in a
        corner."""
        said = (title, detail, footnote, recorded)
        if said != (self._title, self._detail, self._footnote, self._recorded):
            self._title, self._detail, self._footnote, self._recorded = said
            self.setAccessibleDescription(f"{title} {detail} {footnote}".strip())
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        if self._picture is not None:
            rgb = self._picture.rgb
            height, width = rgb.shape[:2]
            # The image borrows the array, which outlives it.
            image = QImage(rgb.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(self._fitted(width, height), image)
        if self._title:
            self._paint_message(painter)
        if self._footnote:
            self._paint_footnote(painter)
        if self._recorded:
            self._paint_recording(painter)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self.resized.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        self._dragged_from = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        self._dragged_from = None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        if self._dragged_from is None or self._view.kind == "camera":
            return
        step = (event.position() - self._dragged_from) / max(1, self.height())
        self._dragged_from = event.position()
        turn = event.buttons() & Qt.MouseButton.LeftButton and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        change = turned if turn else panned
        self._ask_for(change(self._view, step.x(), step.y()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: ARG002, N802 - Qt's name
        if self._view.kind != "camera":
            self._ask_for(View(self._view.kind))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 - Qt's name
        if self._view.kind != "camera":
            self._ask_for(zoomed(self._view, event.angleDelta().y() / 120))

    def _ask_for(self, view: View) -> None:
        self._view = view
        self.view_asked.emit(view)

    def _fitted(self, width: int, height: int) -> QRectF:
        """Where a picture goes: as large as fits. It is of the widget's shape but just after a change of size."""
        scale = min(self.width() / width, self.height() / height)
        return QRectF(
            0.5 * (self.width() - width * scale), 0.5 * (self.height() - height * scale), width * scale, height * scale
        )

    def _paint_message(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), _VEIL)
        margin = 2 * painter.fontMetrics().averageCharWidth()
        room = self.rect().adjusted(margin, margin, -margin, -margin)
        large = QFont(self.font())
        large.setPointSizeF(1.5 * large.pointSizeF())
        large.setWeight(QFont.Weight.DemiBold)
        wrapped = Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap
        painter.setFont(large)
        title = painter.boundingRect(room, wrapped, self._title)
        painter.setFont(self.font())
        detail = painter.boundingRect(room, wrapped, self._detail) if self._detail else QRect()
        gap = painter.fontMetrics().height() // 2 if self._detail else 0
        top = room.top() + max(0, (room.height() - title.height() - gap - detail.height()) // 2)
        painter.setFont(large)
        painter.setPen(_TEXT)
        painter.drawText(QRect(room.left(), top, room.width(), title.height()), wrapped, self._title)
        painter.setFont(self.font())
        painter.setPen(_FAINT)
        below = top + title.height() + gap
        painter.drawText(QRect(room.left(), below, room.width(), room.bottom() - below), wrapped, self._detail)

    def _paint_footnote(self, painter: QPainter) -> None:
        painter.setFont(self.font())
        metrics = painter.fontMetrics()
        pad = metrics.height() // 2
        width, height = metrics.horizontalAdvance(self._footnote) + 4 * pad, metrics.height() + pad
        pill = QRectF(0.5 * (self.width() - width), self.height() - height - 2 * pad, width, height)
        self._paint_pill(painter, pill)
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, self._footnote)

    def _paint_recording(self, painter: QPainter) -> None:
        painter.setFont(self.font())
        metrics = painter.fontMetrics()
        side, pad = metrics.height(), metrics.height() // 2
        width = metrics.horizontalAdvance(self._recorded) + side + 3 * pad
        pill = QRectF(pad, pad, width, side + pad)
        self._paint_pill(painter, pill)
        text = pill.adjusted(pad + side, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._recorded)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_RECORDING)
        dot = 0.55 * side
        painter.drawEllipse(QRectF(pill.left() + pad, pill.center().y() - dot / 2, dot, dot))

    def _paint_pill(self, painter: QPainter, pill: QRectF) -> None:
        """Leaves the pen for the text in it."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_VEIL)
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        painter.setPen(_TEXT)
