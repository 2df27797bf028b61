"""The overlay video shows every frame with the people who were in it."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import TrackingError
from app.frame import Result
from app.recording.overlay import OverlayRecorder
from app.recording.take import Take
from app.recording.video_file import VideoFile
from app.rendering.picture import PictureRenderer
from app.rendering.scene import Scene
from models.smplx_body import SmplxBody
from tests.app import clips, people


class Fake(PictureRenderer):
    """Draws the number of people as a brightness, and remembers."""

    def __init__(self) -> None:
        super().__init__(None)
        self.scenes: list[Scene] = []
        self.closed = False

    def draw(self, scene: Scene, size_wh: tuple[int, int]) -> NDArray[np.uint8]:
        self.scenes.append(scene)
        return np.full((size_wh[1], size_wh[0], 3), 60 * len(scene.people), np.uint8)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def take(body: SmplxBody) -> Take:
    return people.take(body)


def result(body: SmplxBody, index: int, count: int) -> Result:
    frame = people.frame(index)
    return Result(frame, tuple(people.person(body, k, track_id=k + 1) for k in range(count)))


def test_every_frame_is_shown_with_its_people_and_time(tmp_path: Path, body: SmplxBody, take: Take) -> None:
    counts = [0, 1, 2, 0, 1]
    renderer = Fake()
    with OverlayRecorder(tmp_path / "clip.mp4", take, renderer, None) as recorder:
        for index, count in enumerate(counts):
            given = result(body, 3 * index, count)
            assert recorder(given) is given
        assert recorder.frames == 5
        assert recorder.finish() == [tmp_path / "clip.mp4"]
    assert renderer.closed
    assert renderer.scenes[1].background is not None
    assert [len(scene.people) for scene in renderer.scenes] == counts
    assert all(scene.camera == take.camera for scene in renderer.scenes)
    np.testing.assert_allclose(clips.frame_times(tmp_path / "clip.mp4"), np.arange(5) / 10, rtol=0, atol=2e-5)
    shown = [frame.mean() for frame in clips.decoded(tmp_path / "clip.mp4")]
    np.testing.assert_allclose(shown, [60 * count for count in counts], atol=4)


def test_a_full_disk_is_said_with_the_frame_and_the_file(
    tmp_path: Path, body: SmplxBody, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with OverlayRecorder(tmp_path / "clip.mp4", take, Fake(), None) as recorder:
        recorder(result(body, 0, 1))
        monkeypatch.setattr(VideoFile, "add", full)
        with pytest.raises(TrackingError, match=r"frame 1: No space left on device \(.*clip.mp4.partial\)"):
            recorder(result(body, 1, 1))
        assert recorder.finish() == [tmp_path / "clip.mp4"]
    assert len(clips.decoded(tmp_path / "clip.mp4")) == 1


def test_a_file_that_cannot_be_made_closes_the_renderer(tmp_path: Path, take: Take) -> None:
    renderer = Fake()
    with pytest.raises(FileNotFoundError):
        OverlayRecorder(tmp_path / "missing" / "clip.mp4", take, renderer, None)
    assert renderer.closed
