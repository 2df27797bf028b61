"""What is remembered from one time to the next."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSettings

from app.option_types import MOST_PEOPLE
from app.rendering.scene import Layers
from app.smoothing.settings import LEVELS
from app.window.theme import THEMES

_LAYERS = ("mesh", "wireframe", "skeleton", "boxes")


class Preferences:
    """Typed values over Qt's store, in the place that the system has for them."""

    def __init__(self) -> None:
        self._store = QSettings("wb-track", "wb-track")

    @property
    def geometry(self) -> QByteArray:
        value = self._store.value("geometry")
        return value if isinstance(value, QByteArray) else QByteArray()

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("geometry", value)

    @property
    def layers(self) -> Layers:
        known = str(self._store.value("layers", "mesh")).split("+")
        return Layers(**{name: name in known for name in _LAYERS})

    @layers.setter
    def layers(self, layers: Layers) -> None:
        self._store.setValue("layers", "+".join(name for name in _LAYERS if getattr(layers, name)))

    @property
    def smooth(self) -> str | None:
        value = self._store.value("smooth")
        return value if value in LEVELS else None

    @smooth.setter
    def smooth(self, value: str) -> None:
        self._store.setValue("smooth", value)

    @property
    def people(self) -> int | None:
        value = str(self._store.value("people", ""))
        return int(value) if value.isdecimal() and 1 <= int(value) <= MOST_PEOPLE else None

    @people.setter
    def people(self, value: int) -> None:
        self._store.setValue("people", value)

    @property
    def theme(self) -> str:
        value = str(self._store.value("theme", THEMES[0]))
        return value if value in THEMES else THEMES[0]

    @theme.setter
    def theme(self, value: str) -> None:
        self._store.setValue("theme", value)

    @property
    def introduced(self) -> bool:
        """Whether the first run's line was read."""
        return str(self._store.value("introduced", "false")) == "true"

    @introduced.setter
    def introduced(self, value: bool) -> None:
        self._store.setValue("introduced", "true" if value else "false")
