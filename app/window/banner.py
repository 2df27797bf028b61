"""One line above the picture, until it is read."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy

from app.window.labels import wrapped
from app.window.state import About

_BETTER_MODEL = "Hand4Whole's weights track better: download them and run wb-export CHECKPOINT."
_BETTER_BODY = "Hand4Whole's own shapes need a registered SMPL-X file in the bodies folder (README)."


class Banner(QFrame):
    """`read` when it is put away."""

    read = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        row = QHBoxLayout(self)
        unit = self.fontMetrics().height()
        row.setContentsMargins(unit, unit // 2, unit // 2, unit // 2)
        self.text = wrapped("")
        close = QPushButton("Got it")
        close.clicked.connect(self.read)
        row.addWidget(self.text, 1)
        row.addWidget(close)
        self.hide()

    def introduce(self, about: About) -> None:
        """What is in use, and how to get better."""
        model = "the open model" if about.is_open_model else f"the model {about.model}"
        body = "the open body" if about.is_open_body else f"the body {about.body}"
        better = (_BETTER_MODEL if about.is_open_model else "", _BETTER_BODY if about.is_open_body else "")
        self.text.setText(" ".join(part for part in (f"Tracking with {model} on {body}.", *better) if part))
        self.show()
