"""Frames from video files: their pixels, their order and their own times.

The clips are made here. Each frame carries its number as white and black blocks, so that no
frame can be taken for another.
"""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import InputError, TrackingError
from app.frame import Frame
from app.sources.video import VideoSource

_WH = (64, 48)
_BITS = 6
_LATER = Fraction(1, 1000)  # a time base of milliseconds
_COUNT = 24
_B_FRAMES = {"bf": "3", "b-adapt": "0", "sc_threshold": "0"}  # as many as allowed, and key frames only where asked for

# Milliseconds between the frames of a variable frame rate: nothing repeats, some come fast and some slow.
_VARIABLE_MS = tuple(
    accumulate((80, 66, 39, 43, 14, 18, 11, 29, 99, 81, 110, 65, 76, 116, 90, 79, 69, 71, 112, 40, 99, 83, 10))
)
_VARIABLE = (0, *_VARIABLE_MS)
_STEADY = tuple(40 * k for k in range(_COUNT))


@dataclass(frozen=True)
class Clip:
    """How a clip is written. times_ms: a frame each."""

    suffix: str
    codec: str = "libx264"
    times_ms: tuple[int, ...] = _STEADY
    options: Mapping[str, str] = field(default_factory=lambda: _B_FRAMES)
    container: Mapping[str, str] = field(default_factory=dict)
    time_base: Fraction = _LATER
    b_frames: int = 3

    def write(self, folder: Path) -> Path:
        path = folder / f"clip{self.suffix}"
        with av.open(str(path), "w", options=dict(self.container)) as container:
            stream = container.add_stream(self.codec, rate=25, options=dict(self.options))
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = _WH
            stream.pix_fmt = "yuv420p"
            stream.time_base = stream.codec_context.time_base = self.time_base
            stream.gop_size = 6
            stream.max_b_frames = self.b_frames
            for number, time_ms in enumerate(self.times_ms):
                picture = av.VideoFrame.from_ndarray(_numbered(number), format="rgb24")
                picture.time_base = self.time_base
                picture.pts = round(time_ms / 1000 / self.time_base)
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        return path


def _numbered(number: int) -> NDArray[np.uint8]:
    """(H, W, 3): the number in binary, a block of 8 x 16 pixels a digit; red in the top left corner."""
    rgb = np.zeros((_WH[1], _WH[0], 3), np.uint8)
    rgb[:16, :16] = (255, 0, 0)
    for bit in range(_BITS):
        rgb[24:40, 8 * bit + 8 : 8 * bit + 16] = 255 * (number >> bit & 1)
    return rgb


def _number(rgb: NDArray[np.uint8]) -> int:
    return sum(1 << bit for bit in range(_BITS) if rgb[32, 8 * bit + 12].mean() > 127)


def _frames(path: Path, start_s: float = 0.0, duration_s: float | None = None) -> list[Frame]:
    with VideoSource(path, start_s, duration_s) as source:
        return list(source)


def _seen(frames: Sequence[Frame]) -> list[tuple[int, int, float]]:
    """Index, number in the picture, time rounded to a microsecond."""
    return [(frame.index, _number(frame.rgb), round(frame.time_s, 6)) for frame in frames]


def _expected(times_ms: Sequence[int]) -> list[tuple[int, int, float]]:
    return [(k, k, round(time_ms / 1000, 6)) for k, time_ms in enumerate(times_ms)]


def _opencv(path: Path) -> list[tuple[NDArray[np.uint8], float]]:
    """What OpenCV reads: RGB, turned upright, and seconds."""
    capture = cv2.VideoCapture(str(path))
    read = []
    while (answer := capture.read())[0]:
        rgb = np.asarray(answer[1][..., ::-1], np.uint8)
        read.append((rgb, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000))
    capture.release()
    return read


