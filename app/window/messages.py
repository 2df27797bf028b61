"""What is said over the picture, and in the title."""

from __future__ import annotations

from app.window.state import Phase, State

_TITLES = {
    Phase.LOADING: "Loading the model …",
    Phase.CONNECTING: "Connecting …",
    Phase.LIVE: "",
    Phase.RECONNECTING: "Reconnecting …",
    Phase.PAUSED: "Paused",
    Phase.ENDED: "The end",
    Phase.FAILED: "Nothing is being tracked",
}
_HINTS = {
    Phase.PAUSED: "Space goes on",
    Phase.ENDED: "Space plays it again; drag another video here, or choose a camera",
}


def over_picture(state: State) -> tuple[str, str]:
    """Title and detail; empty while all is well."""
    hint = _HINTS.get(state.phase, "")
    if state.phase == Phase.FAILED:
        hint = "Choose a camera, or drag a video here"
    return _TITLES[state.phase], "\n".join(part for part in (_sentence(state.message), hint) if part)


def recorded(state: State) -> str:
    """For the picture's corner; empty where no take is recorded."""
    if state.saving:
        return "Saving …"
    if state.recorded_s is None:
        return ""
    minutes, seconds = divmod(int(state.recorded_s), 60)
    return f"{minutes}:{seconds:02d}"


def window_title(state: State) -> str:
    """What is tracked, first, since task bars cut off the rest."""
    return f"{state.source} - wb-track" if state.source else "wb-track"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
