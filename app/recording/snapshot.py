"""A moment kept: what was seen, and everyone's mesh."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.errors import TrackingError
from app.frame import Person
from app.recording.obj import write_obj
from app.recording.take import Take


def write_snapshot(path: Path, picture: NDArray[np.uint8], people: Sequence[Person], take: Take) -> list[Path]:
    """`picture` (H, W, 3) RGB as the PNG `path`, and beside it an OBJ for each person, by track id where several.

    Returns what was written. Raises TrackingError.
    """
    several = len(people) > 1
    written = []
    try:
        whole, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        assert whole
        path.write_bytes(png.tobytes())
        written.append(path)
        for person in people:
            mesh = path.with_suffix(f".{person.track_id}.obj" if several else ".obj")
            write_obj(mesh, person, take)
            written.append(mesh)
    except OSError as error:
        raise TrackingError(f"the snapshot {path} could not be written: {error.strerror or error}") from error
    return written