CLIPS = {
    # The usual phone or screen recording.
    "h264-mp4": Clip(".mp4"),
    # Its times are nowhere regular.
    "h264-mp4-variable": Clip(".mp4", times_ms=_VARIABLE),
    # Matroska has no table of frames: count and length are not known.
    "h264-mkv-variable": Clip(".mkv", times_ms=_VARIABLE),
    # Open groups of pictures: B-frames that are stored after a key frame and shown before it.
    "mpeg4-mp4": Clip(".mp4", codec="mpeg4", options={"sc_threshold": "1000000000"}),
    # The first frame is not at zero.
    "h264-mp4-late": Clip(".mp4", times_ms=tuple(5000 + time_ms for time_ms in _STEADY)),
    "h264-mkv-late": Clip(".mkv", times_ms=tuple(5000 + time_ms for time_ms in _VARIABLE)),
    # The same, at a variable frame rate.
    "mpeg4-mp4-variable": Clip(".mp4", codec="mpeg4", times_ms=_VARIABLE, options={"sc_threshold": "1000000000"}),
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return {name: clip.write(tmp_path_factory.mktemp(name)) for name, clip in CLIPS.items()}


@pytest.fixture(scope="module")
def transport_stream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a camcorder writes: no index, and times that start above zero."""
    return Clip(".ts").write(tmp_path_factory.mktemp("ts"))


@pytest.mark.parametrize("name", CLIPS)
def test_frames_come_once_each_in_order_at_the_times_of_the_file(clips: Mapping[str, Path], name: str) -> None:
    assert _seen(_frames(clips[name])) == _expected(CLIPS[name].times_ms)


def test_frames_of_a_transport_stream_come_at_their_own_distances(transport_stream: Path) -> None:
    frames = _frames(transport_stream)
    assert [_number(frame.rgb) for frame in frames] == list(range(_COUNT))
    assert [round(frame.time_s - frames[0].time_s, 6) for frame in frames] == [time_ms / 1000 for time_ms in _STEADY]


@pytest.mark.parametrize("name", CLIPS)
def test_the_clips_are_not_stored_in_the_order_they_are_shown(clips: Mapping[str, Path], name: str) -> None:
    """Or else the tests above would say nothing about B-frames."""
    with av.open(str(clips[name])) as container:
        shown = [packet.pts for packet in container.demux(video=0) if packet.pts is not None]
    assert shown != sorted(shown)


@pytest.mark.parametrize("name", ["h264-mp4", "h264-mp4-variable", "h264-mkv-variable", "mpeg4-mp4"])
def test_times_are_those_opencv_gives(clips: Mapping[str, Path], name: str) -> None:
    times = [frame.time_s for frame in _frames(clips[name])]
    np.testing.assert_allclose(times, [time_s for _, time_s in _opencv(clips[name])], atol=1e-6)


def test_pictures_are_rgb(clips: Mapping[str, Path]) -> None:
    corner = _frames(clips["h264-mp4"])[0].rgb[4:12, 4:12].reshape(-1, 3).mean(0)
    np.testing.assert_allclose(corner, (255, 0, 0), atol=12)


def test_pictures_are_uint8_rows_of_the_size_announced(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mp4"]) as source:
        assert source.size_wh == _WH
        assert {(frame.rgb.shape, frame.rgb.dtype.name) for frame in source} == {((48, 64, 3), "uint8")}


def test_a_source_gives_its_frames_once(clips: Mapping[str, Path]) -> None:
    with VideoSource(clips["h264-mp4"]) as source:
        assert len(list(source)) == _COUNT
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


def _turned(clip: Path, degrees: int) -> Path:
    """The clip with the matrix of its track header (ISO/IEC 14496-12, 8.3.2) set to a rotation, as phones write it."""
    one, (width, height) = 1 << 16, _WH
    matrix = {
        0: (one, 0, 0, 0, one, 0, 0, 0, 1 << 30),
        90: (0, one, 0, -one, 0, 0, height * one, 0, 1 << 30),
        180: (-one, 0, 0, 0, -one, 0, width * one, height * one, 1 << 30),
        270: (0, -one, 0, one, 0, 0, 0, width * one, 1 << 30),
    }
    content = bytearray(clip.read_bytes())
    header = content.index(b"tkhd") + 4
    assert content[header] == 0, "version 0 has 32-bit times"
    at = header + 4 + 20 + 16  # flags, times and length, layer and volume
    assert struct.unpack(">9i", content[at : at + 36]) == matrix[0]
    content[at : at + 36] = struct.pack(">9i", *matrix[degrees])
    path = clip.with_name(f"turned{degrees}.mp4")
    path.write_bytes(content)
    return path


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
    path = _turned(clips["h264-mp4"], degrees)
    with VideoSource(path) as source:
        assert source.size_wh == size_wh
        first = next(iter(source)).rgb
    red, green, blue = first[red_corner]
    assert red > 200
    assert max(green, blue) < 60
    np.testing.assert_allclose(first.astype(int), _opencv(path)[0][0].astype(int), atol=2)


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
    whole = _seen(_frames(clips[name]))
    from_s = whole[0][2] + start_s
    until_s = from_s + (duration_s if duration_s is not None else 1e9)
    part = [seen for seen in whole if from_s - 1e-6 <= seen[2] < until_s - 1e-6]
    assert part
    assert _seen(_frames(clips[name], start_s, duration_s)) == part


def _wrong_starts(path: Path) -> list[int]:
    """Frames of the file that a start at their time does not begin with, or after which the rest is not the same."""
    whole = _seen(_frames(path))
    first_s = whole[0][2]
    wrong = []
    for index, _, time_s in whole[1:]:
        try:
            part = _seen(_frames(path, time_s - first_s))
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


def _sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        for k in range(4):
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.rate = 44100
            sound.pts = 1024 * k
            container.mux(stream.encode(sound))
        container.mux(stream.encode())


def test_a_file_with_sound_only_is_refused(tmp_path: Path) -> None:
    _sound_only(tmp_path / "song.mp4")
    with pytest.raises(InputError, match=r"song\.mp4 has no video in it"):
        VideoSource(tmp_path / "song.mp4")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        # Nothing at all.
        (b"", "is empty: a file of 0 bytes"),
        # Text by another name, long and short.
        (b"It was a dark and stormy night.\n" * 100, "cannot be read as a video"),
        (b"Hi", "cannot be read as a video"),
        # Bytes without meaning.
        (bytes(range(256)) * 8, "cannot be read as a video"),
    ],
)
def test_what_is_no_video_is_refused_in_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        VideoSource(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def _boxes(content: bytes) -> dict[str, int]:
    """Where the boxes of an MP4 file start."""
    at, found = 0, {}
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        found[content[at + 4 : at + 8].decode()] = at
        at += length
    return found


# Where a file is cut: the box, and how many bytes after its beginning; None for the end of the file.
_CUTS = [
    # Inside the first box, at its end, inside the header of the next.
    ("ftyp", 12),
    ("free", 0),
    ("free", 4),
    # Inside the pictures, and inside the index.
    ("mdat", 100),
    ("moov", 0),
    ("moov", 4),
    ("moov", 200),
    # All but the last byte.
    (None, -1),
]


@pytest.mark.parametrize(("box", "offset"), _CUTS)
@pytest.mark.parametrize("container", [{}, {"movflags": "faststart"}], ids=["index-last", "index-first"])
def test_a_file_that_is_cut_off_is_refused(
    tmp_path: Path, container: Mapping[str, str], box: str | None, offset: int
) -> None:
    content = Clip(".mp4", container=container).write(tmp_path).read_bytes()
    boxes = _boxes(content)
    assert (boxes["moov"] < boxes["mdat"]) == bool(container)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(content[: len(content) + offset if box is None else boxes[box] + offset])
    with pytest.raises(InputError, match=r"cut\.mp4 (is cut off: .*copy or record it again|has no frame)"):
        VideoSource(cut)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_a_cut_off_matroska_file_gives_its_beginning_or_is_refused(
    clips: Mapping[str, Path], tmp_path: Path, share: float
) -> None:
    content = clips["h264-mkv-variable"].read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[: round(share * len(content))])
    found: list[Frame] = []
    with contextlib.suppress(InputError, TrackingError), VideoSource(cut) as source:
        found.extend(source)
    assert _seen(found) == _expected(_VARIABLE)[: len(found)]


def _damaged(clip: Path, packets: range, path: Path) -> None:
    """The clip with the bytes of some packets replaced."""
    with av.open(str(clip)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]
    content = bytearray(clip.read_bytes())
    for position, size in (places[k] for k in packets):
        assert position is not None
        content[position : position + size] = b"\xff" * size
    path.write_bytes(content)


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """A clip without B-frames, a key frame every six, of which packets 7 to 9 are unreadable."""
    clip = Clip(".mp4", options={"bf": "0", "sc_threshold": "0"}, b_frames=0).write(tmp_path)
    path = tmp_path / "damaged.mp4"
    _damaged(clip, range(7, 10), path)
    return path


def test_damaged_packets_are_passed_over_with_a_warning(damaged: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "app"):
        frames = _frames(damaged)
    assert [record.getMessage() for record in caplog.records] == [f"{damaged}: 3 damaged packets were passed over"]
    assert len(frames) >= _COUNT - 5  # the decoder may give up the rest of the group of pictures


def test_frames_around_damaged_packets_keep_their_times(damaged: Path) -> None:
    times = [round(frame.time_s * 25, 6) for frame in _frames(damaged)]
    assert times[:7] == list(range(7))
    assert times[-12:] == list(range(12, 24))


def test_a_file_with_no_whole_packet_is_refused(tmp_path: Path) -> None:
    clip = Clip(".mp4").write(tmp_path)
    _damaged(clip, range(_COUNT), tmp_path / "ruined.mp4")
    with pytest.raises(InputError, match=r"ruined\.mp4 has no frame that can be decoded"):
        VideoSource(tmp_path / "ruined.mp4")


def test_a_stream_without_times_is_read_at_its_rate(tmp_path: Path) -> None:
    path = Clip(".h264", time_base=Fraction(1, 25)).write(tmp_path)
    frames = _frames(path)
    assert [_number(frame.rgb) for frame in frames] == list(range(_COUNT))
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 0.04, atol=1e-3)


def test_no_frame_of_an_avi_with_b_frames_is_lost(tmp_path: Path) -> None:
    path = Clip(".avi", time_base=Fraction(1, 25)).write(tmp_path)
    assert [_number(rgb) for rgb, _ in _opencv(path)] == list(range(_COUNT))
    assert [_number(frame.rgb) for frame in _frames(path)] == list(range(_COUNT))


def test_a_text_is_not_a_video(tmp_path: Path) -> None:
    """FFmpeg would draw it."""
    path = tmp_path / "long.txt"
    path.write_text("a line of words that is long enough\n" * 60)
    with pytest.raises(InputError, match=r"long\.txt is a text, expected a video"):
        VideoSource(path)
