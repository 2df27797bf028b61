"""Video files of other forms: titles in old alphabets, pixels that are not square, sizes that change, missing times."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.recording.sound import Sound
from app.sources.video import VideoSource
from exporter.clip import frames as calibration_frames
from tests.app.clips import make_clip
from tests.app.sources.numbered import COUNT, Clip, frames_of, number_of, turned


def _written(
    path: Path, size_wh: tuple[int, int], *, title: str = "", aspect: Fraction | None = None, begin: int = 0
) -> Path:
    """Ten frames of H.264, white in their right half."""
    with av.open(str(path), "w") as container:
        container.metadata["title"] = title
        stream = container.add_stream("libx264", rate=25, options={"bf": "0"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for number in range(begin, begin + 10):
            rgb = np.zeros((size_wh[1], size_wh[0], 3), np.uint8)
            rgb[:, size_wh[0] // 2 :] = 255
            picture = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture
def titled(tmp_path: Path) -> Path:
    """By a camera that wrote Latin-1."""
    path = _written(tmp_path / "clip.avi", (64, 48), title="a cafX")
    content = path.read_bytes()
    assert b"a cafX" in content
    path.write_bytes(content.replace(b"a cafX", b"a caf\xe9"))
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    return path


def test_titles_need_not_be_unicode(titled: Path) -> None:
    assert len(frames_of(titled)) == 10
    with VideoSource(titled, 0.2) as source:
        assert [frame.index for frame in source][-4:] == [6, 7, 8, 9]
    assert len(calibration_frames(titled, 4)) == 4
    with Sound(titled, (0.0, 1.0)):
        pass


@pytest.mark.parametrize(
    ("aspect", "width"), [(Fraction(4, 3), 96), (Fraction(8, 9), 64), (Fraction(1), 72), (None, 72), (Fraction(90), 72)]
)
def test_pixels_become_square(tmp_path: Path, aspect: Fraction | None, width: int) -> None:
    with VideoSource(_written(tmp_path / "clip.mp4", (72, 48), aspect=aspect)) as source:
        assert source.size_wh == (width, 48)
        for frame in source:
            assert frame.size_wh == (width, 48)
            assert frame.rgb[:, : width // 2 - 4].max() < 30
            assert frame.rgb[:, width // 2 + 4 :].min() > 225


def test_frames_of_another_size_are_fitted_into_the_first(tmp_path: Path) -> None:
    """As where a call turns from a camera to a screen. In the middle of the wide one, black above and below."""
    parts = (_written(tmp_path / "a.ts", (64, 64)), _written(tmp_path / "b.ts", (64, 32), begin=10))
    whole = tmp_path / "clip.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = frames_of(whole)
    assert len(frames) == 20
    assert {frame.rgb.shape for frame in frames} == {(64, 64, 3)}
    assert frames[0].rgb[8, 48].min() > 225
    assert frames[-1].rgb[8, 48].max() < 30
    assert frames[-1].rgb[32, 48].min() > 225


@pytest.mark.parametrize("first", [1, 5, 11, 20])
def test_frames_are_counted_where_their_times_are_missing(tmp_path: Path, first: int) -> None:
    path = Clip(".h264").write(tmp_path)
    with av.open(str(path)) as container:
        assert any(packet.size and packet.pts is None for packet in container.demux(video=0))
    whole = frames_of(path)
    assert [number_of(frame.rgb) for frame in whole] == list(range(COUNT))
    with VideoSource(path, whole[first].time_s - whole[0].time_s) as source:
        assert [(frame.index, number_of(frame.rgb)) for frame in source] == [(k, k) for k in range(first, COUNT)]


def test_calibration_sees_clips_as_tracking_does(tmp_path: Path) -> None:
    path = turned(Clip(".mp4").write(tmp_path), 90)
    (first, *_) = calibration_frames(path, 4)
    np.testing.assert_array_equal(first.rgb, frames_of(path)[0].rgb)


def test_large_frames_are_kept_small_for_calibration(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "large.mp4", [k / 30 for k in range(4)], size_wh=(2560, 1440))
    assert {shown.rgb.shape for shown in calibration_frames(path, 3)} == {(1080, 1920, 3)}
