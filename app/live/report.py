"""What is said of tracking: what does it, a line while it is live, numbers at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.errors import TrackingError, reason
from app.live.session import Session
from app.load import Loaded
from app.pacing.report import Held
from app.stats import Stats


def introduction(parts: Loaded) -> tuple[str, str]:
    """Lines: what tracks, on what; the body, and its licence."""
    return (
        f"{parts.bundle.name} ({parts.runtime.precision}) on {parts.runtime}",
        f"body {parts.body.name}, licence: {parts.body.licence}",
    )


def status_line(session: Session, parts: Loaded) -> str:
    """One line: how fast, how late, what was dropped, on what."""
    if problem := session.source.problem:
        return f"reconnecting: {problem}{_taken(session)}"
    recent = session.recent
    people = len(session.newest.people) if session.newest else 0
    held = pace(parts)
    return (
        f"{recent.fps:.1f} fps, age {recent.p50_ms:.0f} ms (p95 {recent.p95_ms:.0f}), {session.dropped} dropped, "
        f"{people} {'person' if people == 1 else 'people'}, {f'{held}, ' if held and held.verdict else ''}"
        f"{engine_name(parts)}{_taken(session)}"
    )


def pace(parts: Loaded) -> Held | None:
    """Whether a rate that was asked for is held, and by what; None where none was."""
    budget = parts.tracker.budget
    return None if budget is None else budget.recent()


def engine_name(parts: Loaded) -> str:
    """The engine and the precision in use."""
    return f"{parts.runtime} {parts.runtime.precision}"


def held_overall(parts: Loaded) -> str:
    """What there is to add to the last line's numbers where a rate was asked for."""
    budget = parts.tracker.budget
    held = None if budget is None else budget.overall()
    return f", {held}" if held and held.verdict else ""


def write_session_stats(path: Path, session: Session, parts: Loaded) -> None:
    """See `write_stats`, and how often the source was away."""
    frame = session.newest.frame if session.newest else None
    write_stats(
        path,
        session.stats,
        parts,
        source=session.source.name,
        size=frame.size_wh if frame else None,
        dropped=session.dropped,
        interruptions=frame.segment if frame else 0,
    )


def write_stats(path: Path, stats: Stats, parts: Loaded, **about_source: object) -> None:
    """Stages and ages as JSON, with what was tracked, by what. Raises TrackingError where it cannot be written."""
    content = {
        **about_source,
        "model": parts.bundle.name,
        "precision": parts.runtime.precision,
        "engine": str(parts.runtime),
        "body": parts.body.name,
        "shape": parts.shape,
        **_paced(parts),
        **stats.summary(),
    }
    try:
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise TrackingError(f"{path} could not be written: {reason(error)}; what was recorded is kept") from error


def _paced(parts: Loaded) -> dict[str, Any]:
    """What was done to hold a rate; nothing where none was asked for."""
    budget = parts.tracker.budget
    if budget is None or not budget.overall().verdict:  # of one frame nothing is known
        return {}
    return {"pace": {**budget.overall().summary(), "costs_ms": budget.costs_ms()}}


def _taken(session: Session) -> str:
    recording = session.recording
    if recording is None:
        return ""
    missed = "".join(f", {count} left out of {path.name}" for path, count in recording.dropped.items())
    return f", recorded {recording.seconds:.0f} s{missed}"
