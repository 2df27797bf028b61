"""What is said of a session: a line while it runs, numbers at its end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.live.session import Session
from app.load import Loaded
from app.pacing.report import Held


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


def write_stats(path: Path, session: Session, parts: Loaded) -> None:
    """Stages, ages, drops as JSON."""
    about = {
        "source": session.source.name,
        "size": session.newest.frame.size_wh if session.newest else None,
        "model": parts.bundle.name,
        "precision": parts.runtime.precision,
        "engine": str(parts.runtime),
        "body": parts.body.name,
        "shape": parts.shape,
        "dropped": session.dropped,
        "interruptions": session.newest.frame.segment if session.newest else 0,
        **paced(parts),
    }
    path.write_text(json.dumps({**about, **session.stats.summary()}, indent=2) + "\n", encoding="utf-8")


def paced(parts: Loaded) -> dict[str, Any]:
    """What was done to hold a rate, for JSON; nothing where none was asked for."""
    budget = parts.tracker.budget
    return {} if budget is None else {"pace": {**budget.overall().summary(), "costs_ms": budget.costs_ms()}}


def _taken(session: Session) -> str:
    recording = session.recording
    if recording is None:
        return ""
    missed = f", {recording.dropped} left out of the overlay" if recording.dropped else ""
    return f", recorded {recording.seconds:.0f} s{missed}"
