"""Nothing recorded is lost: torn files, full disks, takes left over."""

from __future__ import annotations

import errno
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import InputError, TrackingError
from app.frame import Result
from app.recording import journal as journal_module
from app.recording.journal import Journal, read_journal
from app.recording.outputs import recover_left_over
from app.recording.partial import final_path, partial_path
from app.recording.recorder import NpzRecorder, recover
from app.recording.take import Take
from models.smplx_body import SmplxBody
from tests.app import people
from tests.app.takes import read


def unfinished(tmp_path: Path, body: SmplxBody, frames: int) -> Path:
    """A partial file as a killed program leaves it."""
    path = tmp_path / "mesh.npz"
    recorder = NpzRecorder(path, people.take(body, vertices=False))
    for index in range(frames):
        recorder(Result(people.frame(index), (people.person(body, index),)))
    recorder.close()
    return partial_path(path)


@pytest.mark.parametrize("cut", [1, 500, 2500])
def test_a_torn_record_costs_itself_only(tmp_path: Path, body: SmplxBody, cut: int) -> None:
    partial = unfinished(tmp_path, body, 4)
    partial.write_bytes(partial.read_bytes()[:-cut])
    assert recover(partial, tmp_path / "mesh.npz") == [tmp_path / "mesh.npz"]
    np.testing.assert_array_equal(read(tmp_path / "mesh.npz")["frame_index"], [0, 1, 2])
    assert not partial.exists()


def test_reading_stops_at_a_record_whose_checksum_is_wrong(tmp_path: Path, body: SmplxBody) -> None:
    partial = unfinished(tmp_path, body, 4)
    data = bytearray(partial.read_bytes())
    data[-1000] ^= 1
    partial.write_bytes(bytes(data))
    _, records = read_journal(partial)
    assert len(records) == 3


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a recording"),
        (b"hello", "not a recording"),
        (b"wb-track partial 1\n\x00", "nothing is in it"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "mesh.npz.partial").write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_journal(tmp_path / "mesh.npz.partial")


def test_only_a_partial_file_has_a_final_name() -> None:
    assert final_path(Path("a/mesh.npz.partial")) == Path("a/mesh.npz")
    with pytest.raises(InputError, match="partial"):
        final_path(Path("mesh.npz"))


def test_an_earlier_take_is_saved_beside_and_overwrites_nothing(tmp_path: Path, body: SmplxBody) -> None:
    (tmp_path / "mesh.recovered.npz").write_text("someone's")
    unfinished(tmp_path, body, 2)
    assert recover_left_over(tmp_path / "mesh.npz") == [tmp_path / "mesh.recovered-2.npz"]
    assert (tmp_path / "mesh.recovered.npz").read_text() == "someone's"
    assert len(read(tmp_path / "mesh.recovered-2.npz")["time"]) == 2


def test_a_recording_under_way_is_left_alone(tmp_path: Path, body: SmplxBody) -> None:
    with NpzRecorder(tmp_path / "mesh.npz", people.take(body)), pytest.raises(InputError, match="another wb-track"):
        recover_left_over(tmp_path / "mesh.npz")


@pytest.fixture
def disk_full_after(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Every file opened for a journal from now on takes that many bytes, the last write short, as a disk does."""

    def limit(size: int) -> None:
        opened = Path.open

        def limited(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            file = opened(self, mode, *args, **kwargs)
            return _Small(file, size) if mode == "xb" else file

        monkeypatch.setattr(Path, "open", limited)

    return limit


class _Small:
    def __init__(self, file: Any, size: int) -> None:
        self._file, self._size = file, size

    def write(self, data: Any) -> int:
        left = self._size - self._file.tell()
        if left <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return int(self._file.write(bytes(data)[:left]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_keeps_every_whole_frame(
    tmp_path: Path, body: SmplxBody, disk_full_after: Callable[[int], None]
) -> None:
    take = people.take(body, vertices=False)
    header = len(take.to_bytes())
    disk_full_after(header + 3 * take.record_dtype.itemsize + 500)
    path = tmp_path / "mesh.npz"
    with NpzRecorder(path, take) as recorder:
        for index in range(3):
            recorder(Result(people.frame(index), (people.person(body, index),)))
        with pytest.raises(TrackingError, match=r"frame 3: No space left on device"):
            recorder(Result(people.frame(3), (people.person(body, 3),)))
        assert recorder.frames == 3
        assert recorder.finish() == [path]
    np.testing.assert_array_equal(read(path)["frame_index"], [0, 1, 2])


def test_where_the_npz_cannot_be_written_the_partial_file_stays(
    tmp_path: Path, body: SmplxBody, monkeypatch: pytest.MonkeyPatch
) -> None:
    partial = unfinished(tmp_path, body, 2)

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(TrackingError, match=r"every frame is in .*mesh.npz.partial"):
        recover(partial, tmp_path / "mesh.npz")
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["mesh.npz.partial"]
    assert recover(partial, tmp_path / "mesh.npz")


def test_a_take_survives_its_bytes(body: SmplxBody) -> None:
    take = people.take(body, axes="z-up", fps=23.976)
    again = Take.from_bytes(take.to_bytes())
    assert again.record_dtype == take.record_dtype
    assert (again.camera, again.image_size_wh, again.fps, again.axes) == (
        take.camera,
        take.image_size_wh,
        take.fps,
        take.axes,
    )
    np.testing.assert_array_equal(again.hand_mean, take.hand_mean)


def test_a_take_from_before_shapes_were_named_is_still_read(body: SmplxBody) -> None:
    with np.load(io.BytesIO(people.take(body).to_bytes())) as file:
        content = dict(file)
    plain = json.loads(str(content["plain"]))
    del plain["shape"]
    buffer = io.BytesIO()
    np.savez(buffer, **{**content, "plain": np.array(json.dumps(plain))})
    assert Take.from_bytes(buffer.getvalue()).shape == "estimated"


def test_a_journal_never_overwrites(tmp_path: Path, body: SmplxBody) -> None:
    partial = unfinished(tmp_path, body, 1)
    before = partial.read_bytes()
    with pytest.raises(FileExistsError):
        Journal(partial, people.take(body))
    assert partial.read_bytes() == before
    assert journal_module.read_journal(partial)[1].shape == (1,)
