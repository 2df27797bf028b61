"""Frames from image files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.errors import InputError, TrackingError
from app.sources.images import ImageSource, natural_order
from tests.app.sources.pictures import COLOUR, frames_of, numbered_folder, plain, write
from tests.standins import DATA


@pytest.mark.parametrize(
    "names",
    [
        # Numbers are numbers.
        ("1.png", "2.png", "10.png", "100.png"),
        ("frame2.png", "frame10.png"),
        # Digits in the middle, and more than once.
        ("shot2_take10_a.png", "shot10_take2_a.png", "shot10_take11_a.png"),
        ("a1b2.png", "a1b10.png", "a2b1.png"),
        # Large and small letters are the same.
        ("A1.png", "a2.PNG", "A3.png", "b1.png"),
        # Leading zeros.
        ("001.png", "002.png", "010.png"),
        ("01.png", "1.png", "2.png"),
        # With and without a number.
        ("frame1.png", "frames.png"),
        ("1.png", "a.png"),
        # Different kinds of image.
        ("1.jpg", "2.bmp", "3.webp", "4.tiff"),
        # Digits of other scripts, and what only looks like one.
        ("\u0661.png", "\u0662.png"),
        ("1\u00b22.png", "1\u00b23.png"),
    ],
)
def test_images_come_in_natural_order(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in reversed(names):
        (tmp_path / name).touch()
    assert [path.name for path in natural_order(tmp_path)] == list(names)


def test_other_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in ("1.png", "notes.txt", "2.JPG", "clip.mp4", "png", ".png"):
        (tmp_path / name).touch()
    (tmp_path / "3.png").mkdir()
    assert [path.name for path in natural_order(tmp_path)] == ["1.png", "2.JPG"]


def test_frames_are_numbered_and_a_thirtieth_of_a_second_apart(tmp_path: Path) -> None:
    frames = frames_of(numbered_folder(tmp_path / "take", 12))
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == [k / 30 for k in range(12)]
    assert [int(frame.rgb[0, 0, 0]) for frame in frames] == [10 * k for k in range(12)]


def test_what_is_known_before_the_first_frame(tmp_path: Path) -> None:
    with ImageSource(numbered_folder(tmp_path / "take", 3)) as source:
        assert (source.name, source.size_wh, source.fps, source.frame_count) == ("take", (32, 24), 30.0, 3)


_RGBA = np.dstack((plain(), np.full((24, 32), 128, np.uint8)))
_GREY = np.full((24, 32), 90, np.uint8)


@pytest.mark.parametrize(
    ("suffix", "pixels", "colour"),
    [
        # Red stays red.
        (".png", plain(), COLOUR),
        (".bmp", plain(), COLOUR),
        (".tiff", plain(), COLOUR),
        (".jpg", plain(), COLOUR),
        (".webp", plain(), COLOUR),
        # Transparency is left out.
        (".png", _RGBA, COLOUR),
        # Grey becomes three equal channels.
        (".png", _GREY, (90, 90, 90)),
        (".jpg", _GREY, (90, 90, 90)),
        # Sixteen bits become eight.
        (".png", plain().astype(np.uint16) * 257, COLOUR),
        (".png", _GREY.astype(np.uint16) * 257, (90, 90, 90)),
        (".tiff", plain().astype(np.uint16) * 257, COLOUR),
    ],
)
def test_every_kind_of_image_comes_as_rgb_uint8(
    tmp_path: Path, suffix: str, pixels: NDArray[np.uint8] | NDArray[np.uint16], colour: tuple[int, int, int]
) -> None:
    (frame,) = frames_of(write(tmp_path / f"image{suffix}", pixels))
    assert (frame.rgb.shape, frame.rgb.dtype.name) == ((24, 32, 3), "uint8")
    np.testing.assert_allclose(frame.rgb.reshape(-1, 3).mean(0), colour, atol=3)


def _with_orientation(jpeg: Path, orientation: int) -> None:
    """Put an EXIF segment with nothing but the orientation (tag 0x0112) after the JPEG's first two bytes."""
    directory = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    exif = b"Exif\0\0" + b"MM\0*" + struct.pack(">I", 8) + directory
    content = jpeg.read_bytes()
    jpeg.write_bytes(content[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + content[2:])


@pytest.mark.parametrize(
    ("orientation", "size_wh", "corner"),
    [
        # Upright.
        (1, (32, 24), (0, 0)),
        # Mirrored.
        (2, (32, 24), (0, -1)),
        # Upside down.
        (3, (32, 24), (-1, -1)),
        # To be turned clockwise: what was top left is top right.
        (6, (24, 32), (0, -1)),
        # To be turned anticlockwise: bottom left.
        (8, (24, 32), (-1, 0)),
    ],
)
def test_an_image_is_turned_as_its_exif_data_say(
    tmp_path: Path, orientation: int, size_wh: tuple[int, int], corner: tuple[int, int]
) -> None:
    pixels = plain((0, 0, 0))
    pixels[:8, :8] = 255
    path = write(tmp_path / "photo.jpg", pixels)
    _with_orientation(path, orientation)
    with ImageSource(path) as source:
        (frame,) = source
        assert source.size_wh == frame.size_wh == size_wh
    bright = {at for at in ((0, 0), (0, -1), (-1, 0), (-1, -1)) if frame.rgb[at].mean() > 128}
    assert bright == {corner}


def test_one_image_is_one_frame(tmp_path: Path) -> None:
    with ImageSource(write(tmp_path / "still.png", plain())) as source:
        assert (source.name, source.frame_count) == ("still.png", 1)
        (frame,) = source
    assert (frame.index, frame.time_s) == (0, 0.0)


@pytest.mark.parametrize(
    "name",
    [
        # Japanese, an accent, an emoji, blanks.
        "\u30c6\u30b9\u30c8",
        "\u00fcbung",
        "\U0001f3c3",
        "my take 1",
    ],
)
def test_names_in_any_script_are_read(tmp_path: Path, name: str) -> None:
    folder = numbered_folder(tmp_path / name, 2)
    (folder / "1.png").rename(folder / f"{name}.png")
    assert len(frames_of(folder)) == 2


@pytest.mark.parametrize(
    ("start_s", "duration_s", "indices"),
    [
        # All of them.
        (0.0, None, range(12)),
        # From the third on, and from the nearest.
        (2 / 30, None, range(2, 12)),
        (0.1, None, range(3, 12)),
        # The first ones.
        (0.0, 0.1, range(3)),
        # Some in the middle, and past the end.
        (0.2, 0.1, range(6, 9)),
        (0.3, 9.0, range(9, 12)),
    ],
)
def test_a_part_keeps_indices_and_times(
    tmp_path: Path, start_s: float, duration_s: float | None, indices: range
) -> None:
    folder = numbered_folder(tmp_path / "take", 12)
    with ImageSource(folder, start_s, duration_s) as source:
        assert source.frame_count == len(indices)
        frames = list(source)
    assert [frame.index for frame in frames] == list(indices)
    assert [frame.time_s for frame in frames] == [k / 30 for k in indices]
    assert [int(frame.rgb[0, 0, 0]) for frame in frames] == [10 * k for k in indices]


def test_a_part_past_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has 3 images, none of them in the part asked for"):
        ImageSource(numbered_folder(tmp_path / "take", 3), 1.0)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"holds no images; expected .*\.jpg.*\.png"):
        ImageSource(tmp_path)


