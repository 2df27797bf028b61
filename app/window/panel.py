"""The side panel: what is tracked and how, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QScrollArea, QSlider, QVBoxLayout, QWidget

from app.option_types import MOST_PEOPLE
from app.rendering.scene import Layers
from app.smoothing.settings import LEVELS
from app.window.inputs import Chooser, Stepper
from app.window.labels import Elided, heading, wrapped
from app.window.segments import Segments
from app.window.state import Phase, State
from app.window.theme import THEMES

_WIDTH_CHARS = 46
_SMOOTH = LEVELS[::-1]  # from off on, as the knob goes
_VIEWS = (
    ("camera", "Camera", "Over the camera's picture (1)"),
    ("side", "Side", "From the side (2)"),
    ("top", "Top", "From above (3)"),
    ("orbit", "Orbit", "Around people: drag to turn, Shift and drag to move, wheel to zoom, double-click to reset (4)"),
)
_LAYERS = (("mesh", "Mesh", "M"), ("skeleton", "Skeleton", "K"), ("boxes", "Boxes", "B"), ("wireframe", "Wire", "W"))
_SEEN = {Phase.LIVE, Phase.PAUSED, Phase.RECONNECTING, Phase.ENDED}  # there is a picture
_KEYS = ("Space pause", "R record", "S snapshot", "F full screen", "1\u20134 view", "Esc close")
_PEOPLE = "How many people are tracked at most"
_ONE_PERSON = "One person: the model has no person detector, which several need"

Choice = tuple[str, str]  # value, label


class Panel(QScrollArea):
    """Asks by signals; shows what `show_state` is given."""

    camera_asked = Signal(str)
    stream_asked = Signal()
    video_asked = Signal()
    model_asked = Signal(str)
    smooth_asked = Signal(str)
    people_asked = Signal(int)
    view_asked = Signal(str)
    layer_asked = Signal(str)
    theme_asked = Signal(str)
    record_asked = Signal()
    snapshot_asked = Signal()
    folder_asked = Signal()

    def __init__(self, cameras: Sequence[Choice], models: Sequence[Choice]) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedWidth(_WIDTH_CHARS * self.fontMetrics().averageCharWidth())
        contents = QWidget()
        contents.setObjectName("contents")
        self._column = QVBoxLayout(contents)
        unit = self.fontMetrics().height()
        self._column.setContentsMargins(unit, unit, unit, unit)
        self._column.setSpacing(unit // 3)
        self._gap = unit
        self._add_source(cameras)
        self._add_model(models)
        self._add_motion()
        self._add_view()
        self._column.addStretch(1)
        self._add_take()
        self.setWidget(contents)
        for widget in contents.findChildren(QWidget):
            if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                widget.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the picture

    def show_state(self, state: State) -> None:
        busy = state.phase == Phase.LOADING
        recorded = state.recorded_s is not None
        self.source.say(state.source or "No source")
        self.granted.setText(state.granted)
        self.granted.setVisible(bool(state.granted))
        about = state.about
        self.body.setText(f"Body: {about.body}" if about else "")
        self.licence.say(f"Licence: {about.licence}" if about else "")
        for widget in (self.model, self.smooth, self.people):
            widget.setEnabled(not busy and not recorded and not state.saving)
        if about:
            several = about.most_people > 1
            self.people.setEnabled(self.people.isEnabled() and several)
            self.people.setToolTip(_PEOPLE if several else _ONE_PERSON)
        asked = recorded or state.recording_next
        self.record.setChecked(asked)
        self.record.setEnabled(not state.saving and (asked or state.phase in _SEEN - {Phase.ENDED}))
        self.record.setText("Saving …" if state.saving else "Stop recording" if asked else "Record")
        self.snapshot.setEnabled(state.phase in _SEEN)

    def show_choices(self, model: str, smooth: str, people: int) -> None:
        with QSignalBlocker(self.model), QSignalBlocker(self.smooth):
            row = self.model.findData(model)
            if row < 0:
                self.model.addItem(Path(model).name, model)
                row = self.model.count() - 1
            self.model.setCurrentIndex(row)
            if not self.smooth.isSliderDown():  # who holds it has not chosen yet
                self.smooth.setValue(_SMOOTH.index(smooth))
                self.smooth_name.say(smooth.capitalize())
            self.people.show_value(people)

    def show_theme(self, theme: str) -> None:
        self.themes.show_choice(theme)

    def show_look(self, view: str, layers: Layers) -> None:
        self.views.show_choice(view)
        for name, button in self.layers.items():
            button.setChecked(getattr(layers, name))

    def _add_source(self, cameras: Sequence[Choice]) -> None:
        self._column.addWidget(heading("Source"))
        self.source, self.granted = Elided(), wrapped()
        self._column.addWidget(self.source)
        self._column.addWidget(self.granted)
        self.camera = Chooser("Camera")
        self.camera.setPlaceholderText("Choose a camera" if cameras else "No camera found")
        for value, label in cameras:
            self.camera.addItem(label, value)
        self.camera.setCurrentIndex(-1)
        self.camera.setEnabled(bool(cameras))
        self.camera.activated.connect(lambda row: self.camera_asked.emit(self.camera.itemData(row)))
        self._column.addWidget(self.camera)
        self._column.addLayout(
            self._row(self._button("Stream …", self.stream_asked), self._button("Video …", self.video_asked))
        )

    def _add_model(self, models: Sequence[Choice]) -> None:
        self._column.addSpacing(self._gap // 2)
        self._column.addWidget(heading("Model"))
        self.model = Chooser("Model")
        for value, label in models:
            self.model.addItem(label, value)
        self.model.activated.connect(lambda row: self.model_asked.emit(self.model.itemData(row)))
        self.body, self.licence = wrapped(), Elided("faint")
        for widget in (self.model, self.body, self.licence):
            self._column.addWidget(widget)

    def _add_motion(self) -> None:
        self._column.addSpacing(self._gap // 2)
        self.smooth_name = Elided()
        self.smooth_name.setAlignment(Qt.AlignmentFlag.AlignRight)
        title = QHBoxLayout()
        title.addWidget(heading("Smoothing"))
        title.addWidget(self.smooth_name, 1)
        self._column.addLayout(title)
        self.smooth = QSlider(Qt.Orientation.Horizontal)
        self.smooth.setAccessibleName("Smoothing")
        self.smooth.setRange(0, len(_SMOOTH) - 1)
        self.smooth.setPageStep(1)
        self.smooth.setTracking(False)
        self.smooth.setToolTip("Left: as measured. Right: as steady as can be, and a little late")
        self.smooth.sliderMoved.connect(lambda level: self.smooth_name.say(_SMOOTH[level].capitalize()))
        self.smooth.valueChanged.connect(lambda level: self.smooth_asked.emit(_SMOOTH[level]))
        self._column.addWidget(self.smooth)
        self.people = Stepper("People", MOST_PEOPLE)
        self.people.changed.connect(self.people_asked)
        row = QHBoxLayout()
        row.addWidget(heading("People"), 1)
        row.addWidget(self.people)
        self._column.addSpacing(self._gap // 4)
        self._column.addLayout(row)

    def _add_view(self) -> None:
        self._column.addSpacing(self._gap // 2)
        self._column.addWidget(heading("View"))
        self.views = Segments(_VIEWS)
        self.views.chosen.connect(self.view_asked.emit)
        self._column.addWidget(self.views)
        self.layers: dict[str, QPushButton] = {}
        row = QHBoxLayout()
        row.setSpacing(4)
        for name, label, key in _LAYERS:
            button = QPushButton(label)
            button.setCheckable(True)
            button.setProperty("segment", True)
            button.setToolTip(f"{label} ({key})")
            button.clicked.connect(lambda _=False, name=name: self.layer_asked.emit(name))
            self.layers[name] = button
            row.addWidget(button, len(label))  # the long one needs more than a quarter
        self._column.addLayout(row)
        self._column.addSpacing(self._gap // 2)
        self._column.addWidget(heading("Colours"))
        self.themes = Segments([(theme, theme.capitalize(), "") for theme in THEMES])
        self.themes.chosen.connect(self.theme_asked)
        self._column.addWidget(self.themes)

    def _add_take(self) -> None:
        self.record = self._button("Record", self.record_asked, "Mesh, overlay and raw video at once (R)")
        self.record.setObjectName("record")
        self.record.setCheckable(True)
        self.snapshot = self._button("Snapshot", self.snapshot_asked, "The picture as .png and the mesh as .obj (S)")
        folder = self._button("Open folder", self.folder_asked, "Where takes and snapshots are")
        keys = wrapped()
        keys.setText(" \u00b7 ".join(key.replace(" ", "\u00a0") for key in _KEYS))  # lines break between keys
        for widget in (keys, self.record):
            self._column.addWidget(widget)
        self._column.addLayout(self._row(self.snapshot, folder))

    def _button(self, label: str, asked: SignalInstance, tip: str = "") -> QPushButton:
        button = QPushButton(label)
        button.setToolTip(tip)
        button.clicked.connect(lambda _=False: asked.emit())  # without what Qt adds
        return button

    def _row(self, *widgets: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in widgets:
            row.addWidget(widget, 1)
        return row
