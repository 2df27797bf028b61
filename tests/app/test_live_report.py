"""What a line a second says of a take."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app.live.report import _taken


@pytest.mark.parametrize(
    ("dropped", "said"),
    [
        ({}, ", recorded 12 s"),
        ({"clip.mp4": 3, "meshes.obj": 40}, ", recorded 12 s, 3 left out of clip.mp4, 40 left out of meshes.obj"),
    ],
)
def test_frames_left_out_are_said_of_the_file_that_lacks_them(dropped: dict[str, int], said: str) -> None:
    session: Any = SimpleNamespace(recording=SimpleNamespace(seconds=12.2, dropped=dropped))
    assert _taken(session) == said


def test_without_a_take_nothing_is_said() -> None:
    session: Any = SimpleNamespace(recording=None)
    assert not _taken(session)
