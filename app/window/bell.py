"""The one way from other threads into Qt's."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal


class Bell(QObject):
    """Says that there is something new, and nothing else: whoever hears it looks for the newest."""

    _rung = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._waiting = False
        self._answer: Callable[[], None] | None = None
        self._rung.connect(self._hear)

    def ring(self) -> None:
        """From any thread. Rings that nobody has heard yet are one."""
        if not self._waiting:
            self._waiting = True
            self._rung.emit()

    def answer(self, answer: Callable[[], None]) -> None:
        """Call this when it rings, in Qt's thread."""
        self._answer = answer

    def _hear(self) -> None:
        self._waiting = False
        if self._answer is not None:
            self._answer()
