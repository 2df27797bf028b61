"""Owns what the window shows: the source, the models, the session, its takes. Knows nothing of Qt."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.channel import Channel, ChannelClosed
from app.errors import TrackingError
from app.live.measures import Measure
from app.live.recording import Outcome
from app.live.report import pace, write_session_stats
from app.live.session import Session
from app.load import Loaded, loaded, take_of
from app.options import Options
from app.recording.outputs import rescue
from app.rendering.scene import Layers, View
from app.sources.camera import CameraSource
from app.sources.camera_address import CameraAddress
from app.sources.played import PlayedSource
from app.sources.source import open_source
from app.window.drawing import Drawing, Look, Picture, Subject
from app.window.messages import told
from app.window.state import About, Phase, State, phase_of
from app.window.takes import new_name, take_paths, takes_folder

_log = logging.getLogger(__name__)

_LOADING_S, _TICK_S = 0.5, 0.05

Command = Callable[[], None]


class Controller:
    """Does what it is asked in a thread of its own, one thing after the other, so that no one who asks ever waits.

    `changed` is called, from any thread, whenever `state` or `picture` may be new.
    """

    def __init__(self, options: Options, changed: Callable[[], None]) -> None:
        self.outcome: Outcome | None = None  # of the last take
        self._options = options
        self._changed = changed
        self._commands: Channel[Command] = Channel(1024)
        self._models = ExitStack()
        self._parts: Loaded | None = None
        self._loaded_for: Options | None = None
        self._source: CameraSource | PlayedSource | None = None
        self._session: Session | None = None
        self._loading, self._saving = True, False
        self._reading = self._closing = False
        self._message = self._notice = ""
        self._began = self._fatal = False
        self._outs = options.out
        self.folder = takes_folder(self._outs[0] if self._outs else None)
        self._drawing = Drawing(self._subject, changed, options.renderer)
        self._thread = threading.Thread(target=self._work, name="controller", daemon=True)
        self._thread.start()
        self._ask(partial(self._open, options))

    # What is asked. None of these waits.

    def open_camera(self, text: str) -> None:
        self._ask(lambda: self._open_camera(CameraAddress(text)))

    def open_video(self, path: Path) -> None:
        self._ask(lambda: self._open(replace(self._options, address=None, video=path, start_s=0.0, duration_s=None)))

    def use(self, **choices: object) -> None:
        """Track with other options (model, smooth, people), by their names in `Options`."""
        self._ask(lambda: self._use(replace(self._options, **choices)))  # type: ignore[arg-type]

    def toggle_pause(self) -> None:
        self._ask(self._toggle_pause)

    def toggle_recording(self) -> None:
        """Ignored while a take is saved: it would begin another one after it."""
        session = self._session
        if self._saving:
            return
        if session and session.recording:
            self._save(session)
        else:
            self._ask(self._toggle_recording)

    def snapshot(self) -> None:
        self._ask(self._snapshot)

    def look(self, view: View, layers: Layers, size_wh: tuple[int, int]) -> None:
        self._drawing.look(Look(view, layers, size_wh))

    # What is told.

    @property
    def picture(self) -> Picture | None:
        return self._drawing.picture

    @property
    def options(self) -> Options:
        return self._options

    @property
    def state(self) -> State:
        session, source, parts = self._session, self._source, self._parts
        newest = session.newest if session else None
        recording = session.recording if session else None
        phase, message = self._phase(session, source)
        return State(
            phase=phase,
            source=source.name if source else "",
            message=message,
            notice=self._drawing.problem or self._notice,
            fatal=self._fatal,
            about=About.of(parts) if parts else None,
            granted=source.granted if isinstance(source, CameraSource) else "",
            tracking=session.recent if session else Measure(),
            pace=pace(parts) if session and parts else None,
            dropped=session.dropped if session else 0,
            people=len(newest.people) if newest else 0,
            recorded_s=recording.seconds if recording else None,
            recording_next=bool(session and session.wanted),
            saving=self._saving,
            folder=self.folder,
        )

    def tend(self) -> None:
        """To be called now and then: ends a take that cannot go on."""
        session = self._session
        if session and session.recording and session.recording.error and not self._saving:
            self._save(session)

    def close(self) -> None:
        """End everything; files are whole when it returns. Models that are just being loaded are not waited for."""
        self._closing = True
        self.stop()
        self._commands.close(discard=True)
        deadline_s = time.monotonic() + _LOADING_S
        while self._thread.is_alive() and not (self._reading and time.monotonic() > deadline_s):
            self._thread.join(_TICK_S)
        self._drawing.close()

    def stop(self) -> None:
        """No more frames. Safe in a signal handler."""
        if self._session:
            self._session.stop()

    # What is done, in the controller's thread.

    def _ask(self, command: Command) -> None:
        try:
            self._commands.put(command)
        except ChannelClosed:
            return

    def _save(self, session: Session) -> None:
        self._saving = True  # from when it is asked
        self._ask(lambda: self._finish_take(session))

    def _work(self) -> None:
        try:
            for command in self._commands:
                try:
                    command()
                except Exception as error:  # noqa: BLE001 - the window stays and says it
                    _log.debug("refused", exc_info=error)
                    self._notice = " ".join(str(error).split())
                self._changed()
        finally:
            self._end_session()
            self._models.close()

    def _use(self, options: Options) -> None:
        """Where it is paused, it stays so."""
        self._open(options, paused=self._source is not None and self._source.paused)

    def _open(self, options: Options, *, paused: bool = False) -> None:
        # A file that cannot be opened ends nothing that is there.
        opened = _source(options) if self._session and options.video else None
        self._loading, self._message = True, ""
        self._end_session()
        self._options = options
        self._changed()
        try:
            self._source = opened or _source(options)
            self._source.paused = paused
            self._load(options)
            if self._closing:
                return
            assert self._parts is not None
            take = partial(take_of, options, self._parts, self._source.fps)
            session = Session(self._source, self._parts, take, options.renderer, self._drawing.wake)
            if self._outs:
                rescue(self._outs, self._note)
                session.record(self._outs)
                self._outs = ()
            self._session = session.__enter__()
            self._began = True
        except Exception as error:  # noqa: BLE001 - the window stays and says it
            _log.debug("cannot be tracked", exc_info=error)
            self._message = " ".join(str(error).split())
            self._fatal = not self._began
            if self._source:  # a camera must not stay on for nothing
                self._source.close()
                self._source = None
        finally:
            self._loading = False

    def _open_camera(self, address: CameraAddress) -> None:
        was = self._options
        duration_s = None if was.video else was.duration_s  # a file's ends no camera
        self._open(replace(was, address=address, video=None, start_s=0.0, duration_s=duration_s))

    def _note(self, what: str) -> None:
        self._notice = what

    def _load(self, options: Options) -> None:
        wanted = replace(options, address=None, video=None, start_s=0.0, duration_s=None)
        if wanted != self._loaded_for:
            self._parts = self._loaded_for = None
            self._models.close()
            self._reading = True
            try:
                self._parts = self._models.enter_context(loaded(options))
            finally:
                self._reading = False
            self._loaded_for = wanted

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session:
            session.close()
            self._outs = session.wanted  # a take that has not begun is the next source's
            if session.recording:
                self._finish_take(session)
            if self._options.stats and self._parts:
                try:
                    write_session_stats(self._options.stats, session, self._parts)
                except TrackingError as error:
                    self._note(str(error))
        if self._source:
            self._source.close()
            self._source = None
        self._drawing.wake()

    def _toggle_pause(self) -> None:
        session, source = self._session, self._source
        if session and session.ended:
            self._open(self._options)
        elif source:
            source.paused = not source.paused

    def _toggle_recording(self) -> None:
        session = self._session
        if session is None:
            return
        if session.records:
            self._finish_take(session)
        elif not session.ended:
            self._notice = ""
            session.record(take_paths(self.folder, live=isinstance(self._source, CameraSource)))

    def _finish_take(self, session: Session) -> None:
        self._saving = True
        self._changed()
        try:
            outcome = session.end_recording()
        finally:
            self._saving = False
        if outcome is not None:  # it had begun
            self.outcome = outcome
            self._notice = told(outcome)

    def _snapshot(self) -> None:
        from app.recording.snapshot import write_snapshot  # with trimesh, which takes its time

        session, picture = self._session, self.picture
        if session is None or session.take is None or picture is None:
            return
        path = new_name(self.folder, "snapshot").with_suffix(".png")
        written = write_snapshot(path, picture.rgb, picture.people, session.take)
        self._notice = f"Saved {', '.join(file.name for file in written)}"

    def _subject(self) -> Subject | None:
        session, parts = self._session, self._parts
        if session is None or parts is None or session.newest is None:
            return None
        take = session.take
        return Subject(session.newest, take.camera, take.faces) if take else None

    def _phase(self, session: Session | None, source: CameraSource | PlayedSource | None) -> tuple[Phase, str]:
        if session is None or source is None:
            return (Phase.LOADING, "") if self._loading else (Phase.FAILED, self._message)
        return phase_of(session, source)


def _source(options: Options) -> CameraSource | PlayedSource:
    if options.address is not None:
        return CameraSource(options.address, mirror=options.mirror, duration_s=options.duration_s)
    assert options.video is not None
    return PlayedSource(open_source(options.video, options.start_s, options.duration_s))
