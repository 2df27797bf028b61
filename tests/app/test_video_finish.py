"""Videos whose writer was killed: they play, and are finished with their sound."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import av
import numpy as np
import pytest

from app.errors import InputError
from app.recording.journal import NothingRecordedError
from app.recording.outputs import recover_left_over
from app.recording.video_finish import finish_video
from tests.app import clips

STEADY = [k / 30 for k in range(40)]


def test_a_killed_recording_plays_and_is_recovered(tmp_path: Path) -> None:
    partial = clips.killed(tmp_path / "clip.mp4", 90)
    playing = len(clips.decoded(partial))
    assert playing >= 90 - 45  # a second and what the encoder looks ahead
    assert finish_video(partial, tmp_path / "clip.mp4") == [tmp_path / "clip.mp4"]
    times = clips.frame_times(tmp_path / "clip.mp4")
    np.testing.assert_allclose(times, np.arange(playing) / 30, rtol=0, atol=2e-5)
    assert not partial.exists()


def test_a_recovered_recording_has_the_sound_of_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    clip = clips.make_clip(Path("\u00fcbung, \u30c6.mp4"), [k / 30 for k in range(150)], sound="aac")
    partial = clips.killed(tmp_path / "clip.mp4", 90, clip, 0.5)
    monkeypatch.chdir("/")  # recovered from anywhere
    finish_video(partial, tmp_path / "clip.mp4")
    length_s = clips.video_length(tmp_path / "clip.mp4")
    packets = clips.sound_packets(tmp_path / "clip.mp4")[1]
    whole = [(at - 0.5, data) for at, data in clips.sound_packets(tmp_path / clip)[1]]
    expected = [(at, data) for at, data in whole if -2048 / clips.RATE_HZ < at < length_s]
    assert [data for _, data in packets] == [data for _, data in expected]
    np.testing.assert_allclose([at for at, _ in packets], [at for at, _ in expected], rtol=0, atol=1e-3)
    assert not caplog.messages
    with av.open(str(tmp_path / "clip.mp4")) as container:  # where the clip lies is nobody's business
        assert container.metadata["comment"] == "a comment"
        assert not any(str(tmp_path) in value for value in container.metadata.values())


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_the_clip_s_name_need_not_be_text(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    clips.make_clip(tmp_path / "clip.mp4", STEADY, sound="aac").rename(clip)
    finish_video(clips.killed(tmp_path / "overlay.mp4", 90, clip), tmp_path / "overlay.mp4")
    assert clips.sound_packets(tmp_path / "overlay.mp4")[1]
    assert not caplog.messages


def test_a_recovered_recording_whose_clip_is_gone_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = clips.make_clip(tmp_path / "source.mp4", STEADY, sound="aac")
    partial = clips.killed(tmp_path / "clip.mp4", 90, clip)
    clip.unlink()
    finish_video(partial, tmp_path / "clip.mp4")
    assert caplog.messages == [
        f"{tmp_path / 'clip.mp4'} has no sound: {clip} cannot be read: No such file or directory"
    ]
    assert len(clips.decoded(tmp_path / "clip.mp4")) >= 45


@pytest.mark.parametrize("cut", [1, 40, 300])
def test_a_torn_end_costs_itself_only(tmp_path: Path, cut: int) -> None:
    partial = clips.killed(tmp_path / "clip.mp4", 90)
    whole = len(clips.frame_times(partial))
    partial.write_bytes(partial.read_bytes()[:-cut])
    finish_video(partial, tmp_path / "clip.mp4")
    assert whole - 20 <= len(clips.decoded(tmp_path / "clip.mp4")) < whole


@pytest.mark.parametrize("frames", [1, 40])
def test_a_recording_cut_off_before_its_first_frame_is_told_from_others(tmp_path: Path, frames: int) -> None:
    partial = clips.killed(tmp_path / "clip.mp4", frames)
    whole = partial.read_bytes()
    start = whole[: whole.index(b"moof") - 4] if frames > 1 else b""  # what there is before x264 gives a frame
    partial.write_bytes(start)
    with pytest.raises(NothingRecordedError, match="holds no frame"):
        finish_video(partial, tmp_path / "clip.mp4")
    assert partial.read_bytes() == start
    assert recover_left_over(tmp_path / "clip.mp4") == []
    assert not partial.exists()


def test_a_recording_whose_frames_cannot_be_read_is_kept(tmp_path: Path) -> None:
    partial = clips.killed(tmp_path / "clip.mp4", 90)
    damaged = partial.read_bytes().replace(b"avc1", b"none").replace(b"trak", b"none")
    partial.write_bytes(damaged)
    with pytest.raises(InputError, match="no frame of it can be read"):
        recover_left_over(tmp_path / "clip.mp4")
    assert partial.read_bytes() == damaged


def test_a_video_of_another_program_is_refused_and_kept(tmp_path: Path) -> None:
    """Only its pictures would be taken over, and its sound lost."""
    partial = clips.make_clip(tmp_path / "other.mp4", STEADY, sound="aac").rename(tmp_path / "clip.mp4.partial")
    content = partial.read_bytes()
    with pytest.raises(InputError, match="is not a recording of wb-track"):
        recover_left_over(tmp_path / "clip.mp4")
    assert partial.read_bytes() == content
