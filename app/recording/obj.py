"""Meshes as OBJ files: a folder of them for a take, and one for a snapshot."""

from __future__ import annotations

from pathlib import Path

import trimesh

from app.errors import InputError, recording_stopped
from app.frame import Person, Result
from app.recording.npz_file import FILE_FROM_CAMERA
from app.recording.take import Take
from engines.closing import Closing


class ObjRecorder(Closing):
    """Keeps `outputs.Recorder`: one file for each person and frame, whole when it appears.

    `000012.1.obj` is frame 12 of the source, track 1; in the take's axes.
    """

    name = "meshes"

    def __init__(self, folder: Path, take: Take) -> None:
        """Makes the folder. Raises OSError, and InputError for one that has meshes already."""
        folder.mkdir(exist_ok=True)
        if any(folder.glob("*.obj")):
            raise InputError(f"{folder} holds meshes already; choose another --out, or remove them first")
        self._folder = folder
        self._take = take
        self.frames = 0

    def __call__(self, result: Result) -> Result:
        """See `Recorder`. `frames` counts those with someone in them."""
        for person in result.people:
            path = self._folder / f"{result.frame.index:06d}.{person.track_id}.obj"
            try:
                write_obj(path, person, self._take)
            except OSError as error:
                raise recording_stopped(result.frame.index, path, error) from error
        self.frames += bool(result.people)
        return result

    def finish(self) -> list[Path]:
        """See `Recorder`: the folder, which goes where nothing is in it."""
        if self.frames:
            return [self._folder]
        if not any(self._folder.iterdir()):
            self._folder.rmdir()
        return []

    def close(self) -> None:
        """Nothing is held open."""


def write_obj(path: Path, person: Person, take: Take) -> None:
    """One person's mesh, metres, in the axes of the take, seen before its camera. Raises OSError."""
    vertices = person.under(take.camera).vertices_m @ FILE_FROM_CAMERA[take.axes].T
    mesh = trimesh.Trimesh(vertices, take.faces, process=False)
    about = f"wb-track, metres, {take.axes} axes\n# {take.licence}"
    text = str(mesh.export(file_type="obj", include_normals=False, include_color=False, digits=6, header=about))
    beside = path.with_name(f".{path.name}.writing")
    try:
        beside.write_text(text + "\n", encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
