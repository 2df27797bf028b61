"""Whether MP4 files are whole, told from the sizes of their boxes."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from app.sources.mp4 import missing_bytes


def _box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + kind + content


def _large_box(kind: bytes, content: bytes = b"") -> bytes:
    """A box whose size is written in 64 bits, as cameras do for long recordings."""
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def _last_box(kind: bytes, content: bytes = b"") -> bytes:
    """A box of size 0: as long as the file is."""
    return struct.pack(">I4s", 0, kind) + content


_FTYP = _box(b"ftyp", b"isom" * 4)  # 24 bytes
_MOOV = _box(b"moov", bytes(200))  # 208 bytes
_MDAT = _box(b"mdat", bytes(1000))  # 1008 bytes


def _missing(tmp_path: Path, content: bytes) -> str:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    return missing_bytes(path)


@pytest.mark.parametrize(
    "content",
    [
        # The index last, and first.
        _FTYP + _MDAT + _MOOV,
        _FTYP + _MOOV + _MDAT,
        # Space left free at the end.
        _FTYP + _MOOV + _MDAT + _box(b"free", bytes(64)),
        # A box without content.
        _FTYP + _box(b"free") + _MDAT + _MOOV,
        # An old QuickTime file: no ftyp.
        _box(b"wide") + _MDAT + _MOOV,
        _MOOV + _MDAT,
        # Sizes in 64 bits.
        _FTYP + _large_box(b"mdat", bytes(1000)) + _MOOV,
        # The last box is as long as the file.
        _FTYP + _MOOV + _last_box(b"mdat", bytes(1000)),
        _FTYP + _MOOV + _last_box(b"mdat"),
        # What is no box, behind the last one: by cameras, by taggers.
        _FTYP + _MOOV + _MDAT + b"\0\0\0\1",
        _FTYP + _MDAT + _MOOV + b"TAG" + bytes(125),
        _FTYP + _MDAT + _MOOV + b"Some camera's own words " * 20,
        # An image, as phones write them.
        _FTYP + _box(b"meta", bytes(200)) + _MDAT,
    ],
)
def test_nothing_is_missing_from_a_whole_file(tmp_path: Path, content: bytes) -> None:
    assert _missing(tmp_path, content) == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        # Inside the first box.
        (_FTYP[:20], "20 of at least 24 bytes are there"),
        # One byte short.
        ((_FTYP + _MOOV + _MDAT)[:-1], "1,239 of at least 1,240 bytes are there"),
        # Inside the pictures.
        ((_FTYP + _MDAT + _MOOV)[:500], "500 of at least 1,032 bytes are there"),
        # Inside the pictures of a long recording, whose size is in 64 bits.
        ((_FTYP + _large_box(b"mdat", bytes(1000)) + _MOOV)[:500], "500 of at least 1,040 bytes are there"),
        # Of 5 GB, next to nothing.
        (
            _FTYP + struct.pack(">I4sQ", 1, b"mdat", 5_000_000_000) + bytes(9),
            "49 of at least 5,000,000,024 bytes are there",
        ),
        # Inside the index.
        ((_FTYP + _MDAT + _MOOV)[:1100], "1,100 of at least 1,240 bytes are there"),
        # Inside the header of a box.
        ((_FTYP + _MOOV + _MDAT)[:235], "its last 3 bytes are the beginning of something"),
        # Recording ended before the index was written.
        (_FTYP + _MDAT, "its index (moov), written last, is not there"),
        (_FTYP, "its index (moov), written last, is not there"),
        (_FTYP + _last_box(b"mdat", bytes(100)), "its index (moov), written last, is not there"),
    ],
)
def test_what_is_missing_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    assert _missing(tmp_path, content) == said


_LONG_RECORDING = _FTYP + _MOOV + _large_box(b"mdat", bytes(1000))  # the last box starts at 232, its pictures at 248


@pytest.mark.parametrize(
    "cut",
    [
        # The header's first bytes, its kind, and the size.
        *range(233, 240),
        # Between the two halves of the header.
        *range(240, 248),
        # The pictures: none, one byte, all but one.
        *(248, 249, 1247),
    ],
)
def test_no_length_of_a_cut_off_long_recording_passes_for_whole(tmp_path: Path, cut: int) -> None:
    assert len(_LONG_RECORDING) == 1248
    assert _missing(tmp_path, _LONG_RECORDING[:cut])


@pytest.mark.parametrize(
    "content",
    [
        # Matroska, AVI, a transport stream, text, and fewer bytes than a header.
        b"\x1aE\xdf\xa3" + bytes(100),
        b"RIFF\x10\x00\x00\x00AVI LIST" + bytes(100),
        (b"G" + bytes(187)) * 3,
        b"It was a dark and stormy night.",
        b"ab",
        # A size that no box can have: for the decoder to judge.
        _FTYP + struct.pack(">I4s", 5, b"mdat") + bytes(100),
    ],
)
def test_other_files_are_left_to_the_decoder(tmp_path: Path, content: bytes) -> None:
    assert _missing(tmp_path, content) == ""
