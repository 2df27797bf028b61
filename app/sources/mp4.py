"""Whether an MP4 or MOV file is whole, from the sizes in it (ISO/IEC 14496-12, section 4.2)."""

from __future__ import annotations

import struct
from pathlib import Path

_INDEXES = {b"moov", b"meta"}  # of a video, of an image (HEIF)
_FIRST_BOXES = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
_LATER_BOXES = (b"uuid", b"udta", b"meta", b"moof", b"mfra", b"sidx", b"styp", b"emsg", b"prft", b"pdin", b"pnot")
_MEDIA = {b"mdat", b"moof"}


def missing_bytes(path: Path) -> str:
    """What is missing from an MP4 or MOV file, in words; empty for a whole file and for other formats.

    FFmpeg decodes the beginning of a cut-off file and says nothing about the rest.
    """
    size = path.stat().st_size
    seen: set[bytes] = set()
    with path.open("rb") as file:
        at = 0
        while at < size:
            file.seek(at)
            header = file.read(16)
            kind = header[4:8]
            whole = seen & _INDEXES and seen & _MEDIA  # what follows may be a camera's or a tagger's, no box
            if kind not in _FIRST_BOXES and (at == 0 or (whole and kind not in _LATER_BOXES)):
                return ""
            if len(header) < 8:
                return f"its last {len(header)} bytes are the beginning of something"
            (length,) = struct.unpack(">I", header[:4])
            if length == 1 and len(header) < 16:
                return f"its last {len(header)} bytes are the beginning of something"
            if length == 1:
                (length,) = struct.unpack(">Q", header[8:])
            elif length == 0:  # the last box, as long as the file is
                length = size - at
            if length < 8:
                return ""  # not boxes after all: for the decoder to judge
            seen.add(kind)
            at += length
    if at > size:
        return f"{size:,} of at least {at:,} bytes are there"
    return "" if seen & _INDEXES else "its index (moov), written last, is not there"
