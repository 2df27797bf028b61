"""The crash-safe file a take is recorded to: a header, then records of one size, each with a checksum.

Whatever ends the program, every record that was written whole can be read again. `recording.npz_file` makes the final
file of it.
"""

from __future__ import annotations

import os
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import InputError
from app.recording.lock import locked
from app.recording.take import Take
from engines.closing import Closing

_MAGIC = b"wb-track partial 1\n"
_LENGTH = struct.Struct("<Q")
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


def read_journal(path: Path) -> tuple[Take, NDArray[Any]]:
    """The take and its records (N,), mapped from the file, up to the first that is not whole. Raises InputError."""
    if not path.is_file():
        raise InputError(f"no recording at {path}")
    with path.open("rb") as file:
        if not locked(file):
            raise InputError(f"{path} is being written by another wb-track; wait for it, or choose another --out")
        if file.read(len(_MAGIC)) != _MAGIC:
            raise InputError(f"{path} is not a recording of wb-track (mesh.npz.partial)")
        try:
            (length,) = _LENGTH.unpack(file.read(_LENGTH.size))
            take = Take.from_bytes(file.read(length))
        except Exception as error:
            raise NothingRecordedError(f"{path} was cut off before its first frame; nothing is in it") from error
        start = file.tell()
    dtype = take.record_dtype
    count = (path.stat().st_size - start) // dtype.itemsize
    if not count:
        return take, np.zeros(0, dtype)
    records = np.memmap(path, dtype, mode="r", offset=start, shape=(count,))
    return take, records[: _whole(records)]


def _whole(records: NDArray[Any]) -> int:
    """How many records, from the first, have the right checksum."""
    raw = records.view(np.uint8).reshape(len(records), -1)
    for index, row in enumerate(raw):
        if zlib.crc32(row[:-4].tobytes()) != records["crc"][index]:
            return index
    return len(records)
