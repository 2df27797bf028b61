"""What is said over the picture, and in the title."""

from __future__ import annotations

from app.live.recording import Outcome
from app.window.state import Phase, State

_TITLES = {
    Phase.LOADING: "Loading the model \u2026",
    Phase.CONNECTING: "Connecting \u2026",
    Phase.RECONNECTING: "Reconnecting \u2026",
    Phase.FAILED: "Nothing is being tracked",
}
_FOOTNOTES = {
    Phase.PAUSED: "Paused. Space goes on",
    Phase.ENDED: "The end. Space plays it again",
}


def over_picture(state: State) -> tuple[str, str]:
    """Title and detail, in place of a live picture; empty while there is one."""
    hint = ""
    if state.phase == Phase.FAILED:
        hint = "Choose a camera or another model, or drag a video here"
    elif state.phase == Phase.CONNECTING and state.message:
        hint = "It is tried again and again. Or choose another source, or drag a video here"
    return _TITLES.get(state.phase, ""), "\n".join(part for part in (_sentence(state.message), hint) if part)


def footnote(state: State) -> str:
    """At the picture's lower edge, which stays to be looked at; empty while it moves."""
    return _FOOTNOTES.get(state.phase, "")


def recorded(state: State) -> str:
    """For the picture's corner; empty where no take is asked for."""
    if state.saving:
        return "Saving …"
    if state.recorded_s is None:
        return "Recording begins with the next picture" if state.recording_next else ""
    minutes, seconds = divmod(int(state.recorded_s), 60)
    return f"{minutes}:{seconds:02d}"


def window_title(state: State) -> str:
    """What is tracked, first, since task bars cut off the rest."""
    return f"{state.source} - wb-track" if state.source else "wb-track"


def told(outcome: Outcome) -> str:
    """What became of a take."""
    names = ", ".join(path.name for path in outcome.written)
    if outcome.error is not None:
        return f"{outcome.error}{f'; kept {names}' if names else ''}"
    if not outcome.written:
        return "No person was found; nothing was saved"
    return f"Saved {names}" if outcome.frames else f"No person was found; saved {names}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
