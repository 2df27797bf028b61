"""Parts of video files: where they start and how long they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from app.errors import InputError
from app.sources.video import VideoSource
from tests.app.sources.numbered import CLIPS, frames_of, seen_in

_PARTS = [
    # A start between two key frames, another on one, and one between two frames.
    (0.12, None),
    (0.24, None),
    (0.33, None),
    # An end only.
    (0.0, 0.21),
    # Both; the end does not belong to the part.
    (0.16, 0.2),
    (0.5, 0.1),
    # An end past the last frame.
    (0.4, 99.0),
]


@pytest.mark.parametrize(("start_s", "duration_s"), _PARTS)
@pytest.mark.parametrize("name", CLIPS)
def test_a_part_is_the_whole_file_cut_down(
    clips: Mapping[str, Path], name: str, start_s: float, duration_s: float | None
) -> None:
    whole = seen_in(frames_of(clips[name]))
    from_s = whole[0][2] + start_s
    until_s = from_s + (duration_s if duration_s is not None else 1e9)
    part = [seen for seen in whole if from_s - 1e-6 <= seen[2] < until_s - 1e-6]
    assert part
    assert seen_in(frames_of(clips[name], start_s, duration_s)) == part


def _wrong_starts(path: Path) -> list[int]:
    """Frames of the file that a start at their time does not begin with, or after which the rest is not the same."""
    whole = seen_in(frames_of(path))
    first_s = whole[0][2]
    wrong = []
    for index, _, time_s in whole[1:]:
        try:
            part = seen_in(frames_of(path, time_s - first_s))
        except InputError:
            part = []
        if part != whole[index:]:
            wrong.append(index)
    return wrong


@pytest.mark.parametrize("name", CLIPS)
def test_a_part_can_start_at_any_frame(clips: Mapping[str, Path], name: str) -> None:
    assert _wrong_starts(clips[name]) == []


def test_a_part_of_a_transport_stream_can_start_at_any_frame(transport_stream: Path) -> None:
    assert _wrong_starts(transport_stream) == []


@pytest.mark.parametrize(
    ("start_s", "duration_s", "count"),
    [
        # All of them, those after the start, those before the end, and those between.
        (0.0, None, 24),
        (0.4, None, 14),
        (0.0, 0.2, 5),
        (0.4, 0.2, 5),
        # No more than there are.
        (0.8, 9.0, 4),
    ],
)
def test_the_number_of_frames_is_known_before_the_first(
    clips: Mapping[str, Path], start_s: float, duration_s: float | None, count: int
) -> None:
    with VideoSource(clips["h264-mp4"], start_s, duration_s) as source:
        assert source.frame_count == count == len(list(source))


def test_the_number_of_frames_is_unknown_where_the_file_does_not_say(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mkv-variable"]) as source:
        assert source.frame_count is None


def test_a_start_after_the_end_is_refused(clips: Mapping[str, Path]) -> None:
    with pytest.raises(InputError, match=r"clip\.mp4 has no frame that can be decoded after 7 s"):
        VideoSource(clips["h264-mp4"], 7.0)
