"""What a line a second says of a take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from app.frame import Result
from app.live.recording import Recording
from app.live.report import _paced, _taken, held_overall
from app.pacing.report import Held


@pytest.mark.parametrize(
    ("dropped", "said"),
    [
        ((), ", recorded 12 s"),
        ((("a/clip.mp4", 3),), ", recorded 12 s, 3 left out of clip.mp4"),
        ((("clip.mp4", 3), ("meshes.obj", 40)), ", recorded 12 s, 3 left out of clip.mp4, 40 left out of meshes.obj"),
    ],
)
def test_frames_left_out_are_said_of_the_file_that_lacks_them(
    monkeypatch: pytest.MonkeyPatch, dropped: Sequence[tuple[str, int]], said: str
) -> None:
    """Tables lack none."""
    counts = {"mesh.npz": 0, **dict(dropped)}
    writers = [SimpleNamespace(dropped=count) for count in counts.values()]
    monkeypatch.setattr("app.live.recording.Writer", {Result: Mock(side_effect=writers)})
    frame: Any = SimpleNamespace(time_s=3.0)
    take: Any = None
    recording = Recording([Path(name) for name in counts], take, frame, "moderngl")
    recording._last_s = 15.2
    session: Any = SimpleNamespace(recording=recording)
    assert _taken(session) == said


def test_without_a_take_nothing_is_said() -> None:
    session: Any = SimpleNamespace(recording=None)
    assert not _taken(session)


@pytest.mark.parametrize(("fps", "said"), [(0.0, ""), (29.9, ", 30 fps held")])
def test_of_one_frame_no_rate_is_said_to_be_held_or_not(fps: float, said: str) -> None:
    held = Held(30.0, fps, 60.0, None, {})
    budget = SimpleNamespace(overall=lambda: held, costs_ms=dict)
    parts: Any = SimpleNamespace(tracker=SimpleNamespace(budget=budget))
    assert held_overall(parts) == said
    assert bool(_paced(parts)) == bool(said)


def test_no_rate_that_was_not_asked_for_is_held() -> None:
    parts: Any = SimpleNamespace(tracker=SimpleNamespace(budget=None))
    assert held_overall(parts) == ""
    assert _paced(parts) == {}
