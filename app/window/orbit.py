"""What the mouse does to a view. Steps are in heights of the picture."""

from __future__ import annotations

from dataclasses import replace

from app.rendering.scene import View

_DEG_PER_HEIGHT = 180.0
_SMALLEST, _LARGEST = 0.2, 8.0
_PER_NOTCH = 1.15
_SIDE_YAW_DEG, _TOP_PITCH_DEG = 90.0, 90.0


def turned(view: View, right: float, down: float) -> View:
    """Going around people: to the left when they are pulled to the right. Any view becomes an orbit from there."""
    yaw_deg = {"side": _SIDE_YAW_DEG}.get(view.kind, view.yaw_deg)
    pitch_deg = {"top": _TOP_PITCH_DEG}.get(view.kind, view.pitch_deg)
    yaw_deg = (yaw_deg - _DEG_PER_HEIGHT * right + 180.0) % 360.0 - 180.0
    pitch_deg = min(90.0, max(-90.0, pitch_deg + _DEG_PER_HEIGHT * down))
    return replace(view, kind="orbit", yaw_deg=yaw_deg, pitch_deg=pitch_deg)


def panned(view: View, right: float, down: float) -> View:
    """People move with the mouse."""
    return replace(view, pan=(view.pan[0] + right, view.pan[1] + down))


def zoomed(view: View, notches: float) -> View:
    """Nearer by a sixth a notch."""
    return replace(view, zoom=min(_LARGEST, max(_SMALLEST, view.zoom * _PER_NOTCH**notches)))
