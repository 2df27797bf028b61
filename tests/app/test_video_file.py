"""Videos as they are written: true times, sound, odd sizes, and nothing lost."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.errors import InputError, TrackingError
from app.recording import video_file, video_finish
from app.recording.partial import partial_path
from app.recording.video_file import VideoFile
from app.recording.video_finish import finish_video
from tests.app import clips

STEADY = [k / 30 for k in range(40)]
UNEVEN = [0.0, 0.04, 0.08, 0.2, 0.23, 0.9, 1.0, 1.001, 2.5]


def write(path: Path, times_s: list[float], sound: Path | None = None, **settings: Any) -> Path:
    size_wh = settings.get("size_wh", (64, 48))
    with VideoFile(path, size_wh, settings.get("fps", 30.0), "a comment", sound=sound) as video:
        for k, time_s in enumerate(times_s):
            video.add(clips.picture(k, size_wh), time_s)
        assert video.finish() == [path]
    assert not partial_path(path).exists()
    return path


@pytest.mark.parametrize("times_s", [STEADY, UNEVEN, [0.0]])
@pytest.mark.parametrize("start_s", [0.0, 7.3])
def test_frames_keep_their_times(tmp_path: Path, times_s: list[float], start_s: float) -> None:
    path = write(tmp_path / "clip.mp4", [start_s + time_s for time_s in times_s])
    np.testing.assert_allclose(clips.frame_times(path), times_s, rtol=0, atol=2e-5)
    assert clips.video_length(path) == pytest.approx(times_s[-1] + 1 / 30, abs=0.001)
    assert len(clips.decoded(path)) == len(times_s)


@pytest.mark.parametrize("fps", [23.976, 29.97, 25.0, 12.5, 60.0])
def test_common_rates_do_not_drift(tmp_path: Path, fps: float) -> None:
    path = write(tmp_path / "clip.mp4", [k / fps for k in range(90)], fps=fps)
    np.testing.assert_allclose(clips.frame_times(path), np.arange(90) / fps, rtol=0, atol=1e-5)
    assert clips.video_length(path) == pytest.approx(90 / fps, abs=0.002)


def test_colours_stay_and_are_named_for_players(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", STEADY)
    first, last = (frame.astype(int) for frame in clips.decoded(path)[:: len(STEADY) - 1])
    for frame, bright in ((first, 80), (last, 80 + 3 * 39)):
        np.testing.assert_allclose(frame[20:28, 4:28].reshape(-1, 3).mean(0), (bright, 0, 0), atol=6)
        np.testing.assert_allclose(frame[20:28, 36:60].reshape(-1, 3).mean(0), (0, bright, 0), atol=6)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
        assert container.metadata["comment"] == "a comment"


@pytest.mark.parametrize(("size_wh", "written_wh"), [((63, 47), (64, 48)), ((64, 47), (64, 48)), ((5, 3), (6, 4))])
def test_an_odd_size_gets_a_row_or_column_more(
    tmp_path: Path, size_wh: tuple[int, int], written_wh: tuple[int, int]
) -> None:
    frames = clips.decoded(write(tmp_path / "clip.mp4", STEADY, size_wh=size_wh))
    assert frames[0].shape == (written_wh[1], written_wh[0], 3)
    assert frames[0][-1, 0, 0] > 60  # the edge goes on


def test_the_index_is_in_front(tmp_path: Path) -> None:
    data = write(tmp_path / "clip.mp4", STEADY).read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    assert b"moof" not in data


def test_sound_is_copied_packet_by_packet(tmp_path: Path) -> None:
    clip = clips.make_clip(tmp_path / "source.mp4", STEADY, sound="aac")
    path = write(tmp_path / "clip.mp4", STEADY, clip)
    codec, packets = clips.sound_packets(path)
    assert codec == "aac"
    expected = clips.sound_packets(clip)[1]
    assert [data for _, data in packets] == [data for _, data in expected]
    np.testing.assert_allclose([at for at, _ in packets], [at for at, _ in expected], rtol=0, atol=1e-4)


@pytest.mark.parametrize(("codec", "name"), [("pcm_s16le", "source.mov"), ("mp2", "source.mkv")])
def test_sound_that_mp4_cannot_hold_becomes_aac(tmp_path: Path, codec: str, name: str) -> None:
    clip = clips.make_clip(tmp_path / name, STEADY, sound=codec)
    path = write(tmp_path / "clip.mp4", STEADY, clip)
    assert clips.sound_packets(path)[0] == "aac"
    samples = clips.tone(path)
    assert len(samples) == pytest.approx(clips.RATE_HZ * 40 / 30, abs=3000)
    spectrum = np.abs(np.fft.rfft(samples[:24_000]))
    assert np.argmax(spectrum) == pytest.approx(440 * len(samples[:24_000]) / clips.RATE_HZ, abs=2)


def test_of_a_part_the_sound_of_that_part_is_kept(tmp_path: Path) -> None:
    clip = clips.make_clip(tmp_path / "source.mp4", [k / 30 for k in range(120)], sound="aac")
    path = write(tmp_path / "clip.mp4", [1.5 + k / 30 for k in range(30)], clip)
    whole = clips.sound_packets(clip)[1]
    expected = [(at - 1.5, data) for at, data in whole if at + 2048 / clips.RATE_HZ > 1.5 and at < 2.5]
    packets = clips.sound_packets(path)[1]
    assert [data for _, data in packets] == [data for _, data in expected]
    np.testing.assert_allclose([at for at, _ in packets], [at for at, _ in expected], rtol=0, atol=1e-3)
    assert clips.video_length(path) == pytest.approx(1.0, abs=0.001)
    np.testing.assert_allclose(clips.frame_times(path), np.arange(30) / 30, rtol=0, atol=2e-5)


def test_sound_that_goes_on_after_the_last_frame_is_kept_with_the_whole_clip(tmp_path: Path) -> None:
    clip = clips.make_clip(tmp_path / "source.mp4", STEADY, sound="aac", sound_s=2.0)
    path = write(tmp_path / "clip.mp4", STEADY, clip)
    assert len(clips.sound_packets(path)[1]) == len(clips.sound_packets(clip)[1])


def test_a_clip_without_sound_gives_none(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", STEADY, clips.make_clip(tmp_path / "source.mp4", STEADY))
    with av.open(str(path)) as container:
        assert not container.streams.audio


def test_sound_that_cannot_be_read_costs_only_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "source.mp4").write_bytes(b"no video at all, and no sound")
    path = write(tmp_path / "clip.mp4", STEADY, tmp_path / "source.mp4")
    assert len(clips.decoded(path)) == 40
    (line,) = caplog.messages
    assert line.startswith(f"{path} has no sound: {tmp_path / 'source.mp4'} cannot be read: ")


def test_a_recording_under_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with VideoFile(path, (64, 48), 30.0, ""), pytest.raises(InputError, match="another wb-track"):
        finish_video(partial_path(path), path)


def test_a_video_of_nothing_is_not_written(tmp_path: Path) -> None:
    with VideoFile(tmp_path / "clip.mp4", (64, 48), 30.0, "") as video:
        assert video.finish() == []
    assert list(tmp_path.iterdir()) == []


def test_a_recording_never_overwrites_another(tmp_path: Path) -> None:
    partial = clips.killed(tmp_path / "clip.mp4", 60)
    before = partial.read_bytes()
    with pytest.raises(FileExistsError):
        VideoFile(tmp_path / "clip.mp4", (64, 48), 30.0, "")
    assert partial.read_bytes() == before


class _FullDisk:
    """A file that takes so many bytes."""

    def __init__(self, file: Any, size: int) -> None:
        self._file, self._size = file, size

    def write(self, data: Any) -> int:
        if self._file.tell() + len(data) > self._size:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.parametrize(("size", "enough"), [(60_000, True), (900, False)])
def test_a_full_disk_keeps_the_frames_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, *, enough: bool
) -> None:
    opened = Path.open

    def limited(self: Path, mode: str = "r", *rest: Any, **settings: Any) -> Any:
        file = opened(self, mode, *rest, **settings)
        return _FullDisk(file, size) if mode == "xb" else file

    monkeypatch.setattr(Path, "open", limited)
    monkeypatch.setattr(video_file, "locked", lambda _: True)
    path = tmp_path / "clip.mp4"
    noise = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)

    def fill(video: VideoFile) -> None:
        for k in range(400):
            video.add(np.roll(noise, k, 1), k / 30)

    with VideoFile(path, (64, 48), 30.0, "") as video:
        with pytest.raises(OSError, match="No space left"):
            fill(video)
        monkeypatch.undo()
        assert video.finish() == ([path] if enough else [])
    if enough:
        assert len(clips.decoded(path)) >= 5
    assert not partial_path(path).exists()


def test_where_the_video_cannot_be_written_the_partial_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.mp4"
    with VideoFile(path, (64, 48), 30.0, "") as video:
        for k in range(40):
            video.add(clips.picture(k), k / 30)

        def full(*_: Any) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(video_finish, "_write", full)
        with pytest.raises(TrackingError, match=r"every frame is in .*clip.mp4.partial, which plays as it is"):
            video.finish()
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == ["clip.mp4.partial"]
    assert len(clips.decoded(partial_path(path))) == 40
    assert finish_video(partial_path(path), path) == [path]
