"""Which source a path means."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import cv2
import pytest

from app.errors import InputError
from app.sources.images import ImageSource
from app.sources.source import open_source
from app.sources.video import VideoSource
from tests.app.sources.pictures import numbered_folder, plain, write


def test_a_folder_opens_as_images(tmp_path: Path) -> None:
    with open_source(numbered_folder(tmp_path / "take", 3), 1 / 30, 1 / 30) as source:
        assert isinstance(source, ImageSource)
        assert [frame.index for frame in source] == [1]


def test_a_folder_with_the_name_of_a_clip_opens_as_images(tmp_path: Path) -> None:
    with open_source(numbered_folder(tmp_path / "take.mp4", 2)) as source:
        assert isinstance(source, ImageSource)


@pytest.mark.parametrize("name", ["still.png", "still.PNG", "still.jpeg", "still.TIF"])
def test_an_image_opens_as_images_by_its_suffix(tmp_path: Path, name: str) -> None:
    with open_source(write(tmp_path / name, plain())) as source:
        assert isinstance(source, ImageSource)


def test_anything_else_opens_as_video(tmp_path: Path) -> None:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (32, 24))
    for _ in range(5):
        writer.write(plain())
    writer.release()
    with open_source(path, 0.08, 0.08) as source:
        assert isinstance(source, VideoSource)
        assert [frame.index for frame in source] == [2, 3]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        # Nothing there, whatever it is called.
        ("missing.mp4", "no video, image or folder at .*missing.mp4"),
        ("missing.png", "no video, image or folder at .*missing.png"),
        ("missing", "no video, image or folder at .*missing"),
        # An empty folder, and files that are not what their names say.
        ("empty", "holds no images"),
        ("text.png", "cannot be read as an image"),
        ("text.mp4", "cannot be read as a video"),
    ],
)
def test_what_cannot_be_a_source_is_refused_in_a_sentence(tmp_path: Path, name: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    for text in ("text.png", "text.mp4"):
        (tmp_path / text).write_text("It was a dark and stormy night.\n" * 20)
    with pytest.raises(InputError, match=said) as caught:
        open_source(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_clip_that_may_not_be_read_is_refused_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"something")
    denied = PermissionError(13, "Permission denied", str(path))
    monkeypatch.setattr("app.sources.video.missing_bytes", Mock(side_effect=denied))
    with pytest.raises(InputError, match=r"clip\.mp4 cannot be read: Permission denied; make it readable"):
        open_source(path)
