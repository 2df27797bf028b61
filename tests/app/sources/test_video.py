"""Frames from video files: their pixels, their order and their own times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import av
import numpy as np
import pytest

from app.sources.video import VideoSource
from tests.app.sources.numbered import (
    CLIPS,
    COUNT,
    STEADY,
    WH,
    expected_at,
    frames_of,
    number_of,
    opencv_frames,
    seen_in,
    turned,
)


@pytest.mark.parametrize("name", CLIPS)
def test_frames_come_once_each_in_order_at_the_times_of_the_file(clips: Mapping[str, Path], name: str) -> None:
    assert seen_in(frames_of(clips[name])) == expected_at(CLIPS[name].times_ms)


def test_frames_of_a_transport_stream_come_at_their_own_distances(transport_stream: Path) -> None:
    frames = frames_of(transport_stream)
    assert [number_of(frame.rgb) for frame in frames] == list(range(COUNT))
    assert [round(frame.time_s - frames[0].time_s, 6) for frame in frames] == [time_ms / 1000 for time_ms in STEADY]


@pytest.mark.parametrize("name", CLIPS)
def test_the_clips_are_not_stored_in_the_order_they_are_shown(clips: Mapping[str, Path], name: str) -> None:
    """Or else the tests above would say nothing about B-frames."""
    with av.open(str(clips[name])) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert shown != sorted(shown)


@pytest.mark.parametrize("name", ["h264-mp4", "h264-mp4-variable", "h264-mkv-variable", "mpeg4-mp4"])
def test_times_are_those_opencv_gives(clips: Mapping[str, Path], name: str) -> None:
    times = [frame.time_s for frame in frames_of(clips[name])]
    np.testing.assert_allclose(times, [time_s for _, time_s in opencv_frames(clips[name])], atol=1e-6)


def test_pictures_are_rgb(clips: Mapping[str, Path]) -> None:
    corner = frames_of(clips["h264-mp4"])[0].rgb[4:12, 4:12].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(corner, (255, 0, 0), atol=12)


def test_pictures_are_uint8_rows_of_the_size_announced(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mp4"]) as source:
        assert source.size_wh == WH
        assert {(frame.rgb.shape, frame.rgb.dtype.name) for frame in source} == {((48, 64, 3), "uint8")}


def test_a_source_gives_its_frames_once(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mp4"]) as source:
        assert len(list(source)) == COUNT
        assert list(source) == []


def test_the_name_is_the_files(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mkv-late"]) as source:
        assert source.name == "clip.mkv"


@pytest.mark.parametrize(
    ("name", "fps"),
    [
        ("h264-mp4", 25.0),
        ("mpeg4-mp4", 25.0),
        ("h264-mp4-late", 25.0),
    ],
)
def test_the_rate_is_the_average_one(clips: Mapping[str, Path], name: str, fps: float) -> None:
    with VideoSource(clips[name]) as source:
        assert source.fps == pytest.approx(fps, rel=1e-3)


@pytest.mark.parametrize(
    ("degrees", "size_wh", "red_corner"),
    [
        # Held as it was filmed.
        (0, (64, 48), (0, 0)),
        # A quarter turn clockwise: the top left corner goes to the right.
        (90, (48, 64), (0, -1)),
        # Upside down.
        (180, (64, 48), (-1, -1)),
        # A quarter turn anticlockwise: the top left corner goes to the bottom.
        (270, (48, 64), (-1, 0)),
    ],
)
def test_the_rotation_in_the_file_is_applied(
    clips: Mapping[str, Path], degrees: int, size_wh: tuple[int, int], red_corner: tuple[int, int]
) -> None:
    path = turned(clips["h264-mp4"], degrees)
    with VideoSource(path) as source:
        assert source.size_wh == size_wh
        first = next(iter(source)).rgb
    red, green, blue = first[red_corner]
    assert red > 200
    assert max(green, blue) < 60
    np.testing.assert_allclose(first.astype(int), opencv_frames(path)[0][0].astype(int), atol=2)