def _png(width: int, height: int) -> bytes:
    """So large by its header, with a few bytes of a picture."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize(
    "content",
    [
        # Nothing, text, and the first bytes of a real image.
        b"",
        b"It was a dark and stormy night.",
        (DATA / "frame.png").read_bytes()[:20],
        # More pixels than OpenCV takes.
        _png(40000, 40000),
    ],
)
def test_an_unreadable_first_image_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = numbered_folder(tmp_path / "take", 3)
    (folder / "0.png").write_bytes(content)
    with pytest.raises(InputError, match=r"0\.png cannot be read as an image"):
        ImageSource(folder)


def _break(path: Path) -> None:
    path.write_bytes(b"no image")


def _enlarge(path: Path) -> None:
    write(path, plain(size_wh=(40, 30)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        # Unreadable, gone since the folder was listed, of another size.
        (_break, r"2\.png cannot be read as an image"),
        (Path.unlink, r"2\.png cannot be read as an image"),
        (_enlarge, r"2\.png is 40 x 30 pixels, the images before it 32 x 24; a take has one size"),
    ],
)
def test_a_bad_later_image_ends_the_take_after_those_before_it(
    tmp_path: Path, change: Callable[[Path], None], said: str
) -> None:
    source = ImageSource(numbered_folder(tmp_path / "take", 4))
    change(tmp_path / "take" / "2.png")
    frames = iter(source)
    assert [next(frames).index, next(frames).index] == [0, 1]
    with pytest.raises(TrackingError, match=said):
        next(frames)
