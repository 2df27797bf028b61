"""The crash-safe file a take is recorded to: a header, then records of one size, each with a checksum.

Whatever ends the program, every record that was written whole can be read again. `recording.npz_file` makes the final
file of it.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.recording.lock import locked
from app.recording.take import Take
from engines.closing import Closing

_MAGIC = b"wb-track partial 1\n"
_LENGTH = struct.Struct("<Q")
_LONGEST_HEADER = 1 << 26  # bytes; that of 10,475 vertices is a quarter of a million
_ZIP_END = b"PK\x05\x06"  # of a header that is whole
_SYNC_S = 1.0  # what a loss of power may cost


class NothingRecordedError(InputError):
    """The recording was cut off before its first frame."""


class Journal(Closing):
    """Appends records. A record that could not be written whole is cut off again, so the file stays readable."""

    def __init__(self, path: Path, take: Take) -> None:
        """Starts a new file. Raises OSError, FileExistsError for one that is there."""
        self.path = path
        header = take.to_bytes()
        self._file = path.open("xb", buffering=0)
        locked(self._file)
        self._end = 0
        self._synced_s = time.monotonic()
        try:
            self._write(_MAGIC + _LENGTH.pack(len(header)) + header)
        except OSError:
            self._file.close()
            path.unlink(missing_ok=True)
            raise

    def append(self, record: NDArray[Any]) -> None:
        """Write one record. Raises OSError, the records before it safe."""
        data = bytearray(record.tobytes())
        data[-4:] = struct.pack("<I", zlib.crc32(data[:-4]))
        self._write(bytes(data))
        if time.monotonic() - self._synced_s >= _SYNC_S:
            os.fsync(self._file.fileno())
            self._synced_s = time.monotonic()

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end += len(data)


@dataclass(frozen=True)
class Recorded:
    """What is in a journal. records (N,): mapped from the file. whole (M,): the rows whose checksum is right."""

    take: Take
    records: NDArray[Any]
    whole: NDArray[np.intp]

    @property
    def damaged(self) -> int:
        """How many records are not whole, one that was cut off at the end not counted."""
        return len(self.records) - len(self.whole)


def read_journal(path: Path) -> Recorded:
    """Every record that is whole, whatever lies before it.

    Raises NothingRecordedError for a file that ends before its header does, InputError for any other that cannot be
    read.
    """
    if not path.is_file():
        raise InputError(f"no recording at {path}")
    with path.open("rb") as file:
        if not locked(file):
            raise InputError(f"{path} is being written by another wb-track; wait for it, or choose another --out")
        begin = file.read(len(_MAGIC))
        if begin and begin != _MAGIC:
            raise InputError(
                f"{path} is not a recording of wb-track (mesh.npz.partial); move it away, or choose another --out"
            )
        take = _take(file, path)
        start = file.tell()
    dtype = take.record_dtype
    count = (path.stat().st_size - start) // dtype.itemsize
    if not count:
        return Recorded(take, np.zeros(0, dtype), np.zeros(0, np.intp))
    records = np.memmap(path, dtype, mode="r", offset=start, shape=(count,))
    return Recorded(take, records, np.flatnonzero(_are_whole(records)))


def _take(file: IO[bytes], path: Path) -> Take:
    """Read the header's length and the header. See `read_journal`."""
    packed = file.read(_LENGTH.size)
    length = _LENGTH.unpack(packed)[0] if len(packed) == _LENGTH.size else _LONGEST_HEADER
    header = file.read(min(length, _LONGEST_HEADER))
    if len(header) < min(length, _LONGEST_HEADER) and _ZIP_END not in header:
        raise NothingRecordedError(f"{path} was cut off before its first frame; nothing is in it")
    try:
        if len(header) < length:
            raise ValueError(f"a header of {length:,} bytes")
        return Take.from_bytes(header)
    except Exception as error:
        raise InputError(
            f"{path} is of another version of wb-track, or damaged: its header cannot be read; recover it with the "
            "version that recorded it, or move it away"
        ) from error


def _are_whole(records: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,): whose checksum is right."""
    raw = records.view(np.uint8).reshape(len(records), -1)
    found = np.fromiter((zlib.crc32(row[:-4].tobytes()) for row in raw), np.uint32, len(raw))
    return np.asarray(found == records["crc"])
