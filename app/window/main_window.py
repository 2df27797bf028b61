"""The window: puts widgets together, and asks the controller for what people ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QInputDialog,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.live.measures import Recent
from app.rendering.scene import View, ViewKind
from app.window import messages
from app.window.banner import Banner
from app.window.controller import Controller
from app.window.drawing import age_ms
from app.window.panel import Choice, Panel
from app.window.picture_view import PictureView
from app.window.preferences import Preferences
from app.window.state import State
from app.window.status_bar import StatusBar
from app.window.theme import dress

_VIEWS: tuple[ViewKind, ...] = ("camera", "side", "top", "orbit")
_LAYER_KEYS = {Qt.Key.Key_M: "mesh", Qt.Key.Key_K: "skeleton", Qt.Key.Key_B: "boxes", Qt.Key.Key_W: "wireframe"}
_DIGITS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)
_NUMBERS_EVERY_MS = 250


class MainWindow(QMainWindow):
    """Shows the controller's newest picture and state whenever `refresh` is called, and numbers four times a second."""

    def __init__(
        self,
        controller: Controller,
        preferences: Preferences,
        cameras: Sequence[Choice],
        models: Sequence[Choice],
    ) -> None:
        super().__init__()
        self.fatal = ""  # why the window closed itself
        self._controller = controller
        self._preferences = preferences
        self._view = View()
        self._layers = preferences.layers
        self._shown = Recent()
        self._number = -1
        self.picture, self.panel, self.status, self.banner = (
            PictureView(),
            Panel(cameras, models),
            StatusBar(),
            Banner(),
        )
        self.setWindowTitle("wb-track")
        self.setAcceptDrops(True)
        self._arrange()
        self._connect()
        self._dress()
        self._actions = self._key_actions()
        for widget in self.panel.findChildren(QWidget):
            widget.installEventFilter(self)
        self.resize(1120, 720)
        self.restoreGeometry(preferences.geometry)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._show_numbers)
        self._timer.start(_NUMBERS_EVERY_MS)
        self._look()
        self._show_numbers()
        self.picture.setFocus()

    def refresh(self) -> None:
        """Pull what is new."""
        picture = self._controller.picture
        if picture is not None and picture.number != self._number:
            self._number = picture.number
            self._shown.add(age_ms(picture))
            self.picture.show_picture(picture)
        self._show(self._controller.state)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        self._timer.stop()
        self._preferences.geometry = self.saveGeometry()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Not by shortcuts, which Qt hears in active windows only: without a window manager, none is."""
        if not self._act_on(event):
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keys mean the same wherever the focus is, but for the space that presses a button."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return False
        pressing = isinstance(watched, QPushButton) and event.key() == Qt.Key.Key_Space
        return not pressing and self._act_on(event)

    def _act_on(self, event: QKeyEvent) -> bool:
        action = self._actions.get(event.key())
        meaningless = Qt.KeyboardModifier.KeypadModifier
        if event.key() in _DIGITS:
            meaningless |= Qt.KeyboardModifier.ShiftModifier  # French keyboards have digits there
        if action is None or event.modifiers() & ~meaningless:
            return False
        if not event.isAutoRepeat():
            action()
        return True

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if _dropped_file(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        path = _dropped_file(event)
        if path is not None:
            event.acceptProposedAction()
            self._controller.open_video(path)

    def _arrange(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, 0, 0)
        left.setSpacing(0)
        left.addWidget(self.banner)
        left.addWidget(self.picture, 1)
        middle = QHBoxLayout()
        middle.setContentsMargins(0, 0, 0, 0)
        middle.setSpacing(0)
        middle.addLayout(left, 1)
        middle.addWidget(self.panel)
        whole = QWidget()
        whole.setObjectName("window")
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(middle, 1)
        column.addWidget(self.status)
        self.setCentralWidget(whole)

    def _connect(self) -> None:
        controller, panel = self._controller, self.panel
        panel.camera_asked.connect(controller.open_camera)
        panel.stream_asked.connect(self._ask_for_stream)
        panel.video_asked.connect(self._ask_for_video)
        panel.model_asked.connect(lambda model: controller.use(model=model))
        panel.smooth_asked.connect(self._use_smooth)
        panel.people_asked.connect(self._use_people)
        panel.view_asked.connect(lambda kind: self._set_view(View(kind)))
        panel.layer_asked.connect(self._toggle_layer)
        panel.theme_asked.connect(self._use_theme)
        panel.record_asked.connect(controller.toggle_recording)
        panel.snapshot_asked.connect(controller.snapshot)
        panel.folder_asked.connect(self._open_folder)
        self.picture.view_asked.connect(self._set_view)
        self.picture.resized.connect(self._look)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._dress)
        self.banner.read.connect(self._put_banner_away)

    def _key_actions(self) -> dict[int, Callable[[], object]]:
        actions: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Space: self._controller.toggle_pause,
            Qt.Key.Key_R: self._controller.toggle_recording,
            Qt.Key.Key_S: self._controller.snapshot,
            Qt.Key.Key_F: self._toggle_full_screen,
            Qt.Key.Key_Escape: self._leave,
        }
        actions |= {key: partial(self._toggle_layer, layer) for key, layer in _LAYER_KEYS.items()}
        return actions | {key: partial(self._set_view, View(kind)) for key, kind in zip(_DIGITS, _VIEWS, strict=True)}

    def _show(self, state: State) -> None:
        if state.fatal:
            self.fatal = state.message
            if self.isVisible():
                self.close()
            return
        self.picture.say(*messages.over_picture(state), messages.footnote(state), messages.recorded(state))
        self.panel.show_state(state)
        self.setWindowTitle(messages.window_title(state))
        if state.about and not self._preferences.introduced and self.banner.isHidden():
            self.banner.introduce(state.about)

    def _show_numbers(self) -> None:
        self._controller.tend()
        state = self._controller.state
        self._show(state)
        self.status.show_state(state, self._shown.measure())
        options = self._controller.options
        model = options.model or (state.about.choice if state.about else "")
        people = min(options.people, state.about.most_people) if state.about else options.people
        self.panel.show_choices(model, options.smooth, people)

    def _set_view(self, view: View) -> None:
        self._view = view
        self._look()

    def _toggle_layer(self, name: str) -> None:
        self._layers = replace(self._layers, **{name: not getattr(self._layers, name)})
        self._preferences.layers = self._layers
        self._look()

    def _look(self) -> None:
        self.panel.show_look(self._view.kind, self._layers)
        self.picture.show_view(self._view)
        self._controller.look(self._view, self._layers, self.picture.size_px)

    def _use_smooth(self, smooth: str) -> None:
        self._preferences.smooth = smooth
        self._controller.use(smooth=smooth)

    def _use_people(self, people: int) -> None:
        self._preferences.people = people
        self._controller.use(people=people)

    def _use_theme(self, theme: str) -> None:
        self._preferences.theme = theme
        self._dress()

    def _dress(self) -> None:
        self.panel.show_theme(self._preferences.theme)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        dress(application, self._preferences.theme)

    def _toggle_full_screen(self) -> None:
        full = not self.isFullScreen()
        self.panel.setVisible(not full)
        self.status.setVisible(not full)
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)  # what was maximised is so again

    def _leave(self) -> None:
        """Full screen first."""
        if self.isFullScreen():
            self._toggle_full_screen()
        else:
            self.close()

    def _ask_for_video(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Play a video")
        if path:
            self._controller.open_video(Path(path))

    def _ask_for_stream(self) -> None:
        text, given = QInputDialog.getText(self, "Open a stream", "Address (rtsp:// or http://):", text="http://")
        if given and "://" in text:
            self._controller.open_camera(text.strip())

    def _open_folder(self) -> None:
        folder = self._controller.folder
        folder.mkdir(parents=True, exist_ok=True)
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _put_banner_away(self) -> None:
        self._preferences.introduced = True
        self.banner.hide()


def _dropped_file(event: QDropEvent) -> Path | None:
    """The first local file of what is dragged."""
    files = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
    return Path(files[0]) if files else None
