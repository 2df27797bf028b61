"""A ring of drawn people on disk: one process draws, others learn from it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from training.scene import BODY_WH, FACE_PX, HAND_PX, Sprites

_FIELDS: dict[str, tuple[tuple[int, ...], str]] = {
    "body": ((BODY_WH[1], BODY_WH[0], 4), "u1"),
    "hands": ((2, HAND_PX, HAND_PX, 4), "u1"),
    "face": ((FACE_PX, FACE_PX, 4), "u1"),
    "points": ((76, 3), "f4"),
    "hand_points": ((2, 76, 2), "f4"),
    "part_boxes": ((3, 4), "f4"),
    "part_seen": ((3,), "f4"),
    "window": ((4,), "f4"),
    "crop": ((4,), "f4"),
    "pelvis": ((4,), "f4"),
    "rotations": ((55, 3, 3), "f4"),
    "coefficients": ((20,), "f4"),
}
_BEING_WRITTEN = 64


class Store:
    """Arrays of `Sprites`, one row a person, the oldest overwritten."""

    def __init__(self, folder: Path, capacity: int | None = None) -> None:
        """Open the store in a folder, or make it where a capacity is given."""
        note = folder / "store.json"
        if capacity is not None:
            folder.mkdir(parents=True, exist_ok=True)
            note.write_text(json.dumps({"capacity": capacity}))
        mode = "r+" if capacity is None else "w+"
        self.capacity: int = json.loads(note.read_text())["capacity"]
        self.arrays: Mapping[str, np.ndarray] = {
            name: np.memmap(folder / name, kind, mode, shape=(self.capacity, *shape))
            for name, (shape, kind) in _FIELDS.items()
        }
        self._written = np.memmap(folder / "written", "i8", mode, shape=(1,))

    @property
    def written(self) -> int:
        """How many people were ever written."""
        return int(self._written[0])

    def append(self, sprites: Sprites) -> None:
        """Add people; a row is counted once it is whole."""
        count = len(sprites.body)
        rows = (self.written + np.arange(count)) % self.capacity
        for name, array in self.arrays.items():
            array[rows] = getattr(sprites, name).cpu().numpy()
        self._written[0] += count

    def random_row(self, rng: np.random.Generator) -> int:
        """A row that nobody is writing."""
        written = self.written
        if written < self.capacity:
            return int(rng.integers(max(written, 1)))
        return int((written + _BEING_WRITTEN + rng.integers(self.capacity - _BEING_WRITTEN)) % self.capacity)
