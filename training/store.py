"""A ring of drawn people on disk: one process draws, others learn from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.joints import SMPLX_JOINTS, SMPLX_VERTEX_POINTS
from training.chances import Rng
from training.command import UnusableError
from training.parts import FACE_POINTS
from training.scene import BODY_WH, DENSE_PX, FACE_PX, HAND_PX, Sprites

_POINTS = len(SMPLX_JOINTS) + len(SMPLX_VERTEX_POINTS)
_BODY_MAP = (BODY_WH[1] // DENSE_PX, BODY_WH[0] // DENSE_PX)
_HAND_MAP = (2, HAND_PX // DENSE_PX, HAND_PX // DENSE_PX)
_FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    "body": ((BODY_WH[1], BODY_WH[0], 4), "u1"),
    "hands": ((2, HAND_PX, HAND_PX, 4), "u1"),
    "face": ((FACE_PX, FACE_PX, 4), "u1"),
    "points": ((_POINTS, 3), "f4"),
    "hand_points": ((2, _POINTS, 2), "f4"),
    "face_points": ((FACE_POINTS, 2), "f4"),
    "part_boxes": ((3, 4), "f4"),
    "part_seen": ((3,), "f4"),
    "window": ((4,), "f4"),
    "crop": ((4,), "f4"),
    "pelvis": ((4,), "f4"),
    "rotations": ((len(SMPLX_JOINTS), 3, 3), "f4"),
    "coefficients": ((20,), "f4"),
    "body_parts": (_BODY_MAP, "u1"),
    "body_depths": (_BODY_MAP, "f2"),
    "hand_parts": (_HAND_MAP, "u1"),
    "hand_depths": (_HAND_MAP, "f2"),
}
_BEING_WRITTEN = 64  # the oldest rows, which the next people drawn overwrite


class Store:
    """Arrays of `scene.Sprites`, one row a person, the oldest overwritten."""

    def __init__(self, folder: Path, capacity: int | None = None, *, faces_alone: bool = False) -> None:
        """Open the store in a folder, or make it anew where a capacity is given. faces_alone: of people of whom nothing
        but faces is drawn; counts where it is made."""
        note = folder / "store.json"
        if capacity is not None:
            folder.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps({"capacity": capacity, "faces_alone": faces_alone}), encoding="utf-8")
        elif not note.is_file():
            raise FileNotFoundError(f"no store in {folder}; make one with python -m training.draw_people --capacity N")
        noted = json.loads(note.read_text(encoding="utf-8"))
        self.capacity: int = noted["capacity"]
        self.faces_alone: bool = noted.get("faces_alone", False)
        self._folder = folder
        anew = capacity is not None
        if not anew and (missing := [name for name in _FIELDS if not (folder / name).is_file()]):
            raise FileNotFoundError(
                f"the store in {folder} has no {missing[0]}, it is of an earlier version; make it anew with "
                "python -m training.draw_people --capacity N"
            )
        self.arrays: Mapping[str, NDArray[Any]] = {
            name: _mapped(folder / name, kind, (self.capacity, *shape), anew=anew)
            for name, (shape, kind) in _FIELDS.items()
        }
        self._written = _mapped(folder / "written", "i8", (1,), anew=anew)

    @property
    def written(self) -> int:
        """How many people were ever written."""
        return int(self._written[0])

    def append(self, sprites: Sprites) -> None:
        """Add people; they are counted once they are whole."""
        count = len(sprites.body)
        rows = (self.written + np.arange(count)) % self.capacity
        for name, array in self.arrays.items():
            array[rows] = getattr(sprites, name).cpu().numpy()
        self._written[0] += count

    def person(self, row: int) -> dict[str, NDArray[Any]]:
        """A row by the names of `scene.Sprites`."""
        return {name: array[row] for name, array in self.arrays.items()}

    def expect_people(self) -> None:
        """Raises UnusableError where only faces were drawn."""
        if self.faces_alone:
            raise UnusableError(
                f"the store in {self._folder} has faces alone, of which only training.train_faces learns; draw people "
                "into another, without --faces"
            )

    def random_row(self, rng: Rng) -> int:
        """A row that nobody is writing. Raises UnusableError where nobody was drawn yet."""
        written = self.written
        if not written:
            raise UnusableError("the store is empty; draw people into it with python -m training.draw_people")
        if written < self.capacity:
            return int(rng.integers(written))
        spared = min(_BEING_WRITTEN, self.capacity // 2)
        return int((written + spared + rng.integers(self.capacity - spared)) % self.capacity)


def _mapped(path: Path, kind: str, shape: tuple[int, ...], *, anew: bool) -> NDArray[Any]:
    return np.memmap(path, np.dtype(kind), "w+" if anew else "r+", shape=shape)
