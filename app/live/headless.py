"""Live without a window: a line a second, takes to files."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.errors import InputError, TrackingError
from app.interrupt import Interrupts
from app.live.recording import Outcome
from app.live.report import status_line, write_stats
from app.live.session import Session
from app.load import Loaded, loaded, take_of
from app.options import Options
from app.recording.outputs import recover_left_over
from app.sources.camera import CameraSource

_TICK_S = 0.05
_LINE_EVERY_S = 1.0
_FPS = 30.0  # what a take states where nothing is measured yet

Say = Callable[[str], None]


def track_camera(options: Options, say: Say) -> int:
    """Track a camera until a signal, the end of --duration, or an error. Exit code as `app.main.main`'s.

    Raises InputError for a camera that is not there at the start, TrackingError for what fails later.
    """
    assert options.address is not None

    with CameraSource(options.address, mirror=options.mirror, duration_s=options.duration_s) as source:
        if not options.address.answers():
            _wait_for_picture(source)  # in vain; before models are loaded
        with loaded(options) as parts:
            return _track(options, source, parts, say)


def _track(options: Options, source: CameraSource, parts: Loaded, say: Say) -> int:
    for path in options.out:
        if rescued := recover_left_over(path):
            say(f"an earlier take was cut short; recovered {_names(rescued)}")
    _wait_for_picture(source)
    say(f"{source.name}: {source.granted}")
    say(f"{parts.bundle.name} ({parts.runtime.precision}) on {parts.runtime}")
    say(f"body {parts.body.name}, licence: {parts.body.licence}")
    session = Session(source, parts, partial(take_of, options, parts, _FPS), options.renderer)
    if options.out:
        session.record(options.out)
    with Interrupts(session.stop):
        with session:
            _watch(session, parts, say)
        outcome = session.end_recording()
    if options.stats:
        write_stats(options.stats, session, parts)
    return _conclude(session, parts, outcome, say)


def _wait_for_picture(source: CameraSource) -> None:
    while not source.seen:
        if source.attempts:
            raise InputError(source.problem)
        time.sleep(_TICK_S)


def _watch(session: Session, parts: Loaded, say: Say) -> None:
    """Say once a second how it goes, until the end. Polls, since a signal handler may only set flags."""
    said_s = time.perf_counter()
    while not session.ended:
        time.sleep(_TICK_S)
        if time.perf_counter() - said_s >= _LINE_EVERY_S:
            said_s += _LINE_EVERY_S
            say(status_line(session, parts))
        if session.recording is not None and session.recording.error is not None:
            session.stop()


def _conclude(session: Session, parts: Loaded, outcome: Outcome | None, say: Say) -> int:
    held = f", {parts.tracker.budget.overall()}" if parts.tracker.budget else ""
    done = f"{session.stats.frames} frames at {session.stats.fps:.1f} fps, {session.dropped} dropped{held}"
    written = outcome.written if outcome else ()
    error = session.error or (outcome.error if outcome else None)
    if isinstance(error, InputError):
        raise error
    if error is not None:
        kept = f"; {_names(written)} has what was recorded" if written else ""
        raise TrackingError(f"{error}{kept}") from error
    if outcome is None:
        say(done)
        return 0
    if not written:
        raise TrackingError(f"no person was found in {done}; nothing was written")
    say(f"{'' if outcome.frames else 'no person was found; '}wrote {_names(written)}: {done}")
    return 0


def _names(paths: list[Path] | tuple[Path, ...]) -> str:
    return ", ".join(str(path) for path in paths)
