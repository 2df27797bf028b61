"""Live without a window: a line a second, takes to files."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from app.errors import InputError, TrackingError
from app.interrupt import Interrupts
from app.live.recording import Outcome
from app.live.report import held_overall, introduction, status_line, write_session_stats
from app.live.session import Session
from app.load import Loaded, loaded, take_of
from app.options import Options
from app.recording.outputs import names, rescue
from app.sources.camera import CameraSource

_TICK_S = 0.05
_LINE_EVERY_S = 1.0

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
    rescue(options.out, say)
    _wait_for_picture(source)
    say(f"{source.name}: {source.granted}")
    for line in introduction(parts):
        say(line)
    session = Session(source, parts, partial(take_of, options, parts, source.fps), options.renderer)
    if options.out:
        session.record(options.out)
    with Interrupts(session.stop):
        with session:
            _watch(session, parts, say)
        outcome = session.end_recording()
    if options.stats:
        write_session_stats(options.stats, session, parts)
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
    done = (
        f"{session.stats.frames} frames at {session.stats.fps:.1f} fps, {session.dropped} dropped{held_overall(parts)}"
    )
    written = outcome.written if outcome else ()
    error = session.error or (outcome.error if outcome else None)
    if isinstance(error, InputError):
        raise error
    if error is not None:
        kept = f"; {names(written)} has what was recorded" if written else ""
        raise TrackingError(f"{error}{kept}") from error
    if outcome is None:
        say(done)
        return 0
    if not written:
        raise TrackingError(f"no person was found in {done}; nothing was written")
    say(f"{'' if outcome.frames else 'no person was found; '}wrote {names(written)}: {done}")
    return 0
