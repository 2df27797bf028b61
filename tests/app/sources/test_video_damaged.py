"""Video files that are cut off, damaged, or no video at all."""

from __future__ import annotations

import contextlib
import logging
import struct
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.errors import InputError, TrackingError
from app.frame import Frame
from app.sources.video import VideoSource
from models.body_file import OPEN_BODY
from tests.app.sources.numbered import COUNT, VARIABLE, Clip, expected_at, frames_of, number_of, opencv_frames, seen_in


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


def test_a_part_of_a_file_that_cannot_be_read_to_its_end_is_refused(tmp_path: Path) -> None:
    frame = b"FRAME\n" + bytes(32 * 16 * 3 // 2)
    path = tmp_path / "clip.y4m"
    path.write_bytes(
        b"YUV4MPEG2 W32 H16 F30:1 Ip A1:1 C420\n" + 8 * frame + frame.replace(b"FRAME", b"XRAME") + 4 * frame
    )
    with pytest.raises(
        InputError, match=r"clip\.y4m is damaged, so that its part after 0\.1 s cannot be found: .*leave out"
    ):
        VideoSource(path, start_s=0.1)


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
    assert seen_in(found) == expected_at(VARIABLE)[: len(found)]


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
        frames = frames_of(damaged)
    assert [record.getMessage() for record in caplog.records] == [f"{damaged}: 3 damaged packets were passed over"]
    assert len(frames) >= COUNT - 5  # the decoder may give up the rest of the group of pictures


def test_frames_around_damaged_packets_keep_their_times(damaged: Path) -> None:
    times = [round(frame.time_s * 25, 6) for frame in frames_of(damaged)]
    assert times[:7] == list(range(7))
    assert times[-12:] == list(range(12, 24))


def test_a_file_with_no_whole_packet_is_refused(tmp_path: Path) -> None:
    clip = Clip(".mp4").write(tmp_path)
    _damaged(clip, range(COUNT), tmp_path / "ruined.mp4")
    with pytest.raises(InputError, match=r"ruined\.mp4 has no frame that can be decoded"):
        VideoSource(tmp_path / "ruined.mp4")


def test_a_stream_without_times_is_read_at_its_rate(tmp_path: Path) -> None:
    path = Clip(".h264", time_base=Fraction(1, 25)).write(tmp_path)
    frames = frames_of(path)
    assert [number_of(frame.rgb) for frame in frames] == list(range(COUNT))
    np.testing.assert_allclose(np.diff([frame.time_s for frame in frames]), 0.04, atol=1e-3)


def test_no_frame_of_an_avi_with_b_frames_is_lost(tmp_path: Path) -> None:
    path = Clip(".avi", time_base=Fraction(1, 25)).write(tmp_path)
    assert [number_of(rgb) for rgb, _ in opencv_frames(path)] == list(range(COUNT))
    assert [number_of(frame.rgb) for frame in frames_of(path)] == list(range(COUNT))


def test_a_text_is_not_a_video(tmp_path: Path) -> None:
    """FFmpeg would draw it."""
    path = tmp_path / "long.txt"
    path.write_text("a line of words that is long enough\n" * 60)
    with pytest.raises(InputError, match=r"long\.txt is a text, expected a video"):
        VideoSource(path)


def test_a_format_that_cannot_be_decoded_is_a_bad_input(tmp_path: Path) -> None:
    """A whole file, but in a codec of which nothing is known."""
    path = tmp_path / "clip.mp4"
    path.write_bytes((OPEN_BODY.parent / "sample.mp4").read_bytes().replace(b"avc1", b"xyz1"))
    with pytest.raises(InputError, match=r"clip\.mp4 is in a format that cannot be decoded here: .*H\.264"):
        VideoSource(path)
