"""Colours and shapes, light and dark. Lengths are in the font's own units, so that all grow together."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication


@dataclass(frozen=True)
class Theme:
    """window: behind everything; panel: of the side; field: of what can be changed; line: between them; text, faint:
    what is read first, and second; accent: what is on; warm: what is being recorded. As #rrggbb.
    """

    window: str
    panel: str
    field: str
    line: str
    text: str
    faint: str
    accent: str
    on_accent: str
    warm: str

    def palette(self) -> QPalette:
        """For what style sheets do not reach: menus, dialogues, tool tips."""
        palette = QPalette(QColor(self.panel))
        colours = {
            QPalette.ColorRole.Window: self.window,
            QPalette.ColorRole.Base: self.field,
            QPalette.ColorRole.AlternateBase: self.panel,
            QPalette.ColorRole.Button: self.field,
            QPalette.ColorRole.ToolTipBase: self.panel,
            QPalette.ColorRole.WindowText: self.text,
            QPalette.ColorRole.Text: self.text,
            QPalette.ColorRole.ButtonText: self.text,
            QPalette.ColorRole.ToolTipText: self.text,
            QPalette.ColorRole.PlaceholderText: self.faint,
            QPalette.ColorRole.Highlight: self.accent,
            QPalette.ColorRole.HighlightedText: self.on_accent,
        }
        for role, colour in colours.items():
            palette.setColor(role, QColor(colour))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(self.faint))
        return palette

    def style_sheet(self) -> str:
        return f"""
        QMainWindow, #window {{ background: {self.window}; }}
        #panel, #panel > QWidget, #contents {{ background: {self.panel}; }}
        #panel {{ border: 0; border-left: 1px solid {self.line}; }}
        #status {{ background: {self.panel}; border-top: 1px solid {self.line}; }}
        QLabel {{ color: {self.text}; background: transparent; }}
        QLabel[role="heading"] {{ color: {self.faint}; font-weight: 600; }}
        QLabel[role="faint"] {{ color: {self.faint}; }}
        QPushButton, QComboBox {{
            color: {self.text}; background: {self.field}; border: 1px solid {self.line};
            border-radius: 0.4em; padding: 0.35em 0.7em; min-height: 1.3em;
        }}
        QPushButton:hover, QComboBox:hover {{ border-color: {self.faint}; }}
        QPushButton:focus, QComboBox:focus {{ border-color: {self.accent}; }}
        QPushButton:pressed {{ background: {self.line}; }}
        QPushButton:disabled, QComboBox:disabled {{ color: {self.faint}; background: {self.panel}; }}
        QPushButton:checked {{ color: {self.on_accent}; background: {self.accent}; border-color: {self.accent}; }}
        QPushButton[segment="true"] {{ padding: 0.35em 0.1em; }}
        QPushButton#record {{ font-weight: 600; }}
        QPushButton#record:checked {{ color: #ffffff; background: {self.warm}; border-color: {self.warm}; }}
        QComboBox::drop-down {{ border: 0; width: 1.6em; }}
        QComboBox QAbstractItemView {{ color: {self.text}; background: {self.field}; border: 1px solid {self.line}; }}
        QScrollArea {{ border: 0; }}
        QSlider {{ min-height: 22px; }}
        QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {self.line}; }}
        QSlider::sub-page:horizontal {{ height: 4px; border-radius: 2px; background: {self.accent}; }}
        QSlider::handle:horizontal {{
            width: 16px; height: 16px; margin: -6px 0; border-radius: 8px;
            background: {self.accent}; border: 0;
        }}
        QSlider::handle:horizontal:focus {{ border: 2px solid {self.text}; }}
        QComboBox::down-arrow {{ image: none; }}
        #banner {{ background: {self.panel}; border: 0; border-bottom: 1px solid {self.line}; }}
        #banner QPushButton {{ padding: 0.2em 0.7em; }}
        """


LIGHT = Theme(
    window="#e9ebee",
    panel="#f7f8f9",
    field="#ffffff",
    line="#cfd4da",
    text="#1b1f24",
    faint="#59626d",
    accent="#1769c2",
    on_accent="#ffffff",
    warm="#c22f2f",
)
DARK = Theme(
    window="#131518",
    panel="#1c1f23",
    field="#272b31",
    line="#3a4048",
    text="#eceff2",
    faint="#a3acb7",
    accent="#5aa9ff",
    on_accent="#0b1118",
    warm="#d24343",
)


THEMES = ("system", "light", "dark")


def dress(application: QApplication, wanted: str) -> None:
    """Dress the application in one of THEMES: "system" is what the system asks for, light where it does not say."""
    dark_system = application.styleHints().colorScheme() == Qt.ColorScheme.Dark
    theme = DARK if wanted == "dark" or (wanted == "system" and dark_system) else LIGHT
    application.setPalette(theme.palette())
    application.setStyleSheet(theme.style_sheet())
