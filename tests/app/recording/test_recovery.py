"""Nothing recorded is lost: torn files, full disks, takes left over."""

from __future__ import annotations

import errno
import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import InputError, TrackingError
from app.frame import Result
from app.recording.journal import Journal, NothingRecordedError, read_journal
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


def damage(partial: Path, record_size: int, *from_the_end: int) -> bytes:
    """Change one bit of each of these records, the last being 1; what the file is then."""
    data = bytearray(partial.read_bytes())
    for record in from_the_end:
        data[-record * record_size + 100] ^= 1
    partial.write_bytes(bytes(data))
    return bytes(data)


@pytest.mark.parametrize(("which", "left"), [((4,), [1, 2, 3]), ((3, 2), [0, 3]), ((1,), [0, 1, 2])])
def test_a_damaged_record_costs_itself_only(
    tmp_path: Path, body: SmplxBody, caplog: pytest.LogCaptureFixture, which: tuple[int, ...], left: list[int]
) -> None:
    partial = unfinished(tmp_path, body, 4)
    data = damage(partial, people.take(body, vertices=False).record_dtype.itemsize, *which)
    assert recover(partial, tmp_path / "mesh.npz") == [tmp_path / "mesh.npz"]
    np.testing.assert_array_equal(read(tmp_path / "mesh.npz")["frame_index"], left)
    kept = tmp_path / "mesh.npz.damaged"
    assert caplog.messages == [f"{len(which)} of 4 records are damaged and left out; they are kept in {kept}"]
    assert kept.read_bytes() == data
    assert not partial.exists()


def test_a_damaged_recording_replaces_no_other_that_was_kept(tmp_path: Path, body: SmplxBody) -> None:
    (tmp_path / "mesh.npz.damaged").write_text("an earlier one")
    partial = unfinished(tmp_path, body, 2)
    data = damage(partial, people.take(body, vertices=False).record_dtype.itemsize, 1)
    recover(partial, tmp_path / "mesh.npz")
    assert (tmp_path / "mesh.npz.damaged").read_text() == "an earlier one"
    assert (tmp_path / "mesh.npz.damaged-2").read_bytes() == data


def test_a_recording_of_damaged_records_alone_is_refused_and_kept(tmp_path: Path, body: SmplxBody) -> None:
    partial = unfinished(tmp_path, body, 2)
    data = damage(partial, people.take(body, vertices=False).record_dtype.itemsize, 1, 2)
    with pytest.raises(InputError, match="none of its 2 records can be read"):
        recover_left_over(tmp_path / "mesh.npz")
    assert partial.read_bytes() == data


def with_header(partial: Path, change: Callable[[bytes], bytes]) -> bytes:
    """Change the header of a journal, its length with it; what the file is then."""
    data = partial.read_bytes()
    begin = data.index(b"\n") + 1
    (length,) = struct.unpack_from("<Q", data, begin)
    end = begin + 8 + length
    header = change(data[begin + 8 : end])
    data = data[:begin] + struct.pack("<Q", len(header)) + header + data[end:]
    partial.write_bytes(data)
    return data


def of_a_later_version(header: bytes) -> bytes:
    with np.load(io.BytesIO(header)) as file:
        content = dict(file)
    plain = json.dumps({**json.loads(str(content["plain"])), "mood": "good"})
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **{**content, "plain": np.array(plain)})
    return buffer.getvalue()


@pytest.mark.parametrize("change", [of_a_later_version, lambda header: header[:200] + b"?" + header[201:]])
def test_a_recording_whose_header_is_not_understood_is_refused_and_kept(
    tmp_path: Path, body: SmplxBody, change: Callable[[bytes], bytes]
) -> None:
    partial = unfinished(tmp_path, body, 3)
    data = with_header(partial, change)
    with pytest.raises(InputError, match="of another version of wb-track, or damaged") as refusal:
        recover_left_over(tmp_path / "mesh.npz")
    assert not isinstance(refusal.value, NothingRecordedError)
    assert partial.read_bytes() == data


@pytest.mark.parametrize("length", [1 << 20, 1 << 60])
def test_a_recording_whose_headers_length_is_damaged_is_refused_and_kept(
    tmp_path: Path, body: SmplxBody, length: int
) -> None:
    partial = unfinished(tmp_path, body, 3)
    data = bytearray(partial.read_bytes())
    struct.pack_into("<Q", data, data.index(b"\n") + 1, length)
    partial.write_bytes(bytes(data))
    with pytest.raises(InputError, match="of another version of wb-track, or damaged"):
        recover_left_over(tmp_path / "mesh.npz")
    assert partial.read_bytes() == bytes(data)


@pytest.mark.parametrize("size", [0, 19, 23, 30, 5000])
def test_a_recording_cut_off_in_its_header_goes(tmp_path: Path, body: SmplxBody, size: int) -> None:
    partial = unfinished(tmp_path, body, 1)
    partial.write_bytes(partial.read_bytes()[:size])
    with pytest.raises(NothingRecordedError, match="nothing is in it"):
        read_journal(partial)
    assert recover_left_over(tmp_path / "mesh.npz") == []
    assert not partial.exists()


@pytest.mark.parametrize("name", ["mesh.npz", "clip.mp4"])
@pytest.mark.parametrize("content", [b"h", b"hello", b"a download of another program\n" * 1000])
def test_a_file_of_another_program_is_refused_and_kept(tmp_path: Path, name: str, content: bytes) -> None:
    partial = partial_path(tmp_path / name)
    partial.write_bytes(content)
    with pytest.raises(InputError, match="is not a recording of wb-track") as refusal:
        recover_left_over(tmp_path / name)
    assert not isinstance(refusal.value, NothingRecordedError)
    assert partial.read_bytes() == content


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


def test_an_earlier_take_of_several_people_overwrites_none_of_them(tmp_path: Path, body: SmplxBody) -> None:
    def cut_short() -> list[Path]:
        recorder = NpzRecorder(tmp_path / "mesh.npz", people.take(body, vertices=False))
        recorder(Result(people.frame(0), tuple(people.person(body, 0, track_id=number) for number in (1, 2))))
        recorder.close()
        return recover_left_over(tmp_path / "mesh.npz")

    assert cut_short() == [tmp_path / f"mesh.recovered.{number}.npz" for number in (1, 2)]
    assert cut_short() == [tmp_path / f"mesh.recovered-2.{number}.npz" for number in (1, 2)]


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
    assert len(read_journal(partial).whole) == 1
