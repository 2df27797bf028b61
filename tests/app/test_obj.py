"""Meshes as OBJ files, read again by trimesh; snapshots."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import trimesh

from app.errors import InputError, TrackingError
from app.frame import Result
from app.recording.npz_file import FILE_FROM_CAMERA
from app.recording.obj import ObjRecorder
from app.recording.snapshot import write_snapshot
from models.smplx_body import SmplxBody
from tests.app import people


def loaded(path: Path) -> Any:
    return trimesh.load_mesh(str(path), process=False, maintain_order=True)


@pytest.mark.parametrize("axes", ["y-up", "z-up", "camera"])
def test_one_mesh_for_each_person_and_frame(tmp_path: Path, body: SmplxBody, axes: str) -> None:
    take = people.take(body, axes=axes)
    folder = tmp_path / "meshes.obj"
    with ObjRecorder(folder, take) as recorder:
        for index, ids in ((3, (1,)), (4, ()), (5, (1, 7))):
            recorder(Result(people.frame(index), tuple(people.person(body, k, track_id=k) for k in ids)))
        assert recorder.frames == 2
        assert recorder.finish() == [folder]
    names = ["000003.1.obj", "000005.1.obj", "000005.7.obj"]
    assert sorted(path.name for path in folder.iterdir()) == names
    mesh = loaded(folder / names[2])
    expected = people.person(body, 7).under(take.camera).vertices_m @ FILE_FROM_CAMERA[axes].T
    np.testing.assert_allclose(mesh.vertices, expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(mesh.faces, take.faces)
    assert "none" in (folder / names[2]).read_text().splitlines()[1]  # the licence


def test_a_folder_that_holds_meshes_is_left_alone(tmp_path: Path, body: SmplxBody) -> None:
    (tmp_path / "000000.1.obj").write_text("someone's")
    with pytest.raises(InputError, match="holds meshes already"):
        ObjRecorder(tmp_path, people.take(body))
    assert (tmp_path / "000000.1.obj").read_text() == "someone's"


def test_nobody_leaves_no_folder(tmp_path: Path, body: SmplxBody) -> None:
    with ObjRecorder(tmp_path / "meshes.obj", people.take(body)) as recorder:
        recorder(Result(people.frame(0), ()))
        assert recorder.finish() == []
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_torn_mesh(tmp_path: Path, body: SmplxBody, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(self: Path, text: str, **_: Any) -> None:
        self.write_bytes(text[:100].encode())
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = tmp_path / "meshes.obj"
    with ObjRecorder(folder, people.take(body)) as recorder:
        recorder(Result(people.frame(0), (people.person(body, 1),)))
        monkeypatch.setattr(Path, "write_text", torn)
        with pytest.raises(TrackingError, match="frame 1: No space left on device"):
            recorder(Result(people.frame(1), (people.person(body, 1),)))
        assert recorder.finish() == [folder]
    assert [path.name for path in folder.iterdir()] == ["000000.1.obj"]


@pytest.mark.parametrize(
    ("ids", "names"),
    [((), ["shot.png"]), ((4,), ["shot.png", "shot.obj"]), ((1, 4), ["shot.png", "shot.1.obj", "shot.4.obj"])],
)
def test_a_snapshot_is_a_picture_and_everyones_mesh(
    tmp_path: Path, body: SmplxBody, ids: tuple[int, ...], names: list[str]
) -> None:
    take = people.take(body)
    picture = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    someone = [people.person(body, k, track_id=k) for k in ids]
    assert write_snapshot(tmp_path / "shot.png", picture, someone, take) == [tmp_path / name for name in names]
    bgr = cv2.imread(str(tmp_path / "shot.png"))
    assert bgr is not None
    np.testing.assert_array_equal(bgr[..., ::-1], picture)
    for name in names[1:]:
        assert loaded(tmp_path / name).vertices.shape == (10475, 3)


def test_a_snapshot_that_cannot_be_written_says_so(tmp_path: Path, body: SmplxBody) -> None:
    with pytest.raises(TrackingError, match=r"the snapshot .*shot.png could not be written: No such file"):
        write_snapshot(tmp_path / "missing" / "shot.png", np.zeros((2, 2, 3), np.uint8), [], people.take(body))
